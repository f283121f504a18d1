"""From a claimed row to the order that a press takes: the case, what issuing knows beyond it, who signs."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace

from certsvc.clock import day_in_hanoi
from certsvc.codes import format_code
from certsvc.config import Settings
from certsvc.errors import Broken
from certsvc.issuing.certificates import discharge_rule_of, new_certificate
from certsvc.issuing.press.orders import Order
from certsvc.issuing.press.rosters import Roster, Staff
from certsvc.issuing.terms import Terms
from certsvc.models import Certificate, Kind
from certsvc.records import Case, DischargeRule, Rulebook
from certsvc.templates.designs import choose_design
from certsvc.templates.values import FormFacts
from certsvc.vault import Vault

NOT_NUMBERED = "(số cấp khi ký)"
"""In place of the serial on a form that nobody asked for yet."""
_NO_CODE = "XXXX-XXXX-XXXX-XXXX"


def make_order(
    certificate: Certificate,
    roster: Roster,
    *,
    rules: Rulebook,
    vault: Vault,
    settings: Settings,
    now: dt.datetime,
) -> Order:
    """The order of a claimed certificate, to be signed about `now`.

    Raises Broken `no_head`, `no_authority`, `no_identity`, `no_rule`, `not_numbered` or `record_unreadable`,
    or NotFound `no_design`, where a person must act first.
    """
    if certificate.serial is None or certificate.status_list is None or certificate.status_index is None:
        raise Broken("not_numbered", "Giấy chưa được đánh số.", "The certificate was given no numbers.")
    case = vault.open_record(certificate.id, certificate.record)
    record = json.loads(case)
    staff = roster.get_staff(record["practitioner_licence"], now=now)
    return Order(
        certificate_id=certificate.id,
        kind=certificate.kind,
        design_id=choose_design(certificate.kind, event_on=certificate.event_on).id,
        case=case,
        facts=_facts(
            certificate, staff, rules=rules, vault=vault, settings=settings, today=day_in_hanoi(now)
        ),
        late_reason=certificate.late_reason,
        serial=certificate.serial,
        token=vault.token(certificate.id),
        status_place=(certificate.status_list, certificate.status_index),
        signatories=staff.signatories,
    )


def _facts(
    certificate: Certificate,
    staff: Staff,
    *,
    rules: Rulebook,
    vault: Vault,
    settings: Settings,
    today: dt.date,
) -> FormFacts:
    rule = _rule(certificate, rules) if certificate.kind is Kind.RECOVERY else None
    return FormFacts(
        facility_name=staff.facility_name,
        parent_name=staff.parent_name,
        practitioner_name=staff.examiner_name,
        head_name=staff.head_name,
        head_examined=staff.head_examined,
        acting=staff.acting,
        head_title=staff.head_title,
        own_title=staff.own_title,
        both_copies=staff.both_copies,
        serial=printed_serial(certificate),
        code=format_code(vault.code(certificate.id)),
        verify_url=f"{settings.base_url}/v/{vault.token(certificate.id)}".upper(),
        check_address=f"{settings.base_url}/check",
        event_on=certificate.event_on,
        printed_on=today,
        is_reissue=certificate.is_reissue,
        decision_no=rule.decision if rule else "",
        decision_on=rule.decided_on if rule else None,
        no_negative="W-NO-NEGATIVE" in certificate.warnings,
        care_settings=rule.care_settings if rule else frozenset(),
    )


def _rule(certificate: Certificate, rules: Rulebook) -> DischargeRule:
    """What the certificate was judged by, in force or not. Raises Broken `no_rule`."""
    rule = rules.find(certificate.discharge_rule)
    if not isinstance(rule, DischargeRule):
        raise Broken(
            "no_rule",
            "Không còn tìm thấy quy định mà giấy viện dẫn.",
            "The rule that the certificate cites is not to be found.",
        )
    return rule


def printed_serial(certificate: Certificate) -> str:
    """The serial as the form prints it: a recovery paper shows `<sequence>/GXN-TYT`."""
    return (
        f"{certificate.serial_sequence}/GXN-TYT"
        if certificate.kind is Kind.RECOVERY
        else certificate.serial or ""
    )


def facts_beforehand(
    case: Case,
    kind: Kind,
    staff: Staff,
    *,
    warnings: Sequence[str],
    rules: Rulebook,
    terms: Terms,
    vault: Vault,
    settings: Settings,
) -> FormFacts:
    """What the form of a case would show beyond it if it were issued now; number, code and the QR's address
    are stand-ins.
    """
    draft = new_certificate(case, kind, revision=1, terms=terms, vault=vault)
    draft.warnings, draft.discharge_rule = list(warnings), discharge_rule_of(case, kind, rules)
    draft.number("", year=terms.now.year, sequence=0)
    facts = _facts(draft, staff, rules=rules, vault=vault, settings=settings, today=day_in_hanoi(terms.now))
    return replace(facts, serial=NOT_NUMBERED, code=_NO_CODE, verify_url=f"{settings.base_url}/check".upper())
