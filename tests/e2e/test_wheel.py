"""The built wheel, installed outside the checkout, is the whole service; without the extra it is the client.

All tests here that ask the session's service ask the demo of that wheel.
"""

import zipfile
from pathlib import Path

import httpx2
import pytest

from certsvc import __version__
from tests.support.installing import KEY, install, link_requirements, output_of, run, tracked_files
from tests.support.service import Service

_NEEDS_ALEMBIC = "certsvc.migrations.env"
"""Alembic runs it; outside a migration it cannot be imported."""

_IMPORT_ALL = f"""
import importlib, pkgutil, certsvc, keys_dev
for package in (certsvc, keys_dev):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name != "{_NEEDS_ALEMBIC}":
            print(found.name, importlib.import_module(found.name).__file__)
"""
_ASK = """
import sys
from certsvc.client import Client
with Client(sys.argv[1]) as client:
    print(client.verify_code(sys.argv[2]).verdict)
"""


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an environment with the wheel and what it asks for without extras."""
    folder = tmp_path_factory.mktemp("alone")
    return install(wheel, folder / "environment", packages=link_requirements("certsvc", folder / "packages"))


def test_the_wheel_has_every_file_and_no_key(wheel: Path) -> None:
    """What is tracked below `certsvc/`, the modules of `keys_dev/`, and not a key that lies among them."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert [name for name in archive.namelist() if KEY.encode() in archive.read(name)] == []
    assert held == {
        name
        for name in tracked_files()
        if name.startswith("certsvc/") or (name.startswith("keys_dev/") and name.endswith(".py"))
    }


def test_every_module_of_the_wheel_loads(installed: Path, tmp_path: Path) -> None:
    """All that are in the tree, each from where the wheel was installed."""
    loaded = dict(
        line.split() for line in output_of(installed / "python", "-c", _IMPORT_ALL, cwd=tmp_path).splitlines()
    )
    assert {
        name for name, place in loaded.items() if not Path(place).is_relative_to(installed.parent)
    } == set()
    modules = [
        Path(name).with_suffix("")
        for name in tracked_files()
        if name.startswith(("certsvc/", "keys_dev/")) and name.endswith(".py")
    ]
    named = {".".join(path.parent.parts if path.name == "__init__" else path.parts) for path in modules}
    assert named - set(loaded) == {"certsvc", "keys_dev", _NEEDS_ALEMBIC}


def test_the_installed_command_says_its_version(installed: Path, tmp_path: Path) -> None:
    """`certsvc --version`, out of the one place where it stands."""
    assert output_of(installed / "certsvc", "--version", cwd=tmp_path) == f"certsvc {__version__}\n"


def test_the_installed_demo_serves_pages_with_all_they_need(service: Service) -> None:
    """Start page, check page with its QR reader, console, API's document; a paper of the sample is valid."""
    with httpx2.Client(
        base_url=service.base_url, trust_env=False, follow_redirects=True, timeout=60
    ) as visitor:
        for page in (
            "/",
            "/check",
            "/my",
            "/staff",
            "/docs",
            "/static/vendor/bootstrap-5.3.9/bootstrap.min.css",
        ):
            assert visitor.get(page, headers={"Accept": "text/html"}).status_code == httpx2.codes.OK
        assert visitor.get("/static/vendor/zxing-wasm/reader/zxing_reader.wasm").content.startswith(b"\0asm")
        assert visitor.get("/openapi.json").json()["info"]["version"] == __version__
    with service.client() as insurer:
        certificate = insurer.get("/v1/certificates", params={"limit": 1}).json()["items"][0]
        paper = insurer.get(f"/v1/certificates/{certificate['id']}/pdf").content
        assert insurer.post("/v1/verify", files={"file": paper}).json()["verdict"] == "valid"


def test_without_the_extra_the_client_works(alone: Path, service: Service, tmp_path: Path) -> None:
    """It asks a service with nothing of a service's packages installed."""
    code = service.examples[0]["url"].rpartition("/")[2]
    assert output_of(alone / "python", "-c", _ASK, service.base_url, code, cwd=tmp_path) == "valid\n"


def test_without_the_extra_commands_say_what_to_install(alone: Path, tmp_path: Path) -> None:
    """One line instead of a traceback."""
    ended = run(alone / "certsvc", "serve", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "pip install 'certsvc[service]'" in ended.stderr
    assert "Traceback" not in ended.stderr
