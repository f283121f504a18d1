"""The client comes without the service."""

import subprocess
import sys


def test_importing_the_client_loads_nothing_of_the_service() -> None:
    """Neither its parts nor its libraries: of certsvc only the client, and no framework."""
    listed = subprocess.run(
        [sys.executable, "-c", "import sys, certsvc.client; print('\\n'.join(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "certsvc.client" in listed
    assert {
        name for name in listed if name.startswith("certsvc.") and not name.startswith("certsvc.client")
    } == set()
    assert {"fastapi", "starlette", "sqlalchemy", "weasyprint", "pyhanko", "arq", "typer", "structlog"} & set(
        listed
    ) == set()
