"""The demo: a whole small certsvc in one folder, with the sample cases issued."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from certsvc.callers import create_key, find_caller
from certsvc.config import Settings
from certsvc.errors import Broken, Conflict
from certsvc.family import die_with_parent
from certsvc.identities import add_identity, open_keyring
from certsvc.issuing.accepting import Order, accept_batch
from certsvc.issuing.marking import mark_all
from certsvc.models import Batch, BatchStatus, Certificate, Kind, PublishedFile, Role, Status
from certsvc.queue import EmbeddedServer
from certsvc.records.registry_files import read_facilities, read_practitioners
from certsvc.resources import Resources, open_resources, open_vault, utc_now
from certsvc.sign_in.accounts import create_account, enrolment_link, reset_account
from certsvc.store import Database, batches, certificates, registry, sign_in
from certsvc.verify.codes import format_code
from keys_dev.make import make_pki

_EXAMPLES = 10
_FACILITY = "01801"
_ACCOUNT = "demo"
_console = Console(stderr=True)


def settings_of_demo(settings: Settings, folder: Path, *, host: str, port: int) -> Settings:
    """The same with everything below `folder`."""
    base_url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - a comparison, not a binding
    return settings.model_copy(update={"data_dir": folder / "data", "keys_dir": folder / "keys", "base_url": base_url})


def worker_log(folder: Path) -> Path:
    """Where the worker's log of a demo in `folder` lies."""
    return folder / "worker.log"


async def run_demo(settings: Settings, folder: Path, *, once: bool) -> None:
    """Set up, issue, print; running it again issues nothing twice. `once` says that nobody is going to serve it."""
    with as_file(files("certsvc").joinpath("sample")) as sample:
        await _set_up(settings, sample)
        keys = await _keys(settings, folder)
        with _working(settings, worker_log(folder)) as wired:
            async with open_resources(wired) as res:
                await _issue_sample(res, sample / "f0_cases.csv", keys["insurer"])
                examples = await _write_examples(res, folder)
                staff = await _staff_address(res)
    _write_credentials(folder, base_url=settings.base_url, keys=keys, examples=examples)
    _print_addresses(settings.base_url, folder, staff=staff, keys=keys, examples=examples, once=once)


