"""The demo: a small but whole certsvc in one folder, with certificates issued for the sample and for people
who are ill on the day it runs.
"""

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from rich.console import Console

from certsvc.callers.accounts import enrolment_link, invite
from certsvc.callers.keys import keep_key
from certsvc.cli.demo.handing_in import hand_in
from certsvc.cli.demo.ill_today import write_cases
from certsvc.clock import day_in_hanoi, utc_now
from certsvc.codes import format_code
from certsvc.config import Settings
from certsvc.issuing.examples import find_examples
from certsvc.issuing.registering import import_facilities, import_practitioners
from certsvc.issuing.requests.marking import mark_all
from certsvc.processes.family import die_with_parent
from certsvc.queue import EmbeddedServer
from certsvc.resources import Resources, open_resources, open_vault
from certsvc.states import Role
from certsvc.store import Database
from certsvc.trust.identities import add_all_identities
from keys_dev.make import make_pki

_EXAMPLES = 10
_FACILITY = "01801"
_ACCOUNT = "demo"
_console = Console(stderr=True)


def settings_of_demo(settings: Settings, folder: Path, *, host: str, port: int) -> Settings:
    """The same settings with everything below `folder`."""
    base_url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - a comparison, not a binding
    return settings.model_copy(
        update={"data_dir": folder / "data", "keys_dir": folder / "keys", "base_url": base_url}
    )


def worker_log(folder: Path) -> Path:
    """Where the worker's log of a demo in `folder` lies."""
    return folder / "worker.log"


async def run_demo(settings: Settings, folder: Path, *, once: bool) -> None:
    """Set up, issue, print. Running it again issues nothing twice; another day adds its patients.

    `once` says that it is not going to be served.
    """
    with as_file(files("certsvc").joinpath("sample")) as sample:
        await _set_up(settings, sample)
        keys = await _keys(settings, folder)
        with _working(settings, worker_log(folder)) as wired:
            async with open_resources(wired) as res:
                await hand_in(res, sample / "f0_cases.csv", key=keys["insurer"], console=_console)
                today = day_in_hanoi(utc_now())
                ill_today = write_cases(folder / f"cases-{today}.csv", today, sample=sample)
                await hand_in(
                    res, folder / f"cases-{today}.csv", key=keys["insurer"], console=_console, day=today
                )
                examples = await _write_examples(res, folder, ill_today)
                staff = await _staff_address(res)
    _write_credentials(folder, base_url=settings.base_url, keys=keys, examples=examples)
    _print_addresses(settings.base_url, folder, staff=staff, keys=keys, examples=examples, once=once)


@contextmanager
def _working(settings: Settings, log: Path) -> Iterator[Settings]:
    """A worker alongside, with an embedded queue server unless another is configured; yields the settings
    with its address.
    """
    with ExitStack() as stack:
        if settings.redis_url is None:
            queue = EmbeddedServer()
            stack.callback(queue.stop)
            queue.start()
            settings = settings.model_copy(update={"redis_url": queue.url})
        output = stack.enter_context(log.open("ab"))
        worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "certsvc", "worker"],
            env=os.environ | settings.as_environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us; we stop the worker in an orderly way
            preexec_fn=die_with_parent,  # noqa: PLW1509 - only one prctl call
        )
        stack.callback(worker.wait)
        stack.callback(worker.terminate)
        yield settings


async def _set_up(settings: Settings, sample: Path) -> None:
    """Database, development keys, facilities, practitioners, identities; what exists already stays."""
    with _console.status(
        "Chuẩn bị cơ sở dữ liệu và khoá phát triển… / Preparing database and development keys…"
    ):
        stations = _rows(sample / "facilities.csv")
        staff = _rows(sample / "practitioners.csv")
        await asyncio.to_thread(
            make_pki, settings.keys_dir, facilities=stations, practitioners=staff, now=utc_now()
        )
        db = Database(settings.sqlalchemy_url)
        try:
            await db.migrate()
            await mark_all(db, vault=open_vault(settings))
            await import_facilities(db, sample / "facilities.csv", actor="operator", now=utc_now())
            await import_practitioners(db, sample / "practitioners.csv")
            await add_all_identities(db, settings, now=utc_now())
        finally:
            await db.close()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def _keys(settings: Settings, folder: Path) -> dict[str, str]:
    """The demo's API keys: those of an earlier run while they are good, else new ones."""
    db = Database(settings.sqlalchemy_url)
    known = _credentials(folder).get("keys", {})
    try:
        return {
            str(role): await keep_key(
                db,
                known.get(role),
                role=role,
                facility_code=_FACILITY if role is Role.FACILITY else None,
                now=utc_now(),
            )
            for role in (Role.ADMIN, Role.INSURER, Role.FACILITY, Role.AUDITOR)
        }
    finally:
        await db.close()


async def _staff_address(res: Resources) -> str:
    """Where staff sign in: a new one-time link while the demo's insurer has not enrolled. A disabled account
    stays disabled.
    """
    if res.settings.local_accounts:
        token = await invite(res.db, _ACCOUNT, role=Role.INSURER, vault=res.vault, now=utc_now())
        if token is not None:
            return enrolment_link(res.settings.base_url, token)
    return f"{res.settings.base_url}/staff"


def _credentials(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "credentials.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


async def _write_examples(res: Resources, folder: Path, first: Sequence[str]) -> list[dict[str, str]]:
    """Copy some signed PDFs of both kinds to where a person can open them, sick leaves of the cases `first`
    before others.
    """
    (folder / "certificates").mkdir(exist_ok=True)
    examples = []
    for example in await find_examples(res.db, first, a_kind=_EXAMPLES // 2):
        certificate = example.certificate
        path = folder / "certificates" / f"{certificate.serial}.pdf"
        path.write_bytes(await res.archive.get(example.file))
        code = format_code(res.vault.code(certificate.id))
        examples.append(
            {
                "code": code,
                "url": f"{res.settings.base_url}/v/{code}",
                "pdf": str(path),
                "kind": str(certificate.kind),
            }
        )
    return examples


def _write_credentials(
    folder: Path, *, base_url: str, keys: dict[str, str], examples: list[dict[str, str]]
) -> None:
    text = json.dumps(
        {"base_url": base_url, "keys": keys, "examples": examples}, indent=2, ensure_ascii=False
    )
    path = folder / "credentials.json"
    part = path.with_suffix(".part")
    with os.fdopen(
        os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text + "\n")
    part.replace(path)


def _print_addresses(
    base_url: str,
    folder: Path,
    *,
    staff: str,
    keys: dict[str, str],
    examples: list[dict[str, str]],
    once: bool,
) -> None:
    lines = [
        "",
        f"Trang chính / start page      {base_url}/",
        f"Người lao động / workers      {base_url}/my",
        f"Kiểm tra giấy / check         {base_url}/check",
        f"Nhân viên / staff             {staff}",
        f"API                           {base_url}/docs",
        "",
        *(
            f"{example['kind']:<12} {example['url']}   {example['pdf']}"
            for example in examples[:: max(1, len(examples) // 4)]
        ),
        "",
        *(f"key {role:<10} {key}" for role, key in keys.items()),
        f"({folder / 'credentials.json'})",
        "",
        *(() if once else ("Đang chạy; nhấn Ctrl-C để dừng. / Running; press Ctrl-C to stop.", "")),
    ]
    sys.stdout.write("\n".join(lines))
    sys.stdout.flush()
