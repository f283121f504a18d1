"""`/v1/batches`: submit a file of cases, follow it, learn the fate of every row, fetch the PDFs."""

import hashlib
import json
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import Field, StringConstraints, ValidationError
from starlette.datastructures import UploadFile

from certsvc.api.access import Now, Reader, Res, Writer
from certsvc.api.idempotency import Once, json_answer
from certsvc.api.openapi import file, headers
from certsvc.api.schemas import BatchOut, LateReason, Strict, batch_out
from certsvc.errors import Forbidden
from certsvc.issuing.batches.accepting import Order, accept_batch
from certsvc.issuing.batches.cancelling import BatchChange, change_batch
from certsvc.issuing.batches.results import archive_zip, result_lines, results_csv
from certsvc.issuing.batches.returned import returned_workbook
from certsvc.issuing.visibility import get_batch
from certsvc.models import ApiKey, Role
from certsvc.records.workbooks.cells import XLSX_TYPE
from certsvc.refusals import no_file
from certsvc.resources import Resources
from certsvc.store import batches as batch_store

router = APIRouter(prefix="/v1/batches", tags=["batches"])
_COPY_BYTES = 1024**2
_MOST_FIELDS = 8
ResultFormat = Literal["ndjson", "csv", "xlsx"]


class BatchForm(Strict):
    """The fields sent along with the file."""

    dry_run: bool = False
    facility: Annotated[str, StringConstraints(max_length=5)] | None = None
    late_reason: LateReason = "late"
    mapping: (
        Annotated[
            str,
            StringConstraints(max_length=40),
            Field(description="a saved mapping; without it `default`, if there is one; empty: none"),
        ]
        | None
    ) = None


_FORM_SCHEMA = BatchForm.model_json_schema()
_FORM_SCHEMA["properties"]["file"] = {
    "type": "string",
    "format": "binary",
    "description": (
        "CSV, XLSX, ODS, JSON, NDJSON, CT07 (HSCHUNGTU) or XML1 with XML11 (GIAMDINHHS), also many in a ZIP;"
        " recognised by content, not by name"
    ),
}
_FORM_SCHEMA["required"] = ["file"]
_FORM_ENCODING = {
    "file": {
        "contentType": (
            f"text/csv, {XLSX_TYPE}, application/vnd.oasis.opendocument.spreadsheet, application/json,"
            " application/xml, application/zip"
        )
    }
}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": _FORM_SCHEMA, "encoding": _FORM_ENCODING}},
    }
}
_NDJSON_TYPE = "application/x-ndjson"


@router.post(
    "",
    status_code=202,
    response_model=BatchOut,
    responses={202: headers("Location", "Retry-After"), 404: {}},
    openapi_extra=_FORM,
)
async def submit(request: Request, res: Res, caller: Writer, now: Now, once: Once) -> Response:
    """Submit a file of cases. What can be seen from its first bytes and its header is refused at once."""
    # The form is read here and not by FastAPI, which would spool a stranger's file before asking for a key.
    async with request.form(max_files=1, max_fields=_MOST_FIELDS) as form:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise no_file()
        order = read_order({name: value for name, value in form.items() if name != "file"}, caller=caller)
        with tempfile.NamedTemporaryFile(suffix=".upload") as copy:
            file_sha256 = await save_upload(upload, Path(copy.name))

            async def work() -> Response:
                batch = await accept_batch(
                    res.db,
                    Path(copy.name),
                    order=order,
                    blobs=res.blobs,
                    vault=res.vault,
                    settings=res.settings,
                    turns=res.file_turns,
                    now=now,
                )
                await res.doorbell.ring_batch(batch.id)
                return await _answer(
                    batch.id, res, 202, caller=caller, location=f"/v1/batches/{batch.id}", retry_after="1"
                )

            terms = (
                str(order.dry_run),
                order.facility_code or "",
                order.late_reason,
                *([] if order.mapping is None else [order.mapping]),
            )
            return await once(work, file_sha256, *terms, caller=caller)


def read_order(sent: Mapping[str, Any], *, caller: ApiKey) -> Order:
    """What the fields of a form ask for. Raises RequestValidationError for wrong fields, Forbidden for
    somebody else's facility.
    """
    try:
        fields = BatchForm.model_validate(sent)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_context=False)) from error
    if fields.facility and not caller.may_see(fields.facility):
        raise Forbidden(
            "not_your_facility",
            "Khoá này chỉ dùng cho cơ sở của mình.",
            "This key is for its own facility only.",
        )
    return Order(
        caller,
        fields.facility or None,
        dry_run=fields.dry_run,
        late_reason=fields.late_reason,
        mapping=fields.mapping,
    )


