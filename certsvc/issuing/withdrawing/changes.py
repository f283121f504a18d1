"""Revoke, suspend, reinstate, replace: the row changes and everybody sees it at once."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import day_in_hanoi
from certsvc.errors import Conflict, InputError
from certsvc.issuing.certificates import discharge_rule_of, disclosures_of, marks_of, new_certificate
from certsvc.issuing.known import Asker, PeoplesHistory, Stations
from certsvc.issuing.requests.single import check_for, rejected
from certsvc.issuing.rulebooks import load_rulebook
from certsvc.issuing.terms import Answer, Terms
from certsvc.issuing.visibility import get_own
from certsvc.models import (
    ApiKey,
    Certificate,
    CertificateMark,
    Disclosure,
    EventType,
    Status,
    WithdrawalReason,
)
from certsvc.records import Case, Cell, judge, rule_ids
from certsvc.store import Database, certificates, papers, recalls, registry, status_lists
from certsvc.vault import Vault
from certsvc.webhooks.events import announce


class Change(StrEnum):
    """What may be done to a certificate that was issued."""

    REVOKE = "revoke"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REPLACE = "replace"


StatusChange = Literal[Change.REVOKE, Change.SUSPEND, Change.REINSTATE]
"""A change that makes no second certificate."""


async def _get_own(
    session: AsyncSession, certificate_id: uuid.UUID, *, caller: ApiKey, for_change: bool = True
) -> Certificate:
    """For a change: an insurer may withdraw only what it asked for itself [api, Keys and roles], and nobody
    what a recall holds that waits.

    Raises NotFound, Forbidden `not_yours`, Conflict `under_recall`.
    """
    certificate = await get_own(session, certificate_id, caller=caller, for_change=for_change)
    if recall_id := (await recalls.waiting_of(session, [certificate_id])).get(certificate_id):
        raise Conflict(
            "under_recall",
            "Giấy thuộc một đợt thu hồi đang chờ người thứ hai duyệt; hãy duyệt hoặc từ chối đợt đó trước.",
            "The certificate is under a recall that waits for a second person; approve or decline that"
            " first.",
            recall_id=str(recall_id),
        )
    return certificate


_TRANSITIONS: Mapping[Change, Callable[[Certificate, dt.datetime, str, str | None], None]] = {
    Change.REVOKE: Certificate.revoke,
    Change.SUSPEND: Certificate.suspend,
    Change.REINSTATE: Certificate.reinstate,
    Change.REPLACE: Certificate.replace,
}

TOLD: Mapping[Status, tuple[str, EventType]] = {
    Status.SUSPENDED: ("suspended", EventType.CERTIFICATE_SUSPENDED),
    Status.REVOKED: ("revoked", EventType.CERTIFICATE_REVOKED),
    Status.ISSUED: ("reinstated", EventType.CERTIFICATE_REINSTATED),
    Status.REPLACED: ("replaced", EventType.CERTIFICATE_REPLACED),
}
"""What is said of a certificate that has just been given a state: in its history, and to webhooks."""


async def preview(
    db: Database,
    certificate_id: uuid.UUID,
    change: Change,
    *,
    reason: WithdrawalReason,
    text: str | None,
    caller: ApiKey,
    now: dt.datetime,
) -> Certificate:
    """The certificate as the change would leave it; nothing is changed. Raises what the change itself would,
    but for a record's rules.
    """
    async with db.read() as session:
        certificate = await _get_own(session, certificate_id, caller=caller, for_change=False)
        session.expunge(certificate)
    _TRANSITIONS[change](certificate, now, reason, text)
    return certificate


async def change(
    db: Database,
    certificate_id: uuid.UUID,
    change: StatusChange,
    *,
    reason: WithdrawalReason,
    text: str | None,
    caller: ApiKey,
    now: dt.datetime,
) -> Certificate:
    """Revoke, suspend or reinstate. Raises NotFound, Forbidden `not_yours`, Conflict `under_recall`,
    `illegal_transition`.
    """
    async with db.begin() as session:
        certificate = await _get_own(session, certificate_id, caller=caller)
        _TRANSITIONS[change](certificate, now, reason, text)
        await _tell(session, certificate, reason, caller=caller, now=now)
    return certificate


async def _tell(
    session: AsyncSession,
    certificate: Certificate,
    reason: WithdrawalReason,
    *,
    caller: ApiKey,
    now: dt.datetime,
    **facts: str,
) -> None:
    """What has just befallen a certificate goes to the status lists, its history and the webhooks; the
    reason's text to none of them.
    """
    event, told = TOLD[certificate.status]
    await status_lists.mark_changed(session, certificate)
    certificates.record_event(
        session, certificate.id, event, at=now, actor=str(caller.id), reason=str(reason), **facts
    )
    await announce(session, told, [certificate], now=now)


async def replace(
    db: Database,
    certificate_id: uuid.UUID,
    *,
    reason: WithdrawalReason,
    text: str | None,
    record: Mapping[str, Cell] | None,
    caller: ApiKey,
    now: dt.datetime,
    vault: Vault,
) -> Certificate:
    """Put a successor in a certificate's place; returns the successor, `requested`.

    Without `record` it is the same paper again, marked "CẤP LẠI" [sick-leave, Issued again]. The old one is
    `replaced` at once, before the successor is signed: a paper known to be wrong must not stay valid.
    The caller rings the queue afterwards.
    """
    async with db.begin() as session:
        await papers.take_turn(session)
        old = await _get_own(session, certificate_id, caller=caller)
        content = (
            _content_of(old, vault)
            if record is None
            else await _corrected(session, old, record, caller=caller, now=now, vault=vault)
        )
        if not isinstance(content, InputError):
            return await _succeed(
                session, old, content, reason=reason, text=text, caller=caller, now=now, vault=vault
            )
    raise content  # behind the transaction, so that what was told of other facilities' cases stays noted


@dataclass(frozen=True, slots=True, repr=False)
class _Content:
    """What a successor certifies; `is_new` is False where it is the same paper again."""

    case: Case
    warnings: Sequence[str]
    discharge_rule: str | None
    is_new: bool


def _content_of(certificate: Certificate, vault: Vault) -> _Content:
    case = vault.open_case(certificate.id, certificate.record)
    return _Content(case, certificate.warnings, certificate.discharge_rule, is_new=False)


async def _corrected(
    session: AsyncSession,
    old: Certificate,
    record: Mapping[str, Cell],
    *,
    caller: ApiKey,
    now: dt.datetime,
    vault: Vault,
) -> _Content | InputError:
    """What the record says, or why it is refused: it is another case or breaks a rule.

    Another case is not even judged: what was known of its patient would be noted as disclosed, though nobody
    was told. Raises InputError `unknown_fields`.
    """
    stations, rules = await Stations.load(session, only=caller.facility_code), await load_rulebook(session)
    row = check_for(old.kind, record, now=now, stations=stations)
    key = (old.facility_code, old.case_id)
    if row.case is not None and (row.case.facility_code, row.case.case_id) != key:
        return InputError(
            "another_case",
            "Hồ sơ thay thế phải cùng cơ sở và cùng mã ca.",
            "The replacing record must be of the same facility and case.",
        )
    history = PeoplesHistory()
    if row.case is not None:
        await history.learn(session, [row.case], asker=Asker(caller), vault=vault)
    verdict = judge(row, history=history.beside(key), rules=rules, today=day_in_hanoi(now))[old.kind]
    answer = Answer(old.kind, verdict.outcome, verdict.findings, told=verdict.told)
    await papers.add_all(session, Disclosure, disclosures_of(row, [answer], terms=Terms(caller, now)))
    if row.case is None or verdict.outcome == "reject":
        return rejected(verdict.findings)
    return _Content(
        row.case, rule_ids(verdict.findings), discharge_rule_of(row.case, old.kind, rules), is_new=True
    )


async def _succeed(
    session: AsyncSession,
    old: Certificate,
    content: _Content,
    *,
    reason: WithdrawalReason,
    text: str | None,
    caller: ApiKey,
    now: dt.datetime,
    vault: Vault,
) -> Certificate:
    """Put a certificate of this content, `requested`, in the old one's place."""
    terms = Terms(caller=caller, now=now, late_reason="late" if content.is_new else "reissue")
    successor = new_certificate(content.case, old.kind, revision=old.revision + 1, terms=terms, vault=vault)
    successor.replaces_id = old.id
    successor.is_reissue = not content.is_new
    successor.discharge_rule = content.discharge_rule
    successor.awaits_approval = bool(await registry.requiring_approval(session, [old.facility_code]))
    successor.warnings = [rule for rule in content.warnings if rule != "A-LATE"]
    old.replace(now, reason, text)
    await session.flush()  # the old one must be dead before the database sees a second one alive
    session.add(successor)
    await session.flush()
    await papers.add_all(
        session,
        CertificateMark,
        [{"certificate_id": successor.id, "mark": mark} for mark in marks_of(content.case, vault=vault)],
    )
    old.replaced_by_id = successor.id
    certificates.record_event(
        session, successor.id, "requested", at=now, actor=str(caller.id), replaces=str(old.id)
    )
    await _tell(session, old, reason, caller=caller, now=now, by=str(successor.id))
    return successor
