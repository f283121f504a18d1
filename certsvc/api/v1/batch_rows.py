"""`/v1/batches/{id}/rows/{row}`: one row of a file as it was sent; a rejected one can be mended in place."""

import contextlib
import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from certsvc.api.access import Now, Reader, Res, Writer
from certsvc.api.idempotency import Once, json_answer
from certsvc.api.schemas import Record, Strict
from certsvc.issuing.batches import mending, rejected_rows
from certsvc.issuing.batches.rejected_rows import Row
from certsvc.issuing.batches.results import result_of
from certsvc.models import ApiKey, Kind, Role, Status
from certsvc.records import Cell
from certsvc.records.retyping import typed
from certsvc.resources import Resources

router = APIRouter(prefix="/v1/batches", tags=["batches"])
RowNumber = Annotated[
    int,
    Path(
        ge=1,
        le=2**31 - 1,
        description="the row as the file's user sees it; of exchange files the dossier's place",
    ),
]


class RowRule(BaseModel):
    id: str
    level: str
    field: str | None
    message_vi: str
    message_en: str


class RowLine(BaseModel):
    """As a line of a batch's results."""

    row: int
    case_id: str
    kind: Kind
    outcome: Literal[
        "issued", "existing", "pending", "rejected", "failed", "cancelled", "would_issue", "none"
    ]
    rules: list[RowRule]
    awaits_approval: bool
    reason: str | None = Field(description="why the certificate failed or was withdrawn")
    status: Status | None = Field(description="the certificate's today")
    certificate_id: uuid.UUID | None
    serial: str | None
    code: str | None = Field(description="auditors do not see it")
    days: int | None
    verify_url: str | None


class RowFate(BaseModel):
    row: int
    version: int = Field(description="how often the row was mended")
    mended_at: dt.datetime | None
    results: list[RowLine] = Field(description="one for each kind")


class RowOut(RowFate):
    record: dict[str, str] | None = Field(
        description=(
            "the cells as they would be read now, days as yyyy-mm-dd; null for auditors, and where the file"
            " is no longer kept"
        )
    )


class Mending(Strict):
    """`record` is the whole row: columns it does not name are empty."""

    record: Record
    version: int | None = Field(
        default=None, description="that of the row you looked at; if it is out of date: 409 `row_changed`"
    )


async def open_row(batch_id: uuid.UUID, row: int, res: Resources, *, caller: ApiKey, with_cells: bool) -> Row:
    """The row of a batch that this caller may see; auditors get no cells."""
    with_cells = with_cells and caller.role is not Role.AUDITOR
    async with res.row_turns if with_cells else contextlib.nullcontext():
        return await rejected_rows.read_row(
            res.db,
            batch_id,
            row,
            caller=caller,
            with_cells=with_cells,
            blobs=res.blobs,
            vault=res.vault,
            settings=res.settings,
        )


async def mend(
    batch_id: uuid.UUID,
    row: int,
    record: Mapping[str, Cell],
    version: int | None,
    res: Resources,
    *,
    caller: ApiKey,
    now: dt.datetime,
) -> None:
    """Mend a row, and ring the queue for what it has issued."""
    async with res.row_turns:
        await mending.mend_row(
            res.db,
            batch_id,
            row,
            record,
            version=version,
            caller=caller,
            blobs=res.blobs,
            vault=res.vault,
            settings=res.settings,
            now=now,
        )
    await res.doorbell.ring_issue()


def _fate(row: Row, *, caller: ApiKey, res: Resources) -> dict[str, Any]:
    no_codes = {"code": None, "verify_url": None} if caller.role is Role.AUDITOR else {}
    results = [
        result_of(line, vault=res.vault, base_url=res.settings.base_url) | no_codes for line in row.lines
    ]
    return {"row": row.number, "version": row.version, "mended_at": row.mended_at, "results": results}


@router.get("/{batch_id}/rows/{row}")
async def read_row(batch_id: uuid.UUID, row: RowNumber, res: Res, caller: Reader) -> RowOut:
    """What a row says and what became of it."""
    found = await open_row(batch_id, row, res, caller=caller, with_cells=True)
    record = None if found.cells is None else {name: typed(name, cell) for name, cell in found.cells.items()}
    return RowOut(record=record, **_fate(found, caller=caller, res=res))


@router.post("/{batch_id}/rows/{row}", response_model=RowFate)
async def mend_row(
    batch_id: uuid.UUID, row: RowNumber, body: Mending, res: Res, caller: Writer, now: Now, once: Once
) -> Response:
    """Replace a rejected row by `record` and judge it again. The certificates it gets belong to the batch; if
    it gets none, all stays as it was.
    """

    async def work() -> Response:
        await mend(batch_id, row, body.record, body.version, res, caller=caller, now=now)
        fate = _fate(
            await open_row(batch_id, row, res, caller=caller, with_cells=False), caller=caller, res=res
        )
        return json_answer(RowFate.model_validate(fate).model_dump(mode="json"), 200)

    return await once(work, body, caller=caller)
