"""A row of a batch as it was sent, with what became of it; and whether it may be mended."""

import asyncio
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.config import Settings
from certsvc.errors import Conflict, NotFound
from certsvc.files.blobs import Blobs
from certsvc.files.uploads import open_cells, opened_upload, required
from certsvc.issuing.batches.amendments import open_amended
from certsvc.issuing.visibility import get_batch, require_owner
from certsvc.models import ApiKey, Batch, BatchStatus
from certsvc.records import Cell
from certsvc.refusals import batch_cancelled, still_being_read
from certsvc.store import Database, batch_rows
from certsvc.store.batches import Line
from certsvc.vault import Vault


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """A row of a batch's file: what became of it, and its cells as they would be read now; None where they
    are not to be had.

    `version` is how often it was mended.
    """

    batch: Batch
    number: int
    lines: Sequence[Line]
    cells: Mapping[str, Cell] | None
    version: int
    mended_at: dt.datetime | None


async def read_row(
    db: Database,
    batch_id: uuid.UUID,
    number: int,
    *,
    caller: ApiKey,
    with_cells: bool,
    blobs: Blobs,
    vault: Vault,
    settings: Settings,
) -> Row:
    """One row, with its cells if they are wanted and the file is kept. Raises NotFound `no_such_batch`,
    `no_such_row`.
    """
    async with db.read() as session:
        batch = await get_batch(session, batch_id, caller=caller)
        lines = await lines_of(session, batch_id, number)
        amendment = await batch_rows.find_amendment(session, batch_id, number)
    cells = None
    if with_cells and batch.file_key is not None and amendment:
        cells = open_cells(batch, number, amendment.cells, vault=vault)
    elif with_cells:
        async with opened_upload(batch, blobs=blobs, vault=vault) as file:
            cells = (
                None if file is None else await asyncio.to_thread(_cells_of, file, batch, number, settings)
            )
    return Row(
        batch,
        number,
        lines,
        cells,
        amendment.version if amendment else 0,
        amendment.at if amendment else None,
    )


async def lines_of(session: AsyncSession, batch_id: uuid.UUID, number: int) -> list[Line]:
    """What became of a row, for each kind. Raises NotFound `no_such_row`."""
    lines = await batch_rows.lines_of(session, batch_id, number)
    if not lines:
        raise NotFound(
            "no_such_row",
            "Lô không có dòng này, hoặc dòng chưa được đọc tới.",
            "The batch has no such row, or it was not read yet.",
        )
    return lines


def _cells_of(file: Path, batch: Batch, number: int, settings: Settings) -> dict[str, Cell] | None:
    with open_amended(file, batch, settings, {}) as rows:
        return next((row.cells for row in rows if row.number == number), None)


async def require_mendable(session: AsyncSession, batch: Batch, *, caller: ApiKey) -> None:
    """Raises Forbidden `not_yours`; Conflict `still_being_read`, `batch_cancelled`, `not_read_whole`;
    InputError `file_not_kept`.
    """
    await require_owner(session, batch, caller=caller)
    match batch.status:
        case BatchStatus.READING:
            raise still_being_read()
        case BatchStatus.CANCELLED:
            raise batch_cancelled()
        case BatchStatus.FAILED:
            raise Conflict(
                "not_read_whole",
                "Tệp của lô không đọc hết được; hãy sửa trong tệp rồi gửi lại.",
                "The file could not be read whole; mend it and send it again.",
            )
        case BatchStatus.RUNNING | BatchStatus.DONE:
            required(batch.file_key)


def require_rejected(lines: Sequence[Line]) -> None:
    """Raises Conflict `nothing_to_mend`."""
    if not any(line.row.outcome == "rejected" for line in lines):
        raise Conflict(
            "nothing_to_mend",
            "Dòng này không bị từ chối, hoặc vừa có người sửa xong: không còn gì để sửa.",
            "This row is not rejected, or somebody has just mended it: there is nothing to mend.",
        )
