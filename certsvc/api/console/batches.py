"""`/staff/batches`: submit a file, look at its dry run, have it issued, download the results."""

import datetime as dt
import tempfile
import uuid
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS, require_own_form, require_same_origin
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.idempotency import answer_once, fingerprint
from certsvc.api.paging import Cursor, cursor_behind, read_cursor
from certsvc.api.problems import status_of
from certsvc.api.schemas import batch_out
from certsvc.api.v1.batches import read_order, save_upload
from certsvc.callers.keys import require_scope
from certsvc.callers.sessions import SignedIn
from certsvc.errors import CertsvcError
from certsvc.issuing.batches.accepting import accept_batch
from certsvc.issuing.batches.cancelling import BatchChange
from certsvc.issuing.batches.rehearsals import issue_rehearsed
from certsvc.issuing.batches.results import result_of
from certsvc.issuing.visibility import get_batch
from certsvc.models import ApiKey, Batch, BatchStatus, Role, Scope
from certsvc.refusals import no_file
from certsvc.resources import Resources
from certsvc.store import batch_lists, batch_rows, mappings, registry
from certsvc.store import batches as batch_store
from certsvc.store.batch_lists import Fate

router = APIRouter(prefix="/staff/batches", include_in_schema=False)
_BATCHES_A_PAGE, _LINES_A_PAGE, _MOST_RULES = 20, 100, 30
_MOST_FIELDS = 8
_MAX_ROW = 2**31 - 1
_MB = 1024**2
_OWN_FIELDS = frozenset({"file", "csrf_token"})


@router.get("")
async def list_batches(request: Request, res: Res, staff: Staff, cursor: Cursor = None) -> Response:
    """The batches of the caller's organisation, newest first; admins and auditors see all."""
    owner = None if staff.caller.role in (Role.ADMIN, Role.AUDITOR) else staff.caller
    before = None if cursor is None else read_cursor(cursor)
    async with res.db.read() as session:
        found = await batch_lists.list_page(session, owner=owner, before=before, limit=_BATCHES_A_PAGE + 1)
        counted = await batch_lists.with_counts(session, found[:_BATCHES_A_PAGE])
    shown = [batch_out(batch, counts) for batch, counts in counted]
    behind = cursor_behind(shown[-1].created_at, shown[-1].id) if len(found) > _BATCHES_A_PAGE else None
    return pages.render(
        request, "staff_batches.html", headers=HEADERS, staff=staff, batches=shown, cursor=behind
    )


@router.get("/new")
async def ask_file(request: Request, res: Res, staff: Staff) -> Response:
    require_scope(staff.caller, Scope.ISSUE)
    return await _file_page(request, res, staff)


