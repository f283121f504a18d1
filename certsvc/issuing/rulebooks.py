"""The dated rows of the rules as they hold for this service: what came with it, and what its operator has
entered since.

A certificate keeps the rule that it was judged by. So a row that is added or withdrawn changes what will be
judged, and no word of what was: not of a paper that waits to be signed, nor of one that is issued again.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.errors import Broken, Conflict, NotFound
from certsvc.models import Kind, RuleRow
from certsvc.records import Rulebook, built_in
from certsvc.records.judging.rule_changes import Change, find_changes, find_conflicts
from certsvc.records.judging.rule_files import bad_rules
from certsvc.records.judging.rulebook import DatedRow, from_json, table_of, to_json
from certsvc.store import Database, papers, rules


@dataclass(frozen=True, slots=True)
class Effect:
    """A change of rules, and how many certificates are alive that the row before judged on those days: they
    stay as they are.
    """

    change: Change
    live: int


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A dated row; `added_at` is when an operator entered it, None for one that came with the service."""

    row: DatedRow
    added_at: dt.datetime | None = None
    withdrawn_at: dt.datetime | None = None


async def load_rulebook(session: AsyncSession) -> Rulebook:
    """Every row that holds. Read it beside the stations, once in a transaction or a file. Raises Broken
    `broken_rule`.
    """
    entered = await rules.list_rows(session)
    if not entered:
        return built_in()
    holding = [_read(each) for each in entered if each.withdrawn_at is None]
    return Rulebook.of(
        (*built_in().rows, *holding),
        withdrawn=[_read(each) for each in entered if each.withdrawn_at is not None],
    )


async def load_cited(db: Database, row_ids: Collection[str | None]) -> Rulebook:
    """A rulebook with these rows, withdrawn or not, as far as they exist; where all came with the service
    nobody need be asked.
    """
    if all(each is None or built_in().find(each) for each in row_ids):
        return built_in()
    async with db.read() as session:
        return await load_rulebook(session)


def _read(entered: RuleRow) -> DatedRow:
    try:
        return from_json(entered.table_name, entered.row)
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(
            "broken_rule",
            f"Không đọc được quy định «{entered.id}» trong cơ sở dữ liệu.",
            f"The rule “{entered.id}” in the database cannot be read.",
        ) from error


async def plan_rules(session: AsyncSession, added: Rulebook) -> list[Effect]:
    """What adding these rows would change. Raises InputError `bad_rules` where they do not fit to what
    holds.
    """
    known = await load_rulebook(session)
    if errors := find_conflicts(known, added):
        raise bad_rules(errors)
    return await _effects(session, known, Rulebook.of((*known.rows, *added.rows)))


async def add_rules(db: Database, added: Rulebook, *, by: str, now: dt.datetime) -> list[Effect]:
    """Enter all these rows, which hold from now on in every process; returns and raises as `plan_rules`."""
    async with db.begin() as session:
        await papers.take_turn(session)
        effects = await plan_rules(session, added)
        session.add_all(
            RuleRow(id=row.id, table_name=table_of(row), row=to_json(row), added_at=now, added_by=by)
            for row in added.rows
        )
    return effects


async def withdraw_rule(db: Database, row_id: str, *, now: dt.datetime) -> list[Effect]:
    """Judge nothing by this row any more; returns what that changes.

    Raises NotFound `no_such_rule`; Conflict `built_in_rule`, `rule_withdrawn`, or `rule_needed` where
    examinations would be left without a ceiling.
    """
    async with db.begin() as session:
        await papers.take_turn(session)
        row = await rules.find_for_change(session, row_id)
        if row is None and built_in().find(row_id):
            raise Conflict(
                "built_in_rule",
                "Quy định đi kèm phần mềm không thu hồi được; hãy thêm một dòng mới, dòng đó thay cho nó từ"
                " ngày bắt đầu.",
                "What came with the software cannot be withdrawn; add a row, which takes its place from its"
                " first day on.",
            )
        if row is None:
            raise NotFound("no_such_rule", "Không có quy định này.", "There is no such rule.")
        if row.withdrawn_at is not None:
            raise Conflict(
                "rule_withdrawn", "Quy định này đã được thu hồi.", "The rule is withdrawn already."
            )
        known = await load_rulebook(session)
        left = Rulebook.of(each for each in known.rows if each.id != row_id)
        effects = await _effects(session, known, left)
        if any(each.change.table == "leave_ceilings" and each.change.after is None for each in effects):
            raise Conflict(
                "rule_needed",
                "Thu hồi dòng này sẽ để trống mức trần số ngày nghỉ; hãy thêm dòng thay thế trước.",
                "Without this row some examinations would have no ceiling; add the row that takes its place"
                " first.",
            )
        row.withdrawn_at = now
    return effects


async def _effects(session: AsyncSession, before: Rulebook, after: Rulebook) -> list[Effect]:
    return [Effect(change, await _count_live(session, change)) for change in find_changes(before, after)]


async def _count_live(session: AsyncSession, change: Change) -> int:
    if change.before is None:
        return 0
    kind = Kind.SICK_LEAVE if change.table == "leave_ceilings" else Kind.RECOVERY
    return await rules.count_live(session, kind, change.first, change.last, discharge_rule=change.before)


async def list_rules(session: AsyncSession) -> list[ListedRule]:
    """Every row, built in or entered by an operator; withdrawn ones too."""
    return [
        *(ListedRule(row) for row in built_in().rows),
        *(
            ListedRule(_read(entered), entered.added_at, entered.withdrawn_at)
            for entered in await rules.list_rows(session)
        ),
    ]
