"""`/v1/batches`: send a file of cases, follow it, learn the fate of every row, fetch the PDFs."""

import hashlib
import json
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import StreamingResponse

from certsvc.api.access import Now, Reader, Res, Writer
from certsvc.api.idempotency import IdempotencyKey, answer_once, fingerprint, json_answer
from certsvc.api.schemas import BatchOut, LateReason, batch_out
from certsvc.errors import Forbidden
from certsvc.issuing.batches import Order, accept_batch, get_batch
from certsvc.issuing.results import archive, result_lines, results_csv
from certsvc.models import Batch, Role
from certsvc.resources import Resources
from certsvc.store import batches as batch_store

router = APIRouter(prefix="/v1/batches", tags=["batches"])
_COPY_BYTES = 1024**2


@router.post("", status_code=202, response_model=BatchOut)
async def submit(
    request: Request,
    res: Res,
    caller: Writer,
    now: Now,
    *,
    file: Annotated[UploadFile, File(description="CSV or XLSX; told by content, not by name")],
    dry_run: Annotated[bool, Form()] = False,
    facility: Annotated[str | None, Form(max_length=5)] = None,
    late_reason: Annotated[LateReason, Form()] = "late",
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Hand in a file of cases. What its first bytes and its header show is refused at once."""
    if facility and not caller.may_see(facility):
        raise Forbidden("not_your_facility", "Khoá này chỉ dùng cho cơ sở của mình.", "This key is for its own facility only.")
    order = Order(caller=caller, facility_code=facility or None, dry_run=dry_run, late_reason=late_reason)
    with tempfile.NamedTemporaryFile(suffix=".upload") as copy:
        file_sha256 = await _save(file, Path(copy.name))

        async def work() -> Response:
            batch = await accept_batch(res.db, Path(copy.name), order=order, blobs=res.blobs, settings=res.settings, now=now)
            await res.doorbell.ring_batch(batch.id)
            return json_answer(await _body(batch, res), 202, location=f"/v1/batches/{batch.id}", retry_after="1")

        asked = fingerprint("POST", request.url.path, file_sha256, str(dry_run), facility or "", late_reason)
        return await answer_once(res.db, idempotency_key, caller=caller, request_sha256=asked, now=now, work=work)


async def _save(upload: UploadFile, to: Path) -> str:
    """Copy an upload to a file; returns its SHA-256. The size was limited on the way in."""
    digest = hashlib.sha256()
    async with await anyio.open_file(to, "wb") as out:
        while chunk := await upload.read(_COPY_BYTES):
            digest.update(chunk)
            await out.write(chunk)
    return digest.hexdigest()


async def _body(batch: Batch, res: Resources) -> dict[str, Any]:
    async with res.db.read() as session:
        counts = await batch_store.count(session, batch.id)
    return batch_out(batch, counts).model_dump(mode="json")


@router.get("/{batch_id}", response_model=BatchOut)
async def read(batch_id: uuid.UUID, res: Res, caller: Reader) -> Response:
    """Where a batch stands; the counts come from the rows themselves."""
    async with res.db.read() as session:
        batch = await get_batch(session, batch_id, caller=caller)
    headers = {} if batch.finished_at else {"retry_after": "1"}
    return json_answer(await _body(batch, res), 200, **headers)


@router.get("/{batch_id}/results", response_class=StreamingResponse)
async def results(batch_id: uuid.UUID, res: Res, caller: Reader, format: Literal["ndjson", "csv"] = "ndjson") -> Response:  # noqa: A002 - the contract's name
    """One line a row and kind."""
    async with res.db.read() as session:
        await get_batch(session, batch_id, caller=caller)
    lines = result_lines(res.db, batch_id, vault=res.vault, base_url=res.settings.base_url, with_codes=caller.role is not Role.AUDITOR)
    if format == "csv":
        return StreamingResponse(results_csv(lines), media_type="text/csv; charset=utf-8", headers=_as_file(f"results-{batch_id}.csv"))
    return StreamingResponse(_ndjson(lines), media_type="application/x-ndjson")


async def _ndjson(lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


@router.get("/{batch_id}/archive.zip", response_class=StreamingResponse)
async def read_archive(batch_id: uuid.UUID, res: Res, caller: Reader, now: Now) -> Response:
    """Every PDF of the batch that is issued, and results.csv."""
    async with res.db.read() as session:
        await get_batch(session, batch_id, caller=caller)
    with_codes = caller.role is not Role.AUDITOR
    content = archive(res.db, batch_id, blobs=res.blobs, vault=res.vault, base_url=res.settings.base_url, now=now, with_codes=with_codes)
    return StreamingResponse(content, media_type="application/zip", headers=_as_file(f"certificates-{batch_id}.zip"))


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
