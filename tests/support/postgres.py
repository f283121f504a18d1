"""A throw-away PostgreSQL server: in its own folder, on a private socket, ending with its starter."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certsvc.processes.family import die_with_parent

_DEBIAN = Path("/usr/lib/postgresql")
_OWNERS = ("postgres", "nobody")
"""The server's user if root runs the tests, for it refuses to run as root."""
_USER = "certsvc"
_START_S, _STOP_S = 60, 30
_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Nothing in a test needs to survive a power cut."""
_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "autovacuum_naptime": "10s",
}


@dataclass(frozen=True)
class Postgres:
    """A running server; `folder` holds its socket and its data, `process` is the postmaster."""

    folder: Path
    process: "subprocess.Popen[bytes]"

    def create(self, template: str | None = None) -> str:
        """The name of a fresh database, a copy of `template` if given (to which nobody may be connected)."""
        name = f"db_{uuid.uuid4().hex}"
        _run("createdb", *self._login, *(["--template", template] if template else []), name)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        _run("dropdb", *self._login, "--force", name)

    def url(self, name: str) -> str:
        """Its URL for `CERTSVC_DATABASE_URL`."""
        return f"postgresql+asyncpg://{_USER}@/{name}?host={self.folder}"

    def dump(self, name: str) -> str:
        """A database's contents as SQL."""
        return _run("pg_dump", *self._login, name)

    def size(self, name: str) -> int:
        """Bytes on disk."""
        return int(
            _run(
                "psql",
                *self._login,
                "--no-align",
                "--tuples-only",
                "--command",
                f"SELECT pg_database_size('{name}')",
                name,
            )
        )

    @property
    def _login(self) -> tuple[str, ...]:
        return ("--host", str(self.folder), "--username", _USER)


@contextmanager
def running_postgres(*, is_durable: bool = False) -> Iterator[Postgres]:
    """Start a server and stop it at the end; `is_durable`, for measuring, makes it survive power cuts."""
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path may have 108 bytes only
    try:
        if owner:
            shutil.chown(folder, owner["user"], owner["group"])
        words = (
            "--pgdata",
            str(folder / "data"),
            "--username",
            _USER,
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
        )
        _run("initdb", *words, **owner)
        with _started(folder, _OPTIONS | ({} if is_durable else _QUICK), owner) as process:
            yield Postgres(folder, process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(
    folder: Path, options: dict[str, str], owner: dict[str, Any]
) -> Iterator["subprocess.Popen[bytes]"]:
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with (folder / "server.log").open("wb") as log:
        command = [_program("postgres"), "-D", str(folder / "data"), "-k", str(folder), *words]
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is for us; we stop it in order
            preexec_fn=die_with_parent,  # noqa: PLW1509 - only one prctl call; where we are killed, it ends once our connections do
            **owner,
        )
    try:
        _wait(folder, process)
        yield process
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(_STOP_S)


def _wait(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(_START_S * 10):
        if process.poll() is not None:
            break
        if (
            subprocess.run([_program("pg_isready"), "--quiet", "--host", str(folder)], check=False).returncode
            == 0
        ):
            return
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    raise RuntimeError(f"PostgreSQL does not start:\n{(folder / 'server.log').read_text()[-3000:]}")


def _run(program: str, *words: str, **more: Any) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [_program(program), *words], check=False, capture_output=True, text=True, cwd="/", **more
    )
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr[-3000:]}")
    return done.stdout


def _program(name: str) -> str:
    """Debian keeps the server's programs out of PATH, a folder for each version."""
    versions = sorted(_DEBIAN.glob("*/bin"), key=lambda each: float(each.parent.name), reverse=True)
    path = os.pathsep.join([*map(str, versions), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        raise RuntimeError(f"PostgreSQL is not installed: there is no `{name}` (Debian: postgresql)")
    return found


def _owner() -> dict[str, Any]:
    """Arguments for subprocess that run the server as somebody other than root."""
    if os.geteuid() != 0:
        return {}
    users = {each.pw_name: each for each in pwd.getpwall()}
    owner = next(users[name] for name in _OWNERS if name in users)
    return {"user": owner.pw_name, "group": owner.pw_gid, "extra_groups": []}
