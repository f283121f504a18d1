"""The demo: a whole small certsvc in one folder, with the sample's certificates issued, and those of people
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
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.callers.accounts import create_account, enrolment_link, reset_account
from certsvc.callers.keys import create_key, find_caller
from certsvc.cli.demo.handing_in import hand_in
from certsvc.cli.demo.ill_today import write_cases
from certsvc.clock import day_in_hanoi, utc_now
from certsvc.codes import format_code
from certsvc.config import Settings
from certsvc.errors import Conflict
from certsvc.issuing.requests.marking import mark_all
from certsvc.models import Certificate, Kind, PublishedFile, Role, Status
from certsvc.processes.family import die_with_parent
from certsvc.queue import EmbeddedServer
from certsvc.records.sheets.registry_files import read_facilities, read_practitioners
from certsvc.resources import Resources, open_resources, open_vault
from certsvc.store import Database, certificates, registry, sign_in
from certsvc.trust.identities import add_identity, open_keyring
from keys_dev.make import make_pki

_EXAMPLES = 10
_FACILITY = "01801"
_ACCOUNT = "demo"
_console = Console(stderr=True)


def settings_of_demo(settings: Settings, folder: Path, *, host: str, port: int) -> Settings:
    """The same with everything below `folder`."""
    base_url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - a comparison, not a binding
    return settings.model_copy(
        update={"data_dir": folder / "data", "keys_dir": folder / "keys", "base_url": base_url}
    )


def worker_log(folder: Path) -> Path:
    """Where the worker's log of a demo in `folder` lies."""
    return folder / "worker.log"


async def run_demo(settings: Settings, folder: Path, *, once: bool) -> None:
    """Set up, issue, print; running it again issues nothing twice, and on another day what that day's
    patients ask for besides.

    `once` says that nobody is going to serve it.
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
    """A worker beside us, with an embedded queue server where no other is configured; yields the settings
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
            start_new_session=True,  # a Ctrl-C is for us; we stop it in order
            preexec_fn=die_with_parent,  # noqa: PLW1509 - only one prctl call
        )
        stack.callback(worker.wait)
        stack.callback(worker.terminate)
        yield settings


async def _set_up(settings: Settings, sample: Path) -> None:
    """Database, development keys, facilities, practitioners, identities: what is there already stays."""
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
            async with db.begin() as session:
                await registry.save_facilities(session, read_facilities(sample / "facilities.csv"))
            async with db.begin() as session:
                await registry.save_practitioners(session, read_practitioners(sample / "practitioners.csv"))
            await add_all_identities(db, settings)
        finally:
            await db.close()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def add_all_identities(db: Database, settings: Settings) -> int:
    """Take every identity of a development PKI in `keys_dir` into use; returns how many were new."""
    added = 0
    for entry in open_keyring(settings).entries():
        file = settings.keys_dir / entry.file
        try:
            await add_identity(
                db,
                file,
                facility_code=entry.facility_code,
                licence=entry.licence,
                settings=settings,
                now=utc_now(),
            )
        except Conflict:
            continue
        added += 1
    return added


async def _keys(settings: Settings, folder: Path) -> dict[str, str]:
    """The demo's API keys: those of an earlier run while they are good, else new ones."""
    db = Database(settings.sqlalchemy_url)
    try:
        known = _credentials(folder).get("keys", {})
        keys = {}
        for role in (Role.ADMIN, Role.INSURER, Role.FACILITY, Role.AUDITOR):
            is_good = role in known and await find_caller(db, known[role], now=utc_now()) is not None
            scope = _FACILITY if role is Role.FACILITY else None
            keys[str(role)] = (
                known[role]
                if is_good
                else await create_key(db, role=role, facility_code=scope, now=utc_now())
            )
        return keys
    finally:
        await db.close()


async def _staff_address(res: Resources) -> str:
    """Of the console; while the demo's insurer waits for somebody to enrol, a new one-time link to do so. Who
    was disabled stays so.
    """
    async with res.db.read() as session:
        account = await sign_in.find_account(session, _ACCOUNT)
    if not res.settings.local_accounts or (account and account.enrolment_sha256 is None):
        return f"{res.settings.base_url}/staff"
    if account is None:
        token = await create_account(
            res.db,
            _ACCOUNT,
            role=Role.INSURER,
            facility_code=None,
            holder=None,
            vault=res.vault,
            now=utc_now(),
        )
    else:
        token = await reset_account(res.db, _ACCOUNT, vault=res.vault, now=utc_now())
    return enrolment_link(res.settings.base_url, token)


def _credentials(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "credentials.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


async def _write_examples(res: Resources, folder: Path, first: Sequence[str]) -> list[dict[str, str]]:
    """Copies of some signed PDFs, both kinds, where a person can open them; sick leaves of the `first` cases
    before others.
    """
    (folder / "certificates").mkdir(exist_ok=True)
    examples = []
    for certificate, file in await _some_issued(res, first):
        path = folder / "certificates" / f"{certificate.serial}.pdf"
        path.write_bytes(await res.archive.get(file))
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


async def _some_issued(res: Resources, first: Sequence[str]) -> list[tuple[Certificate, PublishedFile]]:
    """Some certificates of both kinds whose files were not erased: the sick leaves of the `first` cases, then
    the newest.
    """
    found: list[Certificate] = []
    async with res.db.read() as session:
        for kind in Kind:
            case_ids = (*first, None) if kind is Kind.SICK_LEAVE else (None,)
            pages = [await _newest(session, kind, case_id) for case_id in case_ids]
            found += list({each.id: each for page in pages for each in page}.values())[: _EXAMPLES // 2]
        files = await certificates.published_files(session, [each.pdf_sha256 or "" for each in found])
    return [(each, file) for each in found if (file := files[each.pdf_sha256 or ""]).data_key is not None]


async def _newest(session: AsyncSession, kind: Kind, case_id: str | None) -> Sequence[Certificate]:
    return await certificates.list_page(
        session,
        facility_code=None,
        status=Status.ISSUED,
        kind=kind,
        case_id=case_id,
        before=None,
        limit=_EXAMPLES // 2,
    )


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
