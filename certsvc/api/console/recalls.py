"""`/staff/recalls`: revoke many certificates at once, after a preview, and approve or decline what waits for
a second person.
"""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.idempotency import answer_once, fingerprint
from certsvc.api.paging import Cursor, cursor_behind, read_cursor
from certsvc.api.problems import status_of
from certsvc.api.schemas import Withdrawal
from certsvc.api.v1.certificates import explained
from certsvc.api.v1.recall_schemas import Declination, RecallChoice, recall_out, recalled_out
from certsvc.api.v1.recalls import owner_seen_by
from certsvc.api.words.console import CHANGES
from certsvc.callers.keys import require_scope
from certsvc.callers.sessions import SignedIn
from certsvc.errors import InputError, NotFound
from certsvc.issuing.withdrawing import recalling
from certsvc.issuing.withdrawing.changes import Change
from certsvc.issuing.withdrawing.recalling import get_recall, nothing_chosen
from certsvc.models import ApiKey, RecallOutcome, RecallStatus, Scope, WithdrawalReason
from certsvc.resources import Resources
from certsvc.store import recalls

router = APIRouter(prefix="/staff/recalls", include_in_schema=False)
_A_PAGE = 50
_NAMED = 50
"""Serials that a preview lists."""
_Typed = Annotated[str, Form(max_length=1000)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the form says was chosen, as text; each page hands it on to the next."""

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

    def read(self, **more: Any) -> RecallChoice:
        """Raises InputError `nothing_chosen` where it makes no sense."""
        fields = {
            "batch_id": self.batch_id,
            "facility": self.facility,
            "kind": self.kind,
            "signed_from": self.signed_from,
            "signed_to": self.signed_to,
        }
        given = {name: value for name, value in fields.items() if value}
        try:
            return RecallChoice.model_validate({"certificate_ids": self.certificate, **given, **more})
        except ValidationError as error:
            raise nothing_chosen() from error


async def read_choice(
    *,
    certificate: Annotated[list[uuid.UUID] | None, Form(max_length=_A_PAGE)] = None,
    batch_id: _Typed = "",
    facility: _Typed = "",
    kind: _Typed = "",
    signed_from: _Typed = "",
    signed_to: _Typed = "",
) -> Chosen:
    return Chosen(
        tuple(str(each) for each in certificate or ()),
        batch_id,
        facility.strip(),
        kind,
        signed_from,
        signed_to,
    )


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
    """Ask why; then show what would happen; `confirmed` by that page, do it. Pressing twice is one recall."""
    require_scope(staff.caller, Scope.WITHDRAW)
    if not step:
        return await _reason_page(request, chosen, res=res, staff=staff)
    asked: dict[str, Any] = {
        "reason": reason,
        "text": text.strip() or None,
        "needs_approval": needs_approval == "yes",
    }
    try:
        _require_reason(reason, asked["text"])
    except InputError as error:
        return await _reason_page(request, chosen, res=res, staff=staff, asked=asked, error=error)
    if step != "confirmed":
        return await preview_page(request, chosen, res=res, staff=staff, asked=asked)
    order = chosen.read(**asked).order(expected_count=expected_count)

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


def _require_reason(reason: str, text: str | None) -> None:
    """Raises InputError `reason_needed`, `text_needed`."""
    if reason not in CHANGES[Change.REVOKE].reasons:
        raise InputError(
            "reason_needed", "Hãy chọn một lý do trong danh sách.", "Choose a reason from the list."
        )
    explained(Withdrawal(reason=WithdrawalReason(reason), text=text))


async def _reason_page(
    request: Request,
    chosen: Chosen,
    *,
    res: Resources,
    staff: SignedIn,
    asked: dict[str, Any] | None = None,
    error: InputError | None = None,
) -> Response:
    asked = asked or {"reason": "", "text": None, "needs_approval": False}
    order = chosen.read(reason=WithdrawalReason.OTHER).order()
    plan = await recalling.preview(res.db, order, caller=staff.caller, revoke_alone=res.settings.revoke_alone)
    context: dict[str, Any] = {
        "chosen": chosen,
        "plan": plan,
        "asked": asked,
        "error": error,
        "revoke_alone": res.settings.revoke_alone,
    }
    return pages.render(
        request,
        "staff_recall_reason.html",
        status=status_of(error) if error else 200,
        headers=HEADERS,
        staff=staff,
        **context,
    )


async def preview_page(
    request: Request, chosen: Chosen, *, res: Resources, staff: SignedIn, asked: dict[str, Any]
) -> Response:
    """What a recall would do, and the form that does it."""
    plan = await recalling.preview(
        res.db, chosen.read(**asked).order(), caller=staff.caller, revoke_alone=res.settings.revoke_alone
    )
    context: dict[str, Any] = {
        "chosen": chosen,
        "plan": plan,
        "asked": asked,
        "once": secrets.token_hex(16),
        "revoke_alone": res.settings.revoke_alone,
    }
    return pages.render(
        request, "staff_recall_preview.html", headers=HEADERS, staff=staff, named=_NAMED, **context
    )


async def waiting_recall(
    session: AsyncSession, certificate_id: uuid.UUID, *, caller: ApiKey
) -> dict[str, uuid.UUID | None] | None:
    """The recall that waits and holds the certificate, if any; its id for who may see it."""
    recall_id = (await recalls.waiting_of(session, [certificate_id])).get(certificate_id)
    if recall_id is None:
        return None
    try:
        await get_recall(session, recall_id, caller=caller)
    except NotFound:
        return {"id": None}
    return {"id": recall_id}


@router.get("")
async def list_recalls(
    request: Request,
    res: Res,
    staff: Staff,
    *,
    status: Annotated[str, Query(max_length=20)] = "",
    cursor: Cursor = None,
) -> Response:
    """The recalls of the caller's organisation, newest first; admins and auditors see all."""
    async with res.db.read() as session:
        found = await recalls.list_page(
            session,
            owner=owner_seen_by(staff.caller),
            status=RecallStatus(status) if status in set(RecallStatus) else None,
            before=None if cursor is None else read_cursor(cursor),
            limit=_A_PAGE + 1,
        )
        shown = [recall_out(detail) for detail in await recalls.in_detail(session, found[:_A_PAGE])]
    behind = cursor_behind(shown[-1].asked_at, shown[-1].id) if len(found) > _A_PAGE else None
    return pages.render(
        request,
        "staff_recalls.html",
        headers=HEADERS,
        staff=staff,
        recalls=shown,
        chosen_status=status,
        cursor=behind,
    )


@router.get("/{recall_id}")
async def read_recall(
    recall_id: uuid.UUID,
    request: Request,
    res: Res,
    staff: Staff,
    *,
    show: RecallOutcome | None = None,
    cursor: Cursor = None,
) -> Response:
    """One recall: who asked for it and why, its certificates, what came of each, and what this person may
    do.
    """
    return await _recall_page(request, recall_id, res=res, staff=staff, show=show, cursor=cursor)


async def _recall_page(
    request: Request,
    recall_id: uuid.UUID,
    *,
    res: Resources,
    staff: SignedIn,
    show: RecallOutcome | None = None,
    cursor: str | None = None,
    error: InputError | None = None,
) -> Response:
    async with res.db.read() as session:
        recall, asked_by = await get_recall(session, recall_id, caller=staff.caller)
        [detail] = await recalls.in_detail(session, [recall])
        shown = recall_out(detail)
        before = None if cursor is None else read_cursor(cursor)
        found = await recalls.certificates_page(
            session, recall_id, outcome=show, before=before, limit=_A_PAGE + 1
        )
    last = found[_A_PAGE - 1].certificate if len(found) > _A_PAGE else None
    context: dict[str, Any] = {
        "recall": shown,
        "chosen": Chosen.kept(shown.chosen),
        "certificates": [recalled_out(each) for each in found[:_A_PAGE]],
        "show": show,
        "cursor": cursor_behind(last.requested_at, last.id) if last else None,
        "may_decide": recall.status is RecallStatus.WAITING and staff.caller.may(Scope.WITHDRAW),
        "is_second": recall.may_be_approved_by(staff.caller, asked_by=asked_by),
        "error": error,
    }
    return pages.render(
        request,
        "staff_recall.html",
        status=status_of(error) if error else 200,
        headers=HEADERS,
        staff=staff,
        **context,
    )


@router.post("/{recall_id}/approve")
async def approve(recall_id: uuid.UUID, res: Res, now: Now, staff: StaffForm) -> Response:
    require_scope(staff.caller, Scope.WITHDRAW)
    await recalling.approve(res.db, recall_id, caller=staff.caller, now=now)
    return RedirectResponse(f"/staff/recalls/{recall_id}", 303)


@router.post("/{recall_id}/decline")
async def decline(
    recall_id: uuid.UUID, request: Request, res: Res, now: Now, staff: StaffForm, text: _Typed = ""
) -> Response:
    """By whoever asked: take it back."""
    require_scope(staff.caller, Scope.WITHDRAW)
    try:
        why = Declination.model_validate({"text": text})
    except ValidationError:
        error = InputError("text_needed", "Hãy ghi rõ vì sao.", "Say why.")
        return await _recall_page(request, recall_id, res=res, staff=staff, error=error)
    await recalling.decline(res.db, recall_id, text=why.text, caller=staff.caller, now=now)
    return RedirectResponse(f"/staff/recalls/{recall_id}", 303)
