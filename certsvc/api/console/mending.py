"""`/staff/batches/{id}/rows/{row}`: a rejected row as it was sent, with what is wrong at each field; once
mended, the next one.
"""

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.case_fields import COLUMNS, Fault, faults_of, fields_of, general
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.idempotency import answer_once, fingerprint
from certsvc.api.problems import status_of
from certsvc.api.v1.batch_rows import RowNumber, mend, open_row
from certsvc.api.words.console import FIELDS
from certsvc.callers.keys import require_scope
from certsvc.callers.sessions import SignedIn
from certsvc.errors import CertsvcError, InputError
from certsvc.issuing.batches.rejected_rows import Row, require_mendable, require_rejected
from certsvc.issuing.batches.results import result_of
from certsvc.models import Scope
from certsvc.records import Cell, Level
from certsvc.records.retyping import printed
from certsvc.resources import Resources
from certsvc.store import batch_rows
from certsvc.store.batches import Line

router = APIRouter(prefix="/staff/batches", include_in_schema=False)
_MAX_ROW = 2**31 - 1
_LINE_ENDS = re.compile(r"[\r\n]+")

Mended = Annotated[int, Query(ge=0, le=_MAX_ROW, description="the row that led here")]


@router.get("/{batch_id}/rows/{row}")
async def ask_row(
    batch_id: uuid.UUID, row: RowNumber, request: Request, res: Res, staff: Staff, *, mended: Mended = 0
) -> Response:
    """The row as it would be read now. Those who may not mend it do not see it here; refusals are those of
    mending.
    """
    require_scope(staff.caller, Scope.ISSUE)
    found = await open_row(batch_id, row, res, caller=staff.caller, with_cells=True)
    async with res.db.read() as session:
        await require_mendable(session, found.batch, caller=staff.caller)
        just_mended = await batch_rows.lines_of(session, batch_id, mended) if mended else []
    require_rejected(found.lines)
    texts = {name: _LINE_ENDS.sub(" ", printed(name, cell)) for name, cell in (found.cells or {}).items()}
    return await _page(
        request, found, texts, _rejecting(found), res=res, staff=staff, just_mended=just_mended
    )


def _rejecting(row: Row) -> list[Fault]:
    """What rejected its lines, each once."""
    faults = [
        Fault(
            rule=rule["id"],
            level=rule["level"],
            field=rule["field"],
            message_vi=rule["message_vi"],
            message_en=rule["message_en"],
        )
        for line in row.lines
        if line.row.outcome == "rejected"
        for rule in line.row.rules
        if rule["level"] == Level.REJECT
    ]
    return list({(fault["rule"], fault["field"], fault["message_vi"]): fault for fault in faults}.values())


async def _page(
    request: Request,
    row: Row,
    texts: Mapping[str, str],
    faults: list[Fault],
    *,
    res: Resources,
    staff: SignedIn,
    error: CertsvcError | None = None,
    just_mended: Iterable[Line] = (),
) -> Response:
    async with res.db.read() as session:
        following = await batch_rows.next_rejected(session, row.batch.id, after=row.number)
        left = await batch_rows.count_rejected(session, row.batch.id)
    return pages.render(
        request,
        "staff_row.html",
        status=status_of(error) if error else 200,
        headers=HEADERS,
        staff=staff,
        row=row,
        fields=fields_of(FIELDS, texts, faults),
        general=general(faults),
        error=error,
        following=following,
        left=left,
        just_mended=[
            result_of(line, vault=res.vault, base_url=res.settings.base_url) for line in just_mended
        ],
    )


@router.post("/{batch_id}/rows/{row}")
async def mend_row(
    batch_id: uuid.UUID,
    row: RowNumber,
    request: Request,
    res: Res,
    now: Now,
    staff: StaffForm,
    *,
    version: Annotated[int, Form(ge=0, le=_MAX_ROW)] = 0,
) -> Response:
    """Take the row if it leads to a paper, and go to the next rejected one; otherwise say at each field why
    not. Pressed twice, it is mended once.
    """
    require_scope(staff.caller, Scope.ISSUE)
    form = await request.form()
    record: dict[str, Cell] = {name: text for name in COLUMNS if isinstance(text := form.get(name, ""), str)}

    async def work() -> Response:
        await mend(batch_id, row, record, version, res, caller=staff.caller, now=now)
        return RedirectResponse(await _address_behind(batch_id, row, res), 303)

    asked = fingerprint(
        request.method, request.url.path, *(f"{name}={text}" for name, text in record.items())
    )
    key = f"console {batch_id} row {row} {version}"
    try:
        return await answer_once(
            res.db, key, vault=res.vault, caller=staff.caller, request_sha256=asked, now=now, work=work
        )
    except InputError as error:
        if error.code != "rejected":
            raise
        found = await open_row(batch_id, row, res, caller=staff.caller, with_cells=False)
        texts = {name: str(text) for name, text in record.items()}
        return await _page(request, found, texts, faults_of(error), res=res, staff=staff, error=error)


async def _address_behind(batch_id: uuid.UUID, row: int, res: Resources) -> str:
    async with res.db.read() as session:
        following = await batch_rows.next_rejected(session, batch_id, after=row)
    here = f"/staff/batches/{batch_id}"
    return f"{here}?mended={row}" if following is None else f"{here}/rows/{following}?mended={row}"
