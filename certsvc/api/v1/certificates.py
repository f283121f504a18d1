"""`/v1/certificates`: ask for one, follow it, fetch its PDF, withdraw it."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from certsvc.api.access import Now, Reader, Res, Withdrawer, Writer
from certsvc.api.downloads import PDF_ANSWERS, deliver_pdf
from certsvc.api.idempotency import Once, json_answer
from certsvc.api.openapi import headers
from certsvc.api.paging import Cursor, lead_on, read_cursor
from certsvc.api.schemas import (
    CertificateOut,
    CertificatePage,
    CertificateRequest,
    Replacement,
    Withdrawal,
    certificate_out,
)
from certsvc.issuing.reopening import reopen_code
from certsvc.issuing.requests.single import request_certificate
from certsvc.issuing.terms import Terms
from certsvc.issuing.visibility import get_visible, not_issued
from certsvc.issuing.withdrawing import changes
from certsvc.issuing.withdrawing.changes import StatusChange
from certsvc.models import PUBLISHED, ApiKey, Certificate, Kind, Status, WithdrawalReason
from certsvc.refusals import text_needed
from certsvc.resources import Resources
from certsvc.store import certificates

router = APIRouter(prefix="/v1/certificates", tags=["certificates"])
MAX_PAGE = 200


def _body(certificate: Certificate, *, caller: ApiKey, res: Resources) -> dict[str, Any]:
    return certificate_out(certificate, caller=caller, vault=res.vault, settings=res.settings).model_dump(
        mode="json"
    )


@router.post(
    "", status_code=202, response_model=CertificateOut, responses={202: headers("Location", "Retry-After")}
)
async def request_one(body: CertificateRequest, res: Res, caller: Writer, now: Now, once: Once) -> Response:
    """Ask for one certificate; it is signed in the background."""

    async def work() -> Response:
        terms = Terms(caller=caller, now=now, late_reason=body.late_reason)
        certificate, _ = await request_certificate(
            res.db, body.record, body.kind, terms=terms, vault=res.vault
        )
        await res.doorbell.ring_issue()
        return _accepted(certificate, caller=caller, res=res)

    return await once(work, body, caller=caller)


def _accepted(certificate: Certificate, *, caller: ApiKey, res: Resources) -> Response:
    return json_answer(
        _body(certificate, caller=caller, res=res),
        202,
        location=f"/v1/certificates/{certificate.id}",
        retry_after="1",
    )


@router.get("")
async def list_certificates(
    request: Request,
    response: Response,
    res: Res,
    caller: Reader,
    *,
    facility: str | None = None,
    status: Status | None = None,
    kind: Kind | None = None,
    case_id: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> CertificatePage:
    """What this caller may see, newest first."""
    if facility is not None and not caller.may_see(facility):
        return CertificatePage(items=[], next_cursor=None)
    async with res.db.read() as session:
        found = await certificates.list_page(
            session,
            facility_code=facility or caller.facility_code,
            status=status,
            kind=kind,
            case_id=case_id,
            before=None if cursor is None else read_cursor(cursor),
            limit=limit + 1,
        )
    page, has_more = found[:limit], len(found) > limit
    next_cursor = lead_on(request, response, page[-1].requested_at, page[-1].id) if has_more else None
    items = [
        certificate_out(certificate, caller=caller, vault=res.vault, settings=res.settings)
        for certificate in page
    ]
    return CertificatePage(items=items, next_cursor=next_cursor)


@router.get(
    "/{certificate_id}",
    response_model=CertificateOut,
    responses={200: headers("ETag", "Cache-Control"), 304: headers("ETag")},
)
async def read_one(certificate_id: uuid.UUID, request: Request, res: Res, caller: Reader) -> Response:
    """Where a certificate stands."""
    async with res.db.read() as session:
        certificate = await get_visible(session, certificate_id, caller=caller)
    etag = f'"{certificate.id.hex}-{certificate.changed_at.timestamp():.6f}"'
    if request.headers.get("If-None-Match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return JSONResponse(
        _body(certificate, caller=caller, res=res),
        headers={"ETag": etag, "Cache-Control": "private, no-cache"},
    )


@router.get("/{certificate_id}/pdf", response_class=Response, responses=PDF_ANSWERS | {409: {}})
async def read_pdf(certificate_id: uuid.UUID, request: Request, res: Res, caller: Reader) -> Response:
    """The signed PDF, byte for byte as published."""
    async with res.db.read() as session:
        certificate = await get_visible(session, certificate_id, caller=caller)
    if certificate.status not in PUBLISHED:
        raise not_issued(certificate)
    return await deliver_pdf(request, certificate, res=res)


@router.post(
    "/{certificate_id}/replace",
    status_code=202,
    response_model=CertificateOut,
    responses={202: headers("Location", "Retry-After")},
)
async def replace(
    certificate_id: uuid.UUID, body: Replacement, res: Res, caller: Withdrawer, now: Now, once: Once
) -> Response:
    """Replace it by a successor: corrected by `record`, or without one the same paper again."""

    async def work() -> Response:
        reason = explained(body)
        successor = await changes.replace(
            res.db,
            certificate_id,
            reason=reason,
            text=body.text,
            record=body.record,
            caller=caller,
            now=now,
            vault=res.vault,
        )
        await res.doorbell.ring_issue()
        return _accepted(successor, caller=caller, res=res)

    return await once(work, body, caller=caller)


@router.post("/{certificate_id}/reopen-code", response_model=CertificateOut)
async def reopen(certificate_id: uuid.UUID, res: Res, caller: Withdrawer, now: Now, once: Once) -> Response:
    """Let its holder try the second factor again at once: wrong tries, whoever made them, count no more."""

    async def work() -> Response:
        certificate = await reopen_code(res.db, certificate_id, caller=caller, now=now)
        return json_answer(_body(certificate, caller=caller, res=res), 200)

    return await once(work, caller=caller)


@router.post("/{certificate_id}/{change}", response_model=CertificateOut)
async def withdraw(
    certificate_id: uuid.UUID,
    change: StatusChange,
    body: Withdrawal,
    res: Res,
    caller: Withdrawer,
    now: Now,
    once: Once,
) -> Response:
    """Revoke for good, suspend, or reinstate what was suspended; everybody sees it at once."""

    async def work() -> Response:
        certificate = await changes.change(
            res.db, certificate_id, change, reason=explained(body), text=body.text, caller=caller, now=now
        )
        return json_answer(_body(certificate, caller=caller, res=res), 200)

    return await once(work, body, caller=caller)


def explained(body: Withdrawal) -> WithdrawalReason:
    """The reason. Raises InputError `text_needed`."""
    if body.reason is WithdrawalReason.OTHER and not body.text:
        raise text_needed()
    return body.reason
