"""What a process does not need it does not load: memory, and fewer things that could fail."""

import subprocess
import sys

import pytest

_BROWSERS = ("authlib", "joserfc")
"""Only where there is an OpenID provider."""


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        (
            "certsvc.api.app",
            (
                "weasyprint",
                "fontTools",
                "pyhanko",
                "alembic",
                "mako",
                "valkey",
                "multiprocessing.pool",
                *_BROWSERS,
            ),
        ),
        (
            "certsvc.worker",
            ("weasyprint", "fontTools", "pyhanko", "fastapi", "alembic", "mako", "valkey", *_BROWSERS),
        ),
        (
            "certsvc.issuing.press.pressing",
            ("weasyprint", "fontTools", "sqlalchemy", "structlog", "openpyxl"),
        ),
        (
            "certsvc.issuing.batches.returned_process",
            ("openpyxl", "PIL", "lxml", "sqlalchemy", "pydantic", "structlog", "cryptography"),
        ),
        (
            "certsvc.cli, certsvc.cli.verifying",
            ("sqlalchemy", "openpyxl", "pyhanko", "weasyprint", "fastapi", "cryptography"),
        ),
        (
            (
                "certsvc.cli.members, certsvc.serving, certsvc.processes.zygote, certsvc.worker,"
                " certsvc.issuing.press.pressing"
            ),
            ("weasyprint", "fontTools", "alembic", "mako", "valkey", *_BROWSERS),
        ),
        (
            "certsvc.processes.zygote",
            ("weasyprint", "fontTools", "sqlalchemy", "pydantic", "certsvc.signing"),
        ),
    ],
)
def test_a_process_loads_only_what_it_needs(module: str, unwanted: tuple[str, ...]) -> None:
    """Of the large things each does without, none is there once it is imported."""
    code = f"import sys, {module}; print(*(name for name in {unwanted!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
