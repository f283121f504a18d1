"""What a case would come to, before anybody asks: its verdicts, and its unsigned forms as pictures. Nothing
is stored.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from certsvc.clock import day_in_hanoi
from certsvc.config import Settings
from certsvc.errors import Unavailable
from certsvc.issuing.known import PeoplesHistory, Stations
from certsvc.issuing.press.ordering import facts_beforehand
from certsvc.issuing.press.rosters import Rosters
from certsvc.issuing.requests.preview_process import TOO_LONG, UNPRINTABLE, Drawing
from certsvc.issuing.requests.rows import answer_rows
from certsvc.issuing.requests.single import check_for, rejected
from certsvc.issuing.rulebooks import load_rulebook
from certsvc.issuing.terms import Answer, Terms
from certsvc.models import Kind
from certsvc.processes.one_shot import ask_child
from certsvc.records import Case, Cell, Finding, Rulebook, judge, rule_ids
from certsvc.refusals import text_too_long, unprintable
from certsvc.store import Database
from certsvc.templates.designs import choose_design
from certsvc.templates.values import form_values
from certsvc.vault import Vault

_PATIENCE_S = 60


@dataclass(frozen=True, slots=True, repr=False)
class Foreseen:
    """What would become of one kind: the answer of a dry run, and the case where it is sound."""

    answer: Answer
    case: Case | None
    rules: Rulebook


async def look_over(
    db: Database, record: Mapping[str, Cell], kinds: Collection[Kind], *, terms: Terms
) -> list[Finding]:
    """What can be said of a record by itself while it is being typed, each once: of other papers and cases
    nothing is asked.
    """
    async with db.read() as session:
        stations = await Stations.load(session, only=terms.caller.facility_code)
        rules = await load_rulebook(session)
    found: dict[Finding, None] = {}
    for kind in kinds:
        checked = check_for(kind, record, now=terms.now, stations=stations)
        alone = PeoplesHistory().beside((checked.facility_code, checked.case_id))
        judgement = judge(checked, history=alone, rules=rules, today=day_in_hanoi(terms.now), kinds=(kind,))
        found |= dict.fromkeys((*checked.findings, *judgement[kind].findings))
    return list(found)


async def foresee(
    db: Database, record: Mapping[str, Cell], kinds: Iterable[Kind], *, terms: Terms, vault: Vault
) -> dict[Kind, Foreseen]:
    """What would become of each kind if it were asked for now, as a dry run judges it; `terms` are those of
    one.
    """
    found = {}
    async with db.begin() as session:
        stations = await Stations.load(session, only=terms.caller.facility_code)
        rules = await load_rulebook(session)
        for kind in kinds:
            row = check_for(kind, record, now=terms.now, stations=stations)
            [answers] = await answer_rows(
                session, [row], terms=terms, vault=vault, history=PeoplesHistory(), rules=rules
            )
            found[kind] = Foreseen(next(each for each in answers if each.kind is kind), row.case, rules)
    return found


async def picture(
    db: Database, foreseen: Foreseen, *, terms: Terms, vault: Vault, settings: Settings
) -> bytes:
    """The form as a PNG, unsigned, without a number, marked as a preview.

    Raises InputError where a text does not fit the form; Broken where a person must act before anything can
    be signed (no head, no key); Unavailable `no_preview` where it cannot be drawn.
    """
    case, kind = foreseen.case, foreseen.answer.kind
    if case is None:
        raise rejected(foreseen.answer.findings)
    rosters = await Rosters(db, signatures=settings.signatures).get([case.facility_code], now=terms.now)
    staff = rosters[case.facility_code].get_staff(case.practitioner_licence, now=terms.now)
    design = choose_design(kind, event_on=case.event_on(kind))
    facts = facts_beforehand(
        case,
        kind,
        staff,
        warnings=rule_ids(foreseen.answer.findings),
        rules=foreseen.rules,
        terms=terms,
        vault=vault,
        settings=settings,
    )
    drawing = Drawing(
        design=design.id,
        values=form_values(design, case, facts),
        head_examined=facts.head_examined,
        slots=tuple(each.slot for each in staff.signatories),
        bases=str(settings.data_dir.resolve() / "bases"),
    )
    return await _drawn(drawing)


async def _drawn(drawing: Drawing) -> bytes:
    """By a process of its own. Raises as `picture`."""
    png, code = await ask_child("certsvc.issuing.requests.preview_process", drawing, timeout_s=_PATIENCE_S)
    if code == TOO_LONG:
        raise text_too_long()
    if code == UNPRINTABLE:
        raise unprintable()
    if code:
        raise Unavailable(
            "no_preview",
            "Chưa vẽ được bản xem trước; hãy thử lại sau.",
            "The preview cannot be drawn now; try again later.",
        )
    return png
