"""What an installation lacks for issuing and verifying, or soon will: `certsvc doctor` prints it, in both
languages.
"""

import asyncio
import datetime as dt
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from certsvc.clock import day_in_hanoi, utc_now
from certsvc.config import Settings
from certsvc.errors import CertsvcError
from certsvc.files.blobs import Blobs
from certsvc.issuing.authority import is_authorised_on
from certsvc.models import Delegation
from certsvc.signing.claims import current
from certsvc.store import Database, registry, status_lists, webhooks
from certsvc.trust.anchors import build_trust, read_hierarchies
from certsvc.trust.identities import open_keyring
from certsvc.trust.issuers import OLD_AFTER, age_of, read_issuers

_EXPIRES_SOON = dt.timedelta(days=30)
_LISTS_ARE_OLD_AFTER = dt.timedelta(hours=24)
"""From then on a checker without a network says how old they are [verify, The answer]."""

_LOW_DISK_BYTES = 1024**3


async def find_shortcomings(settings: Settings) -> list[str]:
    """Each a sentence; none where all is well."""
    return [finding async for finding in _findings(settings)]


async def _findings(settings: Settings) -> AsyncIterator[str]:
    for part in (
        _database_findings,
        _claim_key_findings,
        _anchor_findings,
        _issuer_findings,
        _storage_findings,
    ):
        try:
            async for finding in part(settings):
                yield finding
        except CertsvcError as error:
            yield f"{error.message_vi} / {error.message_en}"


async def _storage_findings(settings: Settings) -> AsyncIterator[str]:
    free = (
        await asyncio.to_thread(
            shutil.disk_usage, settings.data_dir if settings.data_dir.exists() else Path()
        )
    ).free
    if free < _LOW_DISK_BYTES:
        yield f"Đĩa chỉ còn {free // 1024**2} MB. / Only {free // 1024**2} MB of disk are free."
    await Blobs(settings.obstore_url).check()


async def _database_findings(settings: Settings) -> AsyncIterator[str]:
    db = Database(settings.sqlalchemy_url)
    try:
        await db.check_schema()
        async for finding in _status_list_findings(db):
            yield finding
        async for finding in _identity_findings(db, settings):
            yield finding
        async for finding in _authority_findings(db):
            yield finding
    finally:
        await db.close()


async def _authority_findings(db: Database) -> AsyncIterator[str]:
    """Authorities to sign that end soon with none behind them, and stations that may not issue for want of
    one.
    """
    today = day_in_hanoi(utc_now())
    async with db.read() as session:
        facilities = await registry.list_facilities(session)
        delegations = await registry.list_delegations(session)
    for facility in facilities:
        own = [each for each in delegations if each.facility_code == facility.code]
        if facility.is_active_on(today) and not is_authorised_on(today, own):
            yield (
                f"Cơ sở {facility.code} chưa có văn bản uỷ quyền đang hiệu lực nên không ký được; hãy nhập"
                f" bằng `certsvc delegations add`. / No authority of facility {facility.code} is in force, so"
                " it cannot sign; enter one with `certsvc delegations add`."
            )
        for each in own:
            if (
                each.is_in_force_on(today)
                and each.valid_to is not None
                and each.valid_to < today + _EXPIRES_SOON
                and not _is_followed(each, own)
            ):
                whose = each.licence or "cả trạm / the station"
                yield (
                    f"Văn bản uỷ quyền {each.document} ({each.facility_code}, {whose}) hết hạn"
                    f" {each.valid_to:%d/%m/%Y}. / This authority to sign ends then."
                )


def _is_followed(delegation: Delegation, others: Sequence[Delegation]) -> bool:
    """Whether another one of the same person or station is in force the day after."""
    after = (delegation.valid_to or dt.date.max) + dt.timedelta(days=1)
    return any(each.licence == delegation.licence and each.is_in_force_on(after) for each in others)


