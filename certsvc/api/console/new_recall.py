"""`/staff/recalls`: revoke many certificates at once: ask why, show what would happen, then do it."""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.reasons import read_reason
from certsvc.api.console.staff import StaffForm
from certsvc.api.idempotency import answer_once, fingerprint
from certsvc.api.problems import status_of
from certsvc.api.v1.recall_schemas import RecallChoice
from certsvc.callers.keys import require_scope
from certsvc.callers.sessions import SignedIn
from certsvc.errors import InputError
from certsvc.issuing.withdrawing import recalling
from certsvc.issuing.withdrawing.changes import Change
from certsvc.issuing.withdrawing.recalling import nothing_chosen
from certsvc.models import Scope, WithdrawalReason
from certsvc.resources import Resources

router = APIRouter(prefix="/staff/recalls", include_in_schema=False)
_MOST_BY_ID = 50
"""As many as a page of certificates lists."""
_NAMED = 50
"""Serials that a preview lists."""
_Typed = Annotated[str, Form(max_length=1000)]


@dataclass(frozen=True, slots=True)
class Asked:
    """Why, as the form says it, and whether a second person is to approve."""

    reason: str = ""
    text: str | None = None
    needs_approval: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which certificates, as the form says it; each page passes it on to the next."""

    certificate: tuple[str, ...] = ()
    batch_id: str = ""
    facility: str = ""
    kind: str = ""
    signed_from: str = ""
    signed_to: str = ""

    @classmethod
    def kept(cls, chosen: Mapping[str, str]) -> Self:
        """What a recall says it was chosen by; ids stand elsewhere."""
        return cls((), **chosen)

    def read(self, asked: Asked) -> RecallChoice:
        """Raises InputError `nothing_chosen` where it makes no sense."""
        fields = {
            "batch_id": self.batch_id,
            "facility": self.facility,
            "kind": self.kind,
            "signed_from": self.signed_from,
            "signed_to": self.signed_to,
        }
        given = {name: value for name, value in fields.items() if value}
        terms = {"reason": asked.reason, "text": asked.text, "needs_approval": asked.needs_approval}
        try:
            return RecallChoice.model_validate({"certificate_ids": self.certificate, **given, **terms})
        except ValidationError as error:
            raise nothing_chosen() from error


async def read_choice(
    *,
    certificate: Annotated[list[uuid.UUID] | None, Form(max_length=_MOST_BY_ID)] = None,
    batch_id: _Typed = "",
    facility: _Typed = "",
    kind: _Typed = "",
    signed_from: _Typed = "",
    signed_to: _Typed = "",
) -> Chosen:
    ids = tuple(map(str, certificate or ()))
    return Chosen(ids, batch_id, facility.strip(), kind, signed_from, signed_to)


@router.post("")
async def recall(
    request: Request,
    res: Res,
    now: Now,
    staff: StaffForm,
    chosen: Annotated[Chosen, Depends(read_choice)],
    *,
    reason: _Typed = "",
    text: _Typed = "",
    needs_approval: _Typed = "",
    step: _Typed = "",
    expected_count: Annotated[int | None, Form(ge=0)] = None,
    once: Annotated[str, Form(pattern="^[0-9a-f]{0,32}$")] = "",
) -> Response:
    """Ask why; then show what would happen; then, `confirmed` on that page, do it. Pressed twice, it is one
    recall.
    """
    require_scope(staff.caller, Scope.WITHDRAW)
    if not step:
        return await _reason_page(request, chosen, res=res, staff=staff)
    asked = Asked(reason, text.strip() or None, needs_approval == "yes")
    try:
        read_reason(Change.REVOKE, reason, text)
    except InputError as error:
        return await _reason_page(request, chosen, res=res, staff=staff, asked=asked, error=error)
    if step != "confirmed":
        return await preview_page(request, chosen, res=res, staff=staff, asked=asked)
    order = chosen.read(asked).order(expected_count=expected_count)

    async def work() -> Response:
        done = await recalling.start(
            res.db, order, caller=staff.caller, revoke_alone=res.settings.revoke_alone, now=now
        )
        return RedirectResponse(f"/staff/recalls/{done.id}", 303)

    fields = fingerprint(request.method, request.url.path, repr(order))
    key = f"console recall {once}" if once else None
    return await answer_once(
        res.db, key, vault=res.vault, caller=staff.caller, request_sha256=fields, now=now, work=work
    )


async def _reason_page(
    request: Request,
    chosen: Chosen,
    *,
    res: Resources,
    staff: SignedIn,
    asked: Asked | None = None,
    error: InputError | None = None,
) -> Response:
    plan = await _plan(chosen, Asked(WithdrawalReason.OTHER), res=res, staff=staff)
    return pages.render(
        request,
        "staff_recall_reason.html",
        status=status_of(error) if error else 200,
        headers=HEADERS,
        staff=staff,
        chosen=chosen,
        plan=plan,
        asked=asked or Asked(),
        error=error,
        revoke_alone=res.settings.revoke_alone,
    )


async def preview_page(
    request: Request, chosen: Chosen, *, res: Resources, staff: SignedIn, asked: Asked
) -> Response:
    """What a recall would do, and the form that does it."""
    return pages.render(
        request,
        "staff_recall_preview.html",
        headers=HEADERS,
        staff=staff,
        chosen=chosen,
        plan=await _plan(chosen, asked, res=res, staff=staff),
        asked=asked,
        once=secrets.token_hex(16),
        named=_NAMED,
        revoke_alone=res.settings.revoke_alone,
    )


async def _plan(chosen: Chosen, asked: Asked, *, res: Resources, staff: SignedIn) -> recalling.Plan:
    order = chosen.read(asked).order()
    return await recalling.preview(res.db, order, caller=staff.caller, revoke_alone=res.settings.revoke_alone)
