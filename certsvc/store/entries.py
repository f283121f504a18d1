"""The register as checks read it: what it says of one certificate, asked for by code, token or digest.

Plain columns and statements made once, for look-ups are what most people do.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.codes import CodeKind
from certsvc.models import Certificate, Facility, Kind, PublishedFile, Status
from certsvc.store.asking import Query
from certsvc.store.database import Database


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate as its row has it, and the name of the facility that issued it; `record` is the encrypted
    case.
    """

    id: uuid.UUID
    kind: Kind
    status: Status
    reason: str | None
    serial: str | None
    signed_at: dt.datetime | None
    is_reissue: bool
    days: int | None
    pdf_sha256: str | None
    replaced_by_id: uuid.UUID | None
    code_index: str
    status_list: int | None
    status_index: int | None
    record: bytes
    facility: str


_CERTIFICATES, _FACILITIES, _FILES = Certificate.__table__, Facility.__table__, PublishedFile.__table__
_ENTRY: Query = select(
    *(_CERTIFICATES.c[name] for name in Entry.__slots__ if name != "facility"), _FACILITIES.c["name"]
).join_from(_CERTIFICATES, _FACILITIES, _FACILITIES.c["code"] == _CERTIFICATES.c["facility_code"])
_BY_INDEX = {
    CodeKind.CODE: _ENTRY.where(_CERTIFICATES.c["code_index"] == bindparam("key")),
    CodeKind.TOKEN: _ENTRY.where(_CERTIFICATES.c["token_index"] == bindparam("key")),
}
_BY_DIGEST = _ENTRY.join(_FILES, _FILES.c["certificate_id"] == _CERTIFICATES.c["id"]).where(
    _FILES.c["sha256"] == bindparam("key")
)


async def look_up(db: Database, index: str, *, kind: CodeKind) -> Entry | None:
    """The certificate with this keyed digest of a code or a token, in no transaction: one question, one
    answer.
    """
    return _entry(await db.find_row(_BY_INDEX[kind], index))


async def find(session: AsyncSession, index: str, *, kind: CodeKind) -> Entry | None:
    """The same within a transaction."""
    return _entry((await session.execute(_BY_INDEX[kind], {"key": index})).one_or_none())


async def find_published(db: Database, sha256: str) -> Entry | None:
    """The certificate of which these very bytes were published, if any [decision 0006]."""
    return _entry(await db.find_row(_BY_DIGEST, sha256))


def _entry(row: Sequence[Any] | None) -> Entry | None:
    return None if row is None else Entry(*row)
