"""The fate of every row of a batch, as lines, as CSV, and as an archive of PDFs."""

import datetime as dt
import re
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from certsvc.codes import format_code
from certsvc.files.archive import Archive
from certsvc.issuing.batches.zips import Member, zip_stream
from certsvc.models import Certificate, PublishedFile, Status
from certsvc.records import finding
from certsvc.records.workbooks.cells import BOM, csv_row
from certsvc.store import Database, batches
from certsvc.store.batches import IN_WORK, Line
from certsvc.vault import Vault

COLUMNS = (
    "row", "case_id", "kind", "outcome", "rules", "message_vi", "message_en", "certificate_id", "serial",
    "code", "days", "verify_url",
    "reason", "status",
)  # fmt: skip

_NOT_IN_NAMES = re.compile(r"[^\w.-]")


async def result_lines(
    db: Database, batch_id: uuid.UUID, *, vault: Vault, base_url: str, with_codes: bool = True
) -> AsyncIterator[dict[str, Any]]:
    """One line a row and kind [batches, Results, and mending], in the order of the file; auditors get no
    codes.
    """
    async for line in batches.lines(db, batch_id):
        result = result_of(line, vault=vault, base_url=base_url)
        yield result if with_codes else result | {"code": None, "verify_url": None}


def result_of(line: Line, *, vault: Vault, base_url: str) -> dict[str, Any]:
    """One line [batches, Results, and mending]; `status` is the certificate's today, `reason` why it failed
    or was withdrawn.
    """
    row, certificate = line
    code = None if certificate is None else format_code(vault.code(certificate.id))
    return {
        "row": row.row,
        "case_id": row.case_id,
        "kind": str(row.kind),
        "outcome": _outcome(row.outcome, certificate),
        "rules": row.rules + _signing_rules(row.outcome, certificate),
        "awaits_approval": certificate is not None and certificate.awaits_approval,
        "reason": None if certificate is None else certificate.reason,
        "status": None if certificate is None else str(certificate.status),
        "certificate_id": None if certificate is None else str(certificate.id),
        "serial": None if certificate is None else certificate.serial,
        "code": code,
        "days": row.days,
        "verify_url": None if code is None else f"{base_url}/v/{code}",
    }


def _outcome(outcome: str, certificate: Certificate | None) -> str:
    """A certificate that was there before is so only as long as it may still be issued: this row needs to be
    sent again then, too.
    """
    if outcome not in ("accepted", "existing") or certificate is None:
        return outcome
    if certificate.status is Status.FAILED:
        return "cancelled" if certificate.is_cancelled else "failed"
    if outcome == "existing":
        return outcome
    return "pending" if certificate.status in IN_WORK else "issued"


def _signing_rules(outcome: str, certificate: Certificate | None) -> list[dict[str, Any]]:
    """What signing added to the rules of a row that this batch issued."""
    is_late = outcome == "accepted" and certificate is not None and "A-LATE" in certificate.warnings
    return (
        [finding("A-LATE", "examined_on", certificate.late_reason).to_json()]
        if is_late and certificate
        else []
    )


async def results_csv(lines: AsyncIterator[dict[str, Any]]) -> AsyncGenerator[bytes, None]:
    """UTF-8 with a BOM, as spreadsheets want it; no cell can be taken for a formula."""
    yield BOM + csv_row(COLUMNS)
    async for line in lines:
        rules = line["rules"]
        texts = {"rules": "+".join(dict.fromkeys(rule["id"] for rule in rules))}
        texts |= {
            f"message_{language}": " ".join(rule[f"message_{language}"] for rule in rules)
            for language in ("vi", "en")
        }
        yield csv_row(tuple(texts.get(column, line.get(column)) for column in COLUMNS))


def archive_zip(
    db: Database,
    batch_id: uuid.UUID,
    *,
    archive: Archive,
    vault: Vault,
    base_url: str,
    now: dt.datetime,
    with_codes: bool = True,
) -> AsyncGenerator[bytes, None]:
    """A ZIP with every PDF of the batch that is issued and not erased, and results.csv; streamed, one file in
    memory at a time.
    """

    async def members() -> AsyncGenerator[Member, None]:
        told = results_csv(result_lines(db, batch_id, vault=vault, base_url=base_url, with_codes=with_codes))
        yield Member("results.csv", now, told, is_packed=True)
        async for line, file in batches.lines_with_files(db, batch_id):
            if (
                line.certificate
                and line.certificate.status is Status.ISSUED
                and line.certificate.signed_at
                and file
                and file.data_key
            ):
                yield Member(
                    file_name(line.certificate, "pdf"), line.certificate.signed_at, _content(archive, file)
                )

    return zip_stream(members())


def file_name(certificate: Certificate, ending: str) -> str:
    """`<serial>_<case_id>.ENDING`: letters of every alphabet, and nothing that leads into another folder or
    that a system refuses.
    """
    return f"{certificate.serial}_{_NOT_IN_NAMES.sub('_', certificate.case_id)}.{ending}"


async def _content(archive: Archive, file: PublishedFile) -> AsyncGenerator[bytes, None]:
    yield await archive.get(file)