async def save_upload(upload: UploadFile, to: Path) -> str:
    """Copy an upload to a file; returns its SHA-256. The size was limited on the way in."""
    digest = hashlib.sha256()
    async with await anyio.open_file(to, "wb") as out:
        while chunk := await upload.read(_COPY_BYTES):
            digest.update(chunk)
            await out.write(chunk)
    return digest.hexdigest()


async def batch_state(batch_id: uuid.UUID, res: Resources, *, caller: ApiKey) -> BatchOut:
    """A batch that this caller may see, with its counts at the same moment."""
    async with res.db.read() as session:
        batch = await get_batch(session, batch_id, caller=caller)
        return batch_out(batch, await batch_store.count(session, batch_id))


async def _answer(
    batch_id: uuid.UUID, res: Resources, status: int, *, caller: ApiKey, **headers: str
) -> Response:
    return json_answer(
        (await batch_state(batch_id, res, caller=caller)).model_dump(mode="json"), status, **headers
    )


@router.get("/{batch_id}", response_model=BatchOut, responses={200: headers("Retry-After")})
async def read(batch_id: uuid.UUID, res: Res, caller: Reader) -> Response:
    """Where a batch stands; the counts come from the rows themselves."""
    state = await batch_state(batch_id, res, caller=caller)
    headers = {} if state.finished_at else {"retry_after": "1"}
    return json_answer(state.model_dump(mode="json"), 200, **headers)


@router.post("/{batch_id}/{change}", response_model=BatchOut)
async def change(
    batch_id: uuid.UUID, change: BatchChange, res: Res, caller: Writer, now: Now, once: Once
) -> Response:
    """Stop a batch, go on with it, or try again what failed in it.

    `cancel` gives up what nobody has begun to sign, and finishes what is being signed: then `finished_at` is
    set. `resume` asks for the same certificates under the same codes, and reads the rest of the file.
    `replay` retries those that failed, once the cause, the `reason` in `results`, is mended.
    """

    async def work() -> Response:
        await change_batch(res.db, batch_id, change, caller=caller, now=now)
        await ring_for_all(batch_id, res)
        return await _answer(batch_id, res, 200, caller=caller)

    return await once(work, caller=caller)


async def ring_for_all(batch_id: uuid.UUID, res: Resources) -> None:
    """Ring the queue twice: there may be certificates to issue, and rows to read."""
    await res.doorbell.ring_batch(batch_id)
    await res.doorbell.ring_issue()


@router.get(
    "/{batch_id}/results",
    response_class=StreamingResponse,
    responses={
        200: {"content": {_NDJSON_TYPE: {}, "text/csv": {}, XLSX_TYPE: {}}, **headers("Content-Disposition")}
    },
)
async def results(
    request: Request,
    batch_id: uuid.UUID,
    res: Res,
    caller: Reader,
    format: ResultFormat = "ndjson",  # noqa: A002 - the contract's name
) -> Response:
    """One line per row and kind; as XLSX the sender's own file with a result in each row, to be mended and
    sent again.
    """
    async with res.db.read() as session:
        batch = await get_batch(session, batch_id, caller=caller)
    is_open = caller.role is not Role.AUDITOR
    if format == "xlsx":
        turns = request.app.state.returning_turns
        book = await returned_workbook(
            res.db,
            batch,
            blobs=res.blobs,
            vault=res.vault,
            settings=res.settings,
            with_file=is_open,
            turns=turns,
        )
        return StreamingResponse(
            _pieces(book), media_type=XLSX_TYPE, headers=_as_file(f"results-{batch_id}.xlsx")
        )
    lines = result_lines(
        res.db, batch_id, vault=res.vault, base_url=res.settings.base_url, with_codes=is_open
    )
    if format == "csv":
        return StreamingResponse(
            results_csv(lines),
            media_type="text/csv; charset=utf-8",
            headers=_as_file(f"results-{batch_id}.csv"),
        )
    return StreamingResponse(_ndjson(lines), media_type=_NDJSON_TYPE)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := await anyio.to_thread.run_sync(file.read, _COPY_BYTES):
            yield chunk


async def _ndjson(lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


@router.get(
    "/{batch_id}/archive.zip", response_class=StreamingResponse, responses={200: file("application/zip")}
)
async def read_archive(batch_id: uuid.UUID, res: Res, caller: Reader, now: Now) -> Response:
    """Every PDF of the batch that is issued, and results.csv."""
    async with res.db.read() as session:
        await get_batch(session, batch_id, caller=caller)
    with_codes = caller.role is not Role.AUDITOR
    content = archive_zip(
        res.db,
        batch_id,
        archive=res.archive,
        vault=res.vault,
        base_url=res.settings.base_url,
        now=now,
        with_codes=with_codes,
    )
    return StreamingResponse(
        content, media_type="application/zip", headers=_as_file(f"certificates-{batch_id}.zip")
    )


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