async def _file_page(
    request: Request, res: Resources, staff: SignedIn, *, error: CertsvcError | None = None
) -> Response:
    async with res.db.read() as session:
        saved = [mapping.name for mapping in await mappings.of_owner(session, staff.caller.owner)]
    limits = {"megabytes": res.settings.max_upload_bytes // _MB, "rows": res.settings.max_rows}
    status = status_of(error) if error else 200
    return pages.render(
        request,
        "staff_new_batch.html",
        status=status,
        headers=HEADERS,
        staff=staff,
        mappings=saved,
        limits=limits,
        error=error,
    )


@router.post("")
async def submit(request: Request, res: Res, now: Now, staff: Staff) -> Response:
    """A file of cases, as a dry run or at once; the form shows what is wrong with its first bytes or its
    header.
    """
    require_scope(staff.caller, Scope.ISSUE)
    require_same_origin(request, settings=res.settings)  # before a byte of the file is kept
    async with request.form(max_files=1, max_fields=_MOST_FIELDS) as form:
        require_own_form(request, staff, str(form.get("csrf_token", "")), settings=res.settings)
        try:
            batch = await _accept(
                form.get("file"),
                {name: value for name, value in form.items() if name not in _OWN_FIELDS},
                staff.caller,
                res=res,
                now=now,
            )
        except CertsvcError as error:
            return await _file_page(request, res, staff, error=error)
    await res.doorbell.ring_batch(batch.id)
    return RedirectResponse(f"/staff/batches/{batch.id}", 303)


async def _accept(
    upload: UploadFile | str | None,
    fields: dict[str, UploadFile | str],
    caller: ApiKey,
    *,
    res: Resources,
    now: dt.datetime,
) -> Batch:
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise no_file()
    order = read_order(fields, caller=caller)
    with tempfile.NamedTemporaryFile(suffix=".upload") as copy:
        await save_upload(upload, Path(copy.name))
        return await accept_batch(
            res.db,
            Path(copy.name),
            order=order,
            blobs=res.blobs,
            vault=res.vault,
            settings=res.settings,
            turns=res.file_turns,
            now=now,
        )


@router.get("/{batch_id}")
async def read_batch(
    batch_id: uuid.UUID,
    request: Request,
    res: Res,
    staff: Staff,
    *,
    show: Fate | None = None,
    rule: Annotated[str | None, Query(max_length=40)] = None,
    after: Annotated[int, Query(ge=0, le=_MAX_ROW)] = 0,
    mended: Annotated[int, Query(ge=0, le=_MAX_ROW)] = 0,
) -> Response:
    """Where a batch stands, which rules its rows met, and the rows; only the rejected ones at first, if
    there are any.
    """
    async with res.db.read() as session:
        batch = await get_batch(session, batch_id, caller=staff.caller)
        owner = await registry.get_caller(session, batch.owner_id)
        counts = await batch_store.count(session, batch_id)
        fate = show or (Fate.REJECTED if counts["rejected"] and rule is None else Fate.ALL)
        rules = await batch_lists.rule_counts(session, batch_id, most=_MOST_RULES)
        just_mended = await batch_rows.lines_of(session, batch_id, mended) if mended else []
        lines, behind = await batch_lists.lines_page(
            session, batch_id, fate=fate, rule=rule, after=after, limit=_LINES_A_PAGE
        )
    may_issue = staff.caller.may(Scope.ISSUE)
    has_own_file = may_issue and staff.caller.is_of_same_holder(owner) and batch.file_key is not None
    return pages.render(
        request,
        "staff_batch.html",
        headers=HEADERS,
        staff=staff,
        batch=batch_out(batch, counts),
        can_issue=has_own_file,
        can_mend=has_own_file and batch.status in (BatchStatus.RUNNING, BatchStatus.DONE),
        may_issue=may_issue,
        changes=_changes_open_now(batch, counts) if may_issue else [],
        just_mended=[
            result_of(line, vault=res.vault, base_url=res.settings.base_url) for line in just_mended
        ],
        shown={"fate": fate, "rule": rule, "behind": behind, "after": after},
        rules=rules,
        lines=[result_of(line, vault=res.vault, base_url=res.settings.base_url) for line in lines],
    )


def _changes_open_now(batch: Batch, counts: dict[str, int]) -> list[BatchChange]:
    """For the buttons alone: the use cases refuse what is not allowed."""
    is_open = {
        BatchChange.CANCEL: batch.status is BatchStatus.READING
        or (batch.status is not BatchStatus.CANCELLED and counts["pending"] > 0),
        BatchChange.RESUME: batch.status is BatchStatus.CANCELLED
        and (batch.counts is not None or batch.file_key is not None),
        BatchChange.REPLAY: batch.status is not BatchStatus.CANCELLED and counts["failed"] > 0,
    }
    return [change for change, may_be_made in is_open.items() if may_be_made]


@router.post("/{batch_id}/issue")
async def issue(batch_id: uuid.UUID, request: Request, res: Res, now: Now, staff: StaffForm) -> Response:
    """Issue what a dry run judged: the very same file, as mended since, becomes a batch of its own. Pressed
    twice, it is one batch.
    """
    require_scope(staff.caller, Scope.ISSUE)
    async with res.db.read() as session:
        mended = await batch_rows.count_versions(session, batch_id)

    async def work() -> Response:
        batch = await issue_rehearsed(
            res.db, batch_id, caller=staff.caller, blobs=res.blobs, vault=res.vault, now=now
        )
        await res.doorbell.ring_batch(batch.id)
        return RedirectResponse(f"/staff/batches/{batch.id}", 303)

    asked = fingerprint(request.method, request.url.path)
    return await answer_once(
        res.db,
        f"console {batch_id} {mended}",
        vault=res.vault,
        caller=staff.caller,
        request_sha256=asked,
        now=now,
        work=work,
    )
