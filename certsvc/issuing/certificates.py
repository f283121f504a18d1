"""A new certificate of a case, as rows: itself, the marks it is found by, and what its judgement revealed."""

import uuid
from collections.abc import Iterable
from typing import Any

from certsvc.issuing.terms import Answer, Terms
from certsvc.models import Certificate, Kind, Status
from certsvc.records import Case, Checked, Rulebook, governing_rule
from certsvc.vault import Vault

_TELLING = frozenset({"A-OVERLAP", "R-REINFECTION"})
"""The rules whose findings may tell of other facilities' cases."""


def new_certificate(case: Case, kind: Kind, *, revision: int, terms: Terms, vault: Vault) -> Certificate:
    """A certificate `requested` for a case; its look-up secrets follow from its random id."""
    return Certificate(
        **certificate_values(
            case,
            kind,
            revision=revision,
            record=case.canonical(),
            digest=case.content_digest(),
            terms=terms,
            vault=vault,
        )
    )


def disclosures_of(row: Checked, answers: Iterable[Answer], *, terms: Terms) -> list[dict[str, Any]]:
    """What is to be noted of answers that tell of cases at other facilities, at both."""
    noted = []
    for answer in answers:
        rule = next((each.rule for each in answer.findings if each.rule in _TELLING), "")
        asking = {
            "at": terms.now,
            "rule": rule,
            "actor": str(terms.caller.id),
            "facility_code": row.facility_code,
            "case_id": row.case_id,
        }
        noted += [
            asking | {"told_facility_code": facility_code, "told_case_id": case_id}
            for facility_code, case_id in answer.told
        ]
    return noted


def marks_of(case: Case, *, vault: Vault) -> list[str]:
    """The blind indexes under which a certificate of this case is found."""
    return [vault.mark(mark) for mark in (*case.patient.marks, case.visit_mark) if mark]


def certificate_values(
    case: Case, kind: Kind, *, revision: int, record: bytes, digest: str, terms: Terms, vault: Vault
) -> dict[str, Any]:
    """The columns of a new certificate; `record` and `digest` are the case's."""
    certificate_id = uuid.uuid4()
    is_leave = kind is Kind.SICK_LEAVE
    return {
        "id": certificate_id,
        "facility_code": case.facility_code,
        "case_id": case.case_id,
        "kind": kind,
        "revision": revision,
        "status": Status.REQUESTED,
        "code_index": vault.index(vault.code(certificate_id)),
        "token_index": vault.index(vault.token(certificate_id)),
        "person": "",
        "record": vault.seal_record(certificate_id, record),
        "record_digest": digest,
        "event_on": case.event_on(kind),
        "discharge_rule": None,
        "leave_from": case.isolation_from if is_leave else None,
        "leave_to": case.isolation_to if is_leave else None,
        "days": case.leave_days if is_leave else None,
        "warnings": [],
        "late_reason": terms.late_reason,
        "priority": terms.priority,
        "is_reissue": False,
        "attempts": 0,
        "awaits_approval": False,
        "requested_by_id": terms.caller.id,
        "batch_id": terms.batch_id,
        "requested_at": terms.now,
        "changed_at": terms.now,
    }


def discharge_rule_of(case: Case, kind: Kind, rules: Rulebook) -> str | None:
    """The id of the row by which a recovery is judged, and which its certificate cites."""
    rule = governing_rule(case, rules) if kind is Kind.RECOVERY else None
    return rule.id if rule else None
