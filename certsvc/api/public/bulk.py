"""`POST /v1/verify/batch`: many files and codes in one call, one Report each [api, Many at once]."""

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from certsvc.api.access import Now, Res
from certsvc.api.limits import AddressLimiter, LimitedRoute
from certsvc.api.openapi import PAPER_TYPES, headers
from certsvc.api.public.bulk_form import BulkForm, read_bulk_form
from certsvc.api.public.bulk_table import as_csv, as_ndjson, as_xlsx
from certsvc.api.public.report_schema import ReportOut
from certsvc.checking.many import CodeAnswer, Desk, check_many
from certsvc.records.workbooks.cells import CSV_TYPE, XLSX_TYPE
from certsvc.resources import Resources

router = APIRouter(route_class=LimitedRoute, tags=["public"])
NDJSON_TYPE = "application/x-ndjson"
FILE_NAME = "ket-qua-kiem-tra"
_FILE_COST, _ALLOWANCE_AN_HOUR = 10, 20_000
"""Per address: two full calls of codes an hour, or four of files, or a mix; a file is ten times the work of a
code.
"""

Format: TypeAlias = Literal["ndjson", "csv", "xlsx"]
_Writer: TypeAlias = Callable[[AsyncIterator[CodeAnswer]], AsyncIterator[bytes]]
_WRITERS: dict[Format, tuple[_Writer, str]] = {
    "ndjson": (as_ndjson, NDJSON_TYPE),
    "csv": (as_csv, CSV_TYPE),
    "xlsx": (as_xlsx, XLSX_TYPE),
}


class Source(BaseModel):
    """How the sender knows an item."""

    kind: Literal["file", "code"]
    name: str | None = Field(
        description="of the file, or of the list that a code stands in; null for codes in a text field"
    )
    row: int | None = Field(description="of a code: its row in the list, as the list's user sees it")
    code: str | None = Field(description="as it was given")


class BulkLine(ReportOut):
    """One line of the answer: a Report, and what it is about."""

    item: int = Field(description="counted from 1, in the order of the form")
    source: Source


class NdjsonResponse(StreamingResponse):
    media_type = NDJSON_TYPE


@dataclass(frozen=True, slots=True)
class Admitted:
    """A bulk call that may proceed: the form's other fields, and its answers, to be read to the end or
    closed.
    """

    fields: dict[str, str]
    answers: AsyncGenerator[CodeAnswer, None]


class BulkGate:
    """What the bulk calls of this process share: every address's allowance, one turn at the examiner, one at
    reading lists.
    """

    def __init__(self, limiter: AddressLimiter) -> None:
        self._charge = limiter.charge("bulk", an_hour=_ALLOWANCE_AN_HOUR)
        self._turn, self._list_turn = asyncio.Lock(), asyncio.Lock()

    async def admit(self, request: Request, *, res: Resources, now: dt.datetime) -> Admitted:
        """Read the form and take its cost from the address's allowance.

        Raises what `read_bulk_form` raises, TooMany `allowance_spent`, Unavailable without a register.
        """
        form = await read_bulk_form(request, turn=self._list_turn)
        try:
            cost = len(form.items) + (_FILE_COST - 1) * form.files
            await self._charge(request, cost)
            desk = Desk(
                db=res.db,
                vault=res.vault,
                examiner=res.examiner,
                trust=await res.trust.get(now),
                base_url=res.settings.base_url,
                max_file_bytes=res.settings.max_pdf_bytes,
                turn=self._turn,
            )
        except BaseException:
            await form.close()
            raise
        return Admitted(form.fields, _answers(form, desk=desk, now=now))


async def _answers(form: BulkForm, *, desk: Desk, now: dt.datetime) -> AsyncGenerator[CodeAnswer, None]:
    """In the order of the form, which is closed after the last one."""
    try:
        async for answer in check_many(form.items, desk=desk, now=now):
            yield answer
    finally:
        await form.close()


_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}}
_FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "files": (
            _FILES
            | {
                "description": (
                    "papers to check: PDF, JPEG, PNG or WebP; 500 at most. Other field names work, too"
                )
            }
        ),
        "codes": {
            "anyOf": [{"type": "string"}, {"type": "string", "format": "binary"}],
            "description": (
                "look-up codes or QR texts, one a line; or a CSV or XLSX file of them. 10,000 at most"
            ),
        },
    },
}


@router.post(
    "/v1/verify/batch",
    response_model=BulkLine,
    response_class=NdjsonResponse,
    responses={
        200: {
            "description": "One BulkLine a line; as CSV or XLSX a table",
            "content": {"text/csv": {}, XLSX_TYPE: {}},
            **headers("Content-Disposition"),
        }
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": _FORM_SCHEMA,
                    "encoding": {"files": {"contentType": PAPER_TYPES}},
                }
            },
        }
    },
)
async def verify_many(
    request: Request,
    res: Res,
    now: Now,
    format: Annotated[  # noqa: A002 - the contract's name
        Format | None, Query(description="by default what `Accept` asks for, else NDJSON")
    ] = None,
) -> Response:
    """Check many files and codes: one Report each, in their order, sent as soon as it is known.

    What would be refused on its own (no code, no PDF, too large) is a line with its reason. Each address has
    an allowance of 20,000 an hour, of which a code takes 1 and a file 10.
    """
    gate: BulkGate = request.app.state.bulk_gate
    admitted = await gate.admit(request, res=res, now=now)
    return as_download(admitted.answers, format or _accepted(request))


def as_download(answers: AsyncIterator[CodeAnswer], wanted: Format) -> Response:
    """The answers in the format asked for, streamed; tables come as files."""
    write, media_type = _WRITERS[wanted]
    headers = (
        {} if wanted == "ndjson" else {"Content-Disposition": f'attachment; filename="{FILE_NAME}.{wanted}"'}
    )
    return StreamingResponse(write(answers), media_type=media_type, headers=headers)


def _accepted(request: Request) -> Format:
    accept = request.headers.get("Accept", "")
    if XLSX_TYPE in accept:
        return "xlsx"
    return "csv" if "text/csv" in accept else "ndjson"
