"""Step one of judging a row: normalise, repair, and hold every field against its V rule.

Pure: what is known of facilities and signers comes as an argument, so does today's date. Every broken
rule is reported at once. `Checked.case` is there exactly where no V rule is broken.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from certsvc.records import identity, illness
from certsvc.records.birth import Birth
from certsvc.records.case import (
    GUARDIAN_BELOW,
    PARENTS_BELOW,
    CareSetting,
    Case,
    Outcome,
    Sex,
    TestMethod,
    TestPerformer,
    TestResult,
)
from certsvc.records.cccd_qr import CitizenCard, differing, read_cccd_qr
from certsvc.records.cells import Cell, as_text
from certsvc.records.columns import CASES
from certsvc.records.draft import Draft
from certsvc.records.illness import Registry
from certsvc.records.patient import Patient, split_cards
from certsvc.records.rules.catalogue import finding, in_table_order
from certsvc.records.rules.findings import Finding
from certsvc.records.text.encoding import PARENTS, printed_columns
from certsvc.states import Kind

_CONTENT = tuple(column.name for column in CASES.columns if column.name not in CASES.any_of)


@dataclass(frozen=True, slots=True, repr=False)
class OpenEpisode:
    """An illness that is not over: what R-REINFECTION asks for."""

    patient: Patient
    positive_on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Checked:
    """What step one found of a row.

    `case_id` and `facility_code` are fit to be shown even where they are wrong (empty where they cannot be).
    `findings` are in table order; `leave_findings` are broken V rules that a recovery does without. `record`
    is the case's canonical JSON, empty for a rejected row; `digest` is the case's `content_digest`, or for a
    rejected row one over its texts.
    """

    case: Case | None
    case_id: str
    facility_code: str
    wants: frozenset[Kind]
    findings: tuple[Finding, ...]
    leave_findings: tuple[Finding, ...]
    open_episode: OpenEpisode | None
    record: bytes
    digest: str

    def with_finding(self, found: Finding) -> "Checked":
        """The same row with one finding more; a rejecting one takes the case away."""
        findings = in_table_order((*self.findings, found))
        return (
            replace(self, findings=findings, case=None, record=b"")
            if found.rejects
            else replace(self, findings=findings)
        )


def check(
    raw: Mapping[str, Cell],
    *,
    today: dt.date,
    registry: Registry,
    wants: frozenset[Kind] | None = None,
    notices: Iterable[Finding] = (),
) -> Checked:
    """Check one row, `raw` being its cells by English column name (absent ones are empty).

    `today` is the day in Hanoi. `wants` overrides the row's two columns of that name. `notices` are what
    the reader had to say of the row (formulas, surplus cells); they join the findings.
    """
    notices = tuple(notices)
    card = read_cccd_qr(text) if isinstance(text := raw.get("citizen_id"), str) else None
    draft = Draft(raw if card is None else _with_card(raw, card), today=today, notices=notices)
    if card is not None:
        draft.report("W-REPAIRED-CCCD-QR", "citizen_id")
        for column in differing(card, raw):
            draft.report("W-CITIZEN-MISMATCH", column, "card")
    asked = _wants(draft, notices) if wants is None else wants
    draft.printed = printed_columns(asked)
    values = _values(draft, registry=registry, wants=asked)
    # Of a document that nobody could read, only that is told: all its fields are missing.
    if _is_unread(draft):
        draft.findings = [each for each in draft.findings if each.rule == "V-DOCUMENT"]
    is_sound = not any(each.rejects for each in draft.findings)
    case = Case(**values) if is_sound else None
    record = case.canonical() if case else b""
    return Checked(
        case=case,
        case_id=values["case_id"] if draft.is_good("case_id") else "",
        facility_code=values["facility_code"] if _is_code(values["facility_code"]) else "",
        wants=asked,
        findings=in_table_order(draft.findings),
        leave_findings=() if _is_unread(draft) else in_table_order(draft.leave_findings),
        open_episode=_open_episode(draft, values),
        record=record,
        digest=hashlib.sha256(record).hexdigest() if case else _digest_of_texts(draft),
    )


def _is_unread(draft: Draft) -> bool:
    return any(each.rule == "V-DOCUMENT" for each in draft.findings)


def _with_card(raw: Mapping[str, Cell], card: CitizenCard) -> dict[str, Cell]:
    """The row with what the card says: number and day of issue by the card, of the rest what the row leaves
    empty.
    """
    cells = card.cells()
    by_card = {
        column: text
        for column, text in cells.items()
        if column in {"citizen_id", "id_issued_on"} or not as_text(raw.get(column)).strip()
    }
    return {**raw, **by_card}


def _wants(draft: Draft, notices: tuple[Finding, ...]) -> frozenset[Kind]:
    """Kinds asked for. A word nobody understands, or cells out of place, count as asking, so that the error
    is seen.
    """
    if any(each.rule == "V-ROW" for each in notices):
        return frozenset(Kind)
    return frozenset(
        kind for kind in Kind if draft.word(f"wants_{kind}") or not draft.is_good(f"wants_{kind}")
    )


def _values(draft: Draft, *, registry: Registry, wants: frozenset[Kind]) -> dict[str, Any]:
    """The fields of `Case`; those that broke a rule hold what could be read of them."""
    result, outcome = _only(TestResult, draft.word("last_test_result")), _only(Outcome, draft.word("outcome"))
    days = illness.dates(draft, wants=wants, result=result, outcome=outcome)
    events = {
        kind: days["examined_on" if kind is Kind.SICK_LEAVE else "isolation_to"]
        for kind in Kind
        if kind in wants
    }
    who = _person(draft, positive_on=days["positive_on"])
    if not _names_parents(who["birth"], wants=wants, days=days):
        draft.printed -= PARENTS
    facility_code, licence = illness.facility(draft, registry=registry, events=events)
    _require_social_no(
        draft, wants=wants, cards=who["health_insurance_card"], number=who["social_insurance_no"]
    )
    return days | who | {
        "case_id": _case_id(draft),
        "address": draft.text("address"),
        "ward_code": illness.ward_code(draft),
        "employer": draft.text("employer"),
        "test_method": _only(TestMethod, draft.word("test_method")),
        "test_place": draft.text("test_place"),
        "last_test_result": result,
        "last_test_by": _only(TestPerformer, draft.word("last_test_by")),
        "care_setting": _only(CareSetting, draft.word("care_setting", is_needed=bool(wants))),
        "vaccine_doses": illness.vaccine_doses(draft),
        "outcome": outcome,
        "facility_code": facility_code,
        "visit_no": draft.identifier("visit_no"),
        "icd10": illness.icd10(draft, examined_on=days["examined_on"] or days["positive_on"]),
        "diagnosis": draft.text("diagnosis"),
        "treatment": draft.text("treatment"),
        "practitioner_licence": licence,
        "father_name": identity.name(draft, "father_name"),
        "mother_name": identity.name(draft, "mother_name"),
    }  # fmt: skip


def _names_parents(born: Birth | None, *, wants: frozenset[Kind], days: Mapping[str, dt.date | None]) -> bool:
    """Whether a wanted form prints the parents' names; where nobody knows how old the patient is, it may."""
    limits = {
        Kind.SICK_LEAVE: ("examined_on", PARENTS_BELOW),
        Kind.RECOVERY: ("isolation_to", GUARDIAN_BELOW),
    }
    events = [(days[column], below) for kind, (column, below) in limits.items() if kind in wants]
    return any(born is None or day is None or born.age_on(day) < below for day, below in events)