@contextmanager
def _working(settings: Settings, log: Path) -> Iterator[Settings]:
    """A worker beside us, with an embedded queue server where no other is configured; yields the settings with its address."""
    with ExitStack() as stack:
        if settings.redis_url is None:
            queue = EmbeddedServer()
            stack.callback(queue.stop)
            queue.start()
            settings = settings.model_copy(update={"redis_url": queue.url})
        output = stack.enter_context(log.open("ab"))
        worker = subprocess.Popen(
            [sys.executable, "-m", "certsvc", "worker"],
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
    with _console.status("Chuẩn bị cơ sở dữ liệu và khoá phát triển… / Preparing database and development keys…"):
        stations = _rows(sample / "facilities.csv")
        staff = _rows(sample / "practitioners.csv")
        await asyncio.to_thread(make_pki, settings.keys_dir, facilities=stations, practitioners=staff, now=utc_now())
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
            await add_identity(db, file, facility_code=entry.facility_code, licence=entry.licence, settings=settings, now=utc_now())
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
            keys[str(role)] = known[role] if is_good else await create_key(db, role=role, facility_code=scope, now=utc_now())
        return keys
    finally:
        await db.close()


async def _staff_address(res: Resources) -> str:
    """Of the console; while the demo's insurer waits for somebody to enrol, a new one-time link to do so. Who was disabled stays so."""
    async with res.db.read() as session:
        account = await sign_in.find_account(session, _ACCOUNT)
    if not res.settings.local_accounts or (account and account.enrolment_sha256 is None):
        return f"{res.settings.base_url}/staff"
    if account is None:
        token = await create_account(res.db, _ACCOUNT, role=Role.INSURER, facility_code=None, holder=None, vault=res.vault, now=utc_now())
    else:
        token = await reset_account(res.db, _ACCOUNT, vault=res.vault, now=utc_now())
    return enrolment_link(res.settings.base_url, token)


def _credentials(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "credentials.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


async def _issue_sample(res: Resources, file: Path, key: str) -> None:
    """Hand the sample in as the insurer would, and wait until every row has its fate."""
    caller = await find_caller(res.db, key, now=utc_now())
    if caller is None:
        raise Broken("no_demo_key", "Khoá demo không dùng được.", "The demo's key is not good.")
    order = Order(caller=caller, facility_code=None, dry_run=False, late_reason="late")
    batch = await accept_batch(res.db, file, order=order, blobs=res.blobs, vault=res.vault, settings=res.settings, turns=res.file_turns, now=utc_now())
    await res.doorbell.ring_batch(batch.id)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_console) as progress:
        task = progress.add_task("Ký giấy mẫu / Issuing the sample", total=None)
        while (state := await _look(res, batch))[0] in (BatchStatus.READING, BatchStatus.RUNNING):
            counts = state[1]
            progress.update(task, total=counts["certificates"] or None, completed=counts["issued"])
            await asyncio.sleep(0.2)
        status, counts = state
        progress.update(task, total=counts["certificates"], completed=counts["issued"])
    if status is not BatchStatus.DONE or counts["failed"]:
        raise Broken("demo_failed", "Không cấp được hết giấy mẫu; xem nhật ký.", "Not all sample certificates were issued; see the log.")
    _console.print(
        f"{counts['rows']} hồ sơ: {counts['issued']} giấy mới, {counts['existing']} giấy đã có, {counts['rejected']} hồ sơ bị từ chối. / "
        f"{counts['rows']} cases: {counts['issued']} issued now, {counts['existing']} issued before, {counts['rejected']} rejected."
    )


async def _look(res: Resources, batch: Batch) -> tuple[BatchStatus, dict[str, int]]:
    async with res.db.read() as session:
        found = await batches.find(session, batch.id)
        return (found.status if found else BatchStatus.FAILED), await batches.count(session, batch.id)


async def _write_examples(res: Resources, folder: Path) -> list[dict[str, str]]:
    """Copies of some signed PDFs, both kinds, where a person can open them."""
    (folder / "certificates").mkdir(exist_ok=True)
    examples = []
    for certificate, file in await _some_issued(res):
        path = folder / "certificates" / f"{certificate.serial}.pdf"
        path.write_bytes(await res.archive.get(file))
        code = format_code(res.vault.code(certificate.id))
        examples.append({"code": code, "url": f"{res.settings.base_url}/v/{code}", "pdf": str(path), "kind": str(certificate.kind)})
    return examples


async def _some_issued(res: Resources) -> list[tuple[Certificate, PublishedFile]]:
    """Some certificates of both kinds whose files were not erased."""
    async with res.db.read() as session:
        pages = [
            await certificates.list_page(session, facility_code=None, status=Status.ISSUED, kind=kind, case_id=None, before=None, limit=_EXAMPLES // 2)
            for kind in Kind
        ]
        files = await certificates.published_files(session, [each.pdf_sha256 or "" for page in pages for each in page])
    found = [(each, files[each.pdf_sha256 or ""]) for page in pages for each in page]
    return [(each, file) for each, file in found if file.data_key is not None]


def _write_credentials(folder: Path, *, base_url: str, keys: dict[str, str], examples: list[dict[str, str]]) -> None:
    text = json.dumps({"base_url": base_url, "keys": keys, "examples": examples}, indent=2, ensure_ascii=False)
    path = folder / "credentials.json"
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    part.replace(path)


def _print_addresses(base_url: str, folder: Path, *, staff: str, keys: dict[str, str], examples: list[dict[str, str]], once: bool) -> None:
    lines = [
        "",
        f"Trang chính / start page      {base_url}/",
        f"Người lao động / workers      {base_url}/my",
        f"Kiểm tra giấy / check         {base_url}/check",
        f"Nhân viên / staff             {staff}",
        f"API                           {base_url}/docs",
        "",
        *(f"{example['kind']:<12} {example['url']}   {example['pdf']}" for example in examples[:: max(1, len(examples) // 4)]),
        "",
        *(f"key {role:<10} {key}" for role, key in keys.items()),
        f"({folder / 'credentials.json'})",
        "",
        *(() if once else ("Đang chạy; nhấn Ctrl-C để dừng. / Running; press Ctrl-C to stop.", "")),
    ]
    sys.stdout.write("\n".join(lines))
    sys.stdout.flush()
