"""PDF bytes over HTTP: strong ETag, one byte range [RFC 9110 §13, §14]."""

import re
from typing import Any

from fastapi import HTTPException, Request, Response

from certsvc.api.openapi import file, headers
from certsvc.files.blobs import missing
from certsvc.models import Certificate
from certsvc.resources import Resources
from certsvc.store import certificates
from certsvc.store.entries import Entry

_WHOLE = file("application/pdf")["headers"] | headers("ETag", "Accept-Ranges", "Cache-Control")["headers"]
PDF_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "headers": _WHOLE},
    206: {"content": {"application/pdf": {}}, "headers": _WHOLE | headers("Content-Range")["headers"]},
    304: headers("ETag"),
    416: headers("Content-Range"),
}
"""What `pdf_response` may answer, for OpenAPI."""
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


async def deliver_pdf(request: Request, certificate: Certificate | Entry, *, res: Resources) -> Response:
    """A published certificate's file, byte for byte. Raises Broken `blob_missing` where the register lacks
    it, and what `Archive.get` raises.
    """
    digest = certificate.pdf_sha256 or ""
    async with res.db.read() as session:
        published = (await certificates.published_files(session, [digest])).get(digest)
    if published is None:
        raise missing()
    return pdf_response(
        request, await res.archive.get(published), sha256=digest, filename=f"{certificate.serial}.pdf"
    )


def pdf_response(request: Request, data: bytes, *, sha256: str, filename: str) -> Response:
    """The file, or the range asked for; 304 where the client has it, 416 for a range outside it."""
    etag = f'"{sha256}"'
    sent = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{_safe(filename)}"',
    }
    if etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=sent)
    wanted = request.headers.get("Range")
    is_changed = request.headers.get("If-Range", etag) != etag
    if wanted is None or is_changed or not (match := _RANGE.fullmatch(wanted)):
        return Response(data, media_type="application/pdf", headers=sent)
    first, last = _bounds(match[1], match[2], size=len(data))
    if first > last:
        raise HTTPException(416, headers={"Content-Range": f"bytes */{len(data)}"})
    sent["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], 206, media_type="application/pdf", headers=sent)


def _bounds(first: str, last: str, *, size: int) -> tuple[int, int]:
    """First and last byte, both inclusive; `-n` means the last n."""
    if first == "":
        return (max(0, size - int(last)), size - 1) if last else (1, 0)
    return int(first), min(int(last), size - 1) if last else size - 1


def _safe(filename: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", filename)