def _person(draft: Draft, *, positive_on: dt.date | None) -> dict[str, Any]:
    full_name = identity.name(draft, "full_name", is_needed=True)
    born = identity.birth(draft)
    illness.check_birth_before_illness(draft, born=born, positive_on=positive_on)
    sex = _only(Sex, draft.word("sex", rule="V-SEX", is_needed=True))
    number, id_type = identity.citizen_id(draft)
    cards = identity.cards(draft)
    social_no = identity.social_no(draft, joined_cards=cards)
    identity.warn_of_mismatches(draft, number=number, id_type=id_type, sex=sex, born=born)
    identity.warn_of_cards(draft, joined=cards, number=social_no)
    return {
        "full_name": full_name,
        "birth": born,
        "sex": sex,
        "citizen_id": number,
        "id_type": id_type,
        "social_insurance_no": social_no,
        "health_insurance_card": cards,
        "phone": identity.phone(draft),
    }


def _require_social_no(draft: Draft, *, wants: frozenset[Kind], cards: str, number: str) -> None:
    """Needed for sick leave, but for a child with a temporary card [rules, V-SOCIAL-NO]."""
    if Kind.SICK_LEAVE in wants and not number and not any(map(identity.is_temporary, cards.split(";"))):
        draft.leave_findings.append(finding("V-SOCIAL-NO", "social_insurance_no", "missing"))


def _case_id(draft: Draft) -> str:
    text = draft.identifier("case_id")
    if not text:
        draft.report("V-TEXT", "case_id", "missing")
    return text


def _open_episode(draft: Draft, values: Mapping[str, Any]) -> OpenEpisode | None:
    """The open illness a row tells of, also where the row is rejected for something else."""
    born, positive_on = values["birth"], values["positive_on"]
    if values["outcome"] is not Outcome.ACTIVE or positive_on is None or not isinstance(born, Birth):
        return None
    if not all(map(draft.is_good, ("full_name", "birth_date", "positive_on"))):
        return None
    known = {
        column: values[column] if draft.is_good(column) else ""
        for column in ("citizen_id", "social_insurance_no", "health_insurance_card", "phone")
    }
    cards = split_cards(known.pop("health_insurance_card"))
    return OpenEpisode(Patient(full_name=values["full_name"], birth=born, cards=cards, **known), positive_on)


def _only(kind: type[Any], value: object) -> Any:
    return value if isinstance(value, kind) else None


def _is_code(text: str) -> bool:
    return len(text) == 5 and text.isascii() and text.isalnum()  # noqa: PLR2004 (BHXH codes have five characters)


def _digest_of_texts(draft: Draft) -> str:
    return hashlib.sha256(json.dumps([draft.plain(column) for column in _CONTENT]).encode()).hexdigest()