async def _status_list_findings(db: Database) -> AsyncIterator[str]:
    async with db.read() as session:
        oldest = await status_lists.oldest_signing(session)
    if oldest is not None and oldest < utc_now() - _LISTS_ARE_OLD_AFTER:
        yield (
            f"Danh sách trạng thái hoặc danh sách tin cậy ký lần cuối {oldest:%d/%m/%Y %H:%M} UTC, đã quá 24"
            " giờ. Hãy xem worker có chạy không và có khóa ký mã QR không (nhật ký của certsvc worker). / A"
            f" status list or the trust list was last signed on {oldest:%Y-%m-%d %H:%M} UTC, more than 24"
            " hours ago. See whether a worker runs and has a key for QR claims (log of certsvc worker)."
        )


async def _claim_key_findings(settings: Settings) -> AsyncIterator[str]:
    keys, now = open_keyring(settings).claim_keys(), utc_now()
    where_vi = (
        f"Hãy đặt claims-<số>.pem và claims-<số>.key.pem, do CA cấp, vào {settings.keys_dir} rồi khởi động"
        " lại worker."
    )
    where_en = (
        "Put claims-<number>.pem and claims-<number>.key.pem, certified by the issuing CA, into"
        f" {settings.keys_dir} and start the workers again."
    )
    if current(keys, now) is None:
        yield (
            "Không có khóa ký mã QR còn hiệu lực: danh sách trạng thái và danh sách tin cậy không được phát"
            f" hành nữa. {where_vi} / No key for QR claims is in force: status lists and trust list are not"
            f" published any more. {where_en}"
        )
    elif (end := max(key.x509_cert.not_valid_after_utc for key in keys)) < now + _EXPIRES_SOON:
        yield (
            f"Khóa ký mã QR và chứng thư của nó hết hạn {end:%d/%m/%Y}. Trước ngày đó: {where_vi} "
            f"/ The key for QR claims and its certificate expire on {end:%Y-%m-%d}. Before then: {where_en}"
        )


async def _anchor_findings(settings: Settings) -> AsyncIterator[str]:
    now = utc_now()
    for family, name, root in read_hierarchies(settings.keys_dir):
        if isinstance(root, CertsvcError):
            yield f"anchors/{family}: {root.message_vi} / {root.message_en}"
        elif root.not_valid_after_utc < now + _EXPIRES_SOON:
            yield (
                f"Chứng thư gốc anchors/{family}/{name} hết hạn {root.not_valid_after_utc:%d/%m/%Y}; hãy thay"
                f" bằng chứng thư mới. / The root anchors/{family}/{name} expires on"
                f" {root.not_valid_after_utc:%Y-%m-%d}; put the new one there."
            )


async def _issuer_findings(settings: Settings) -> AsyncIterator[str]:
    now = utc_now()
    for found, issuer_id in read_issuers(settings, now=now):
        if isinstance(found, CertsvcError):
            yield f"Nơi cấp {issuer_id}: {found.message_vi} / Issuer {issuer_id}: {found.message_en}"
        elif age_of(settings, issuer_id, now=now) > OLD_AFTER:
            yield (
                f"Danh sách của nơi cấp {issuer_id} đã quá 7 ngày; hãy chạy certsvc issuers refresh mỗi đêm."
                f" / The list of the issuer {issuer_id} is more than 7 days old; run certsvc issuers refresh"
                " each night."
            )


async def _identity_findings(db: Database, settings: Settings) -> AsyncIterator[str]:
    now = utc_now()
    async with db.read() as session:
        facilities = await registry.list_facilities(session)
        identities = [row for row in await registry.list_identities(session) if row.retired_at is None]
        disabled = await webhooks.count_disabled(session)
    build_trust(settings, identities)
    if disabled:
        yield (
            f"{disabled} webhook bị tắt vì bên nhận không phản hồi. / {disabled} webhooks are disabled, for"
            " nobody answers them: `certsvc webhooks list`."
        )
    sealed = {row.facility_code for row in identities if row.licence is None and row.not_after > now}
    for facility in facilities:
        if facility.is_active_on(now.date()) and facility.code not in sealed:
            yield (
                f"Cơ sở {facility.code} chưa có con dấu số. / Facility {facility.code} has no seal to sign"
                " with."
            )
    for row in identities:
        if row.not_after < now + _EXPIRES_SOON:
            whose = row.licence or "con dấu / seal"
            yield (
                f"Khoá {row.id} ({row.facility_code}, {whose}) hết hạn {row.not_after:%d/%m/%Y}. / This key"
                " expires then."
            )
