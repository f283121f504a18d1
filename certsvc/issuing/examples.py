"""Some issued certificates of both kinds, for somebody to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Certificate, Kind, PublishedFile, Status
from certsvc.store import Database, certificates


@dataclass(frozen=True, slots=True)
class Example:
    certificate: Certificate
    file: PublishedFile


async def find_examples(db: Database, first: Sequence[str], *, a_kind: int) -> list[Example]:
    """Up to so many of a kind whose files were not erased: the sick leaves of the cases `first`, then the
    newest.
    """
    found: list[Certificate] = []
    async with db.read() as session:
        for kind in Kind:
            case_ids = (*first, None) if kind is Kind.SICK_LEAVE else (None,)
            pages = [await _newest(session, kind, case_id, limit=a_kind) for case_id in case_ids]
            by_id = {certificate.id: certificate for page in pages for certificate in page}
            found += list(by_id.values())[:a_kind]
        digests = [certificate.pdf_sha256 or "" for certificate in found]
        files = await certificates.published_files(session, digests)
    examples = [Example(certificate, files[certificate.pdf_sha256 or ""]) for certificate in found]
    return [example for example in examples if example.file.data_key is not None]


async def _newest(
    session: AsyncSession, kind: Kind, case_id: str | None, *, limit: int
) -> Sequence[Certificate]:
    return await certificates.list_page(
        session,
        facility_code=None,
        status=Status.ISSUED,
        kind=kind,
        case_id=case_id,
        before=None,
        limit=limit,
    )
