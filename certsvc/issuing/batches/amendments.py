"""A batch's file as it is read: with what people put in the place of rows."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.config import Settings
from certsvc.files.uploads import open_cells, seal_cells
from certsvc.issuing.batches.accepting import open_batch_file
from certsvc.models import Batch, BatchAmendment
from certsvc.records import Cell, finding
from certsvc.records.columns import layout_of
from certsvc.records.sheets.tables import SheetRow
from certsvc.store import batch_rows
from certsvc.vault import Vault

Amendments: TypeAlias = Mapping[int, dict[str, Cell]]
"""The whole of a row's cells, by its number."""

MENDED = finding("W-MENDED")


async def load_amendments(session: AsyncSession, batch: Batch, *, vault: Vault) -> Amendments:
    """Those of a batch; none where its file is gone, for they went with it."""
    if batch.file_key is None:
        return {}
    return {
        each.row: open_cells(batch, each.row, each.cells, vault=vault)
        for each in await batch_rows.amendments_of(session, batch.id)
    }


async def copy_amendments(session: AsyncSession, from_batch: Batch, to_batch: Batch, *, vault: Vault) -> None:
    """Give a batch those of another with the same file, sealed under its own key."""
    for each in await batch_rows.amendments_of(session, from_batch.id):
        cells = seal_cells(
            to_batch, each.row, open_cells(from_batch, each.row, each.cells, vault=vault), vault=vault
        )
        session.add(
            BatchAmendment(
                batch_id=to_batch.id,
                row=each.row,
                version=each.version,
                cells=cells,
                by_id=each.by_id,
                at=each.at,
            )
        )


@contextmanager
def open_amended(
    file: Path, batch: Batch, settings: Settings, amendments: Amendments
) -> Iterator[Iterator[SheetRow]]:
    """The rows of a batch's file. An amended one has the amendment's cells alone, and a notice; what the
    reader found of the old ones is gone.
    """
    with open_batch_file(file, settings, layout_of(batch.mapping)) as table:
        yield (
            SheetRow(row.number, amendments[row.number], (MENDED,)) if row.number in amendments else row
            for row in table
        )
