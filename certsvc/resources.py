"""The only wiring: what a process of certsvc works with, opened and closed in one place."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from certsvc.config import Environment, Settings
from certsvc.errors import Broken
from certsvc.files.archive import Archive
from certsvc.files.blobs import Blobs
from certsvc.issuing.press import process
from certsvc.issuing.press.orders import Chunk, Pressed
from certsvc.issuing.press.producing import Press, Workbench
from certsvc.issuing.press.rosters import Rosters
from certsvc.issuing.press.warming import compile_ahead
from certsvc.processes.examiner import Examiner
from certsvc.processes.presses import call
from certsvc.queue import Doorbell
from certsvc.store import Database
from certsvc.trust.anchors import TrustSource
from certsvc.vault import Vault

if TYPE_CHECKING:
    from certsvc.callers.provider import Provider

_ROWS_AT_ONCE = _FILES_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Resources:
    """What both the API and the worker need."""

    settings: Settings
    db: Database
    blobs: Blobs
    archive: Archive
    doorbell: Doorbell
    vault: Vault
    trust: TrustSource
    examiner: Examiner
    provider: "Provider | None" = None
    row_turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_ROWS_AT_ONCE))
    """Of those who look at or mend a row of a batch's file, which may mean reading it nearly whole."""
    file_turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_FILES_AT_ONCE))
    """Of those who send in a file of cases, while its header and its first row are looked for."""


def open_vault(settings: Settings) -> Vault:
    """The vault on the configured secret; in development one is made once and kept in `data_dir`."""
    if settings.secret is not None:
        return Vault(settings.secret.get_secret_value().encode())
    return Vault(_development_secret(settings.data_dir / "secret"))


def _development_secret(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        draft.replace(path)
    return path.read_bytes()


@asynccontextmanager
async def open_resources(settings: Settings, *, zygote: Path | None = None) -> AsyncIterator[Resources]:
    """Open database, files and queue; close them at the end. Raises Broken or Unavailable where one is unfit.

    `zygote` is where one for checks of files listens; otherwise the first check starts one.
    """
    if settings.redis_url is None:
        raise Broken(
            "no_queue",
            "Chưa cấu hình hàng đợi (CERTSVC_REDIS_URL).",
            "No queue is configured (CERTSVC_REDIS_URL).",
        )
    db = Database(settings.sqlalchemy_url)
    try:
        await db.check_schema()
        doorbell = await Doorbell.connect(settings.redis_url)
        examiner = Examiner(
            timeout_s=settings.verify_timeout_s, memory_bytes=settings.verify_memory_bytes, zygote=zygote
        )
        try:
            blobs, vault = Blobs(settings.obstore_url), open_vault(settings)
            trust, provider = TrustSource(db, settings), _open_provider(settings)
            yield Resources(
                settings, db, blobs, Archive(blobs, vault), doorbell, vault, trust, examiner, provider
            )
        finally:
            await examiner.close()
            await doorbell.close()
    finally:
        await db.close()


def _open_provider(settings: Settings) -> "Provider | None":
    """The OpenID provider, where one is configured. Raises Broken `bad_role_map`."""
    if settings.oidc_issuer is None:
        return None
    from certsvc.callers.provider import Provider  # noqa: PLC0415 - most processes need none
    from certsvc.callers.subjects import roles_of  # noqa: PLC0415

    roles_of(settings)
    return Provider(settings, issuer=settings.oidc_issuer)


@asynccontextmanager
async def open_press(settings: Settings, *, address: Path) -> AsyncIterator[Press]:
    """What fills and signs, in the presses that listen at `address`, with the embedded authorities of
    `keys_dev` in development.

    Raises Broken `dev_authorities` in production: its time-stamping and revocation answers come from
    outside, and no adapter for those is built yet.
    """
    if settings.environment is Environment.PRODUCTION:
        raise Broken(
            "dev_authorities",
            "Môi trường thật cần máy chủ dấu thời gian và OCSP bên ngoài.",
            "Production needs a TSA and OCSP of its own.",
        )
    setup = process.setup_of(settings)
    await asyncio.to_thread(compile_ahead, setup.signatures, setup.bases)

    async def press(chunk: Chunk) -> Pressed:
        return await call(address, process.press_chunk, setup, chunk)

    # Before somebody waits for them; a failure shows at the first chunk.
    warming = asyncio.gather(
        *(call(address, process.warm_up, setup) for _ in range(settings.presses)), return_exceptions=True
    )
    try:
        yield press
    finally:
        warming.cancel()
        await asyncio.wait([warming])


def workbench(res: Resources, press: Press) -> Workbench:
    """What issuing works with."""
    return Workbench(
        db=res.db,
        archive=res.archive,
        vault=res.vault,
        settings=res.settings,
        trust=res.trust,
        rosters=Rosters(res.db, signatures=res.settings.signatures),
        press=press,
    )
