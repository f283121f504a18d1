"""Exchange files for the social insurance: of one certificate, or of a batch as a ZIP."""

import uuid
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from certsvc.api.access import Now, Reader, Res
from certsvc.api.openapi import file
from certsvc.callers.keys import require_scope
from certsvc.issuing.batches.exporting import Exporter, export_zip
from certsvc.issuing.batches.results import file_name
from certsvc.issuing.visibility import get_batch, get_visible
from certsvc.models import ApiKey, Scope
from certsvc.records.exchange.fields import Format

router = APIRouter(prefix="/v1", tags=["exports"])


@router.get(
    "/certificates/{certificate_id}/export",
    response_class=Response,
    responses={200: file("application/xml"), 409: {}},
)
async def export_certificate(
    certificate_id: uuid.UUID,
    format: Format,  # noqa: A002 - as results are asked for
    res: Res,
    caller: Reader,
    now: Now,
) -> Response:
    """A sick leave as CT07 (2022 or 2025) or as XML11 with its XML1."""
    _require_may_sign(caller, format)
    async with res.db.read() as session:
        certificate = await get_visible(session, certificate_id, caller=caller)
    data = await Exporter(res.db, vault=res.vault, settings=res.settings).file(certificate, format, now=now)
    return Response(data, media_type="application/xml", headers=_as_file(file_name(certificate, "xml")))


@router.get(
    "/batches/{batch_id}/export", response_class=StreamingResponse, responses={200: file("application/zip")}
)
async def export_batch(batch_id: uuid.UUID, format: Format, res: Res, caller: Reader, now: Now) -> Response:  # noqa: A002 - as results are asked for
    """Every sick leave of the batch, or what replaced it, one file per case; and export.csv with what was
    left out and why.
    """
    _require_may_sign(caller, format)
    async with res.db.read() as session:
        await get_batch(session, batch_id, caller=caller)
    exporter = Exporter(res.db, vault=res.vault, settings=res.settings)
    content = export_zip(exporter, res.db, batch_id, format, now=now)
    return StreamingResponse(
        content, media_type="application/zip", headers=_as_file(f"{format}-{batch_id}.zip")
    )


def _require_may_sign(caller: ApiKey, layout: Format) -> None:
    """Files of 2025 carry the facility's signature, which a caller who may only read cannot ask for. Raises
    Forbidden `read_only`.
    """
    if layout is Format.CT07_2025:
        require_scope(caller, Scope.ISSUE)


def _as_file(name: str) -> dict[str, str]:
    """In any alphabet [RFC 6266]."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
