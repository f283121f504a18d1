"""What dated rows would change beside those that hold: whether they fit, and which days get another rule."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from certsvc.errors import ErrorItem
from certsvc.records.case import CareSetting
from certsvc.records.judging.rule_rows import fault
from certsvc.records.judging.rulebook import (
    DatedRow,
    DischargeRule,
    LeaveCeiling,
    Rulebook,
    in_force,
    table_of,
)

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """Events from `first` to `last` (None: for good) are judged by another row; None for no row at all."""

    table: str
    care_setting: CareSetting | None
    first: dt.date
    last: dt.date | None
    before: str | None
    after: str | None


def find_changes(before: Rulebook, after: Rulebook) -> list[Change]:
    """Every day on which the two answer with different rows, as spans: the ceilings', then the rules' by care
    setting.
    """
    found = _changes(
        "leave_ceilings", None, lambda book, day: in_force(book.leave_ceilings, day), before, after
    )
    for setting in CareSetting:
        found += _changes("discharge_rules", setting, partial(_rule_on, setting), before, after)
    return found


def _rule_on(setting: CareSetting, book: Rulebook, day: dt.date) -> DischargeRule | None:
    return book.discharge_rule_on(day, setting)


def _changes(
    table: str,
    setting: CareSetting | None,
    row_on: Callable[[Rulebook, dt.date], DatedRow | None],
    before: Rulebook,
    after: Rulebook,
) -> list[Change]:
    starts = sorted({dt.date.min, *_turning_days(before), *_turning_days(after)})
    found: list[Change] = []
    for first, following in itertools.pairwise([*starts, None]):
        assert first is not None
        was, now = _id(row_on(before, first)), _id(row_on(after, first))
        last = following - _DAY if following else None
        if was == now:
            continue
        if found and (found[-1].before, found[-1].after) == (was, now) and found[-1].last == first - _DAY:
            found[-1] = Change(table, setting, found[-1].first, last, was, now)
        else:
            found.append(Change(table, setting, first, last, was, now))
    return found


def _turning_days(book: Rulebook) -> Iterator[dt.date]:
    for row in book.rows:
        yield row.valid_from
        if row.valid_to is not None and row.valid_to < dt.date.max:
            yield row.valid_to + _DAY


def _id(row: DatedRow | None) -> str | None:
    return None if row is None else row.id


def find_conflicts(known: Rulebook, added: Rulebook) -> list[ErrorItem]:
    """Why rows of a file do not fit to those that hold, or to one another: an item for each, with the number
    of its row.

    An id is given once and for all. A row that has no end is ended by whatever begins later; two that both
    say when they end may not share a day, and no two begin on one day. Every examination has a ceiling.
    """
    errors: list[ErrorItem] = []
    before: list[DatedRow] = [*known.rows, *known.withdrawn]
    tables: tuple[Sequence[DatedRow], ...] = (added.leave_ceilings, added.discharge_rules)
    for rows in tables:
        for number, row in enumerate(rows, 1):
            errors += [_item(number, row, *wrong) for wrong in _wrongs(row, before, known.withdrawn)]
            before.append(row)
    if not errors:
        together = Rulebook.of((*known.rows, *added.rows))
        gaps = [
            each
            for each in find_changes(known, together)
            if each.table == "leave_ceilings" and each.after is None
        ]
        errors += [
            _item(len(added.leave_ceilings), added.leave_ceilings[-1], "valid_to", *_gap(gap)) for gap in gaps
        ]
    return errors


def _wrongs(
    row: DatedRow, before: list[DatedRow], withdrawn: tuple[DatedRow, ...]
) -> Iterator[tuple[str, str, str]]:
    for other in before:
        if other.id == row.id:
            yield "id", "đã được dùng cho một dòng khác", "names another row already"
        elif other not in withdrawn and _share_a_setting(row, other):
            if other.valid_from == row.valid_from:
                yield (
                    "valid_from",
                    f"trùng ngày bắt đầu của dòng «{other.id}»",
                    f"is the first day of the row “{other.id}”, too",
                )
            elif (
                row.valid_to
                and other.valid_to
                and row.valid_from <= other.valid_to
                and other.valid_from <= row.valid_to
            ):
                yield (
                    "valid_to",
                    f"chồng lên những ngày của dòng «{other.id}»",
                    f"overlaps the days of the row “{other.id}”",
                )


def _share_a_setting(row: DatedRow, other: DatedRow) -> bool:
    if isinstance(row, DischargeRule) and isinstance(other, DischargeRule):
        return not row.care_settings.isdisjoint(other.care_settings)
    return isinstance(row, LeaveCeiling) and isinstance(other, LeaveCeiling)


def _gap(gap: Change) -> tuple[str, str]:
    return (
        f"để trống mức trần số ngày nghỉ từ {gap.first:%d/%m/%Y}: hãy bỏ valid_to, hoặc thêm dòng tiếp theo",
        (
            f"leaves examinations from {gap.first:%d/%m/%Y} on without a ceiling: leave valid_to out, or add"
            " the row that follows"
        ),
    )


def _item(number: int, row: DatedRow, key: str, vi: str, en: str) -> ErrorItem:
    return fault(number, f"{table_of(row)}.{key}", vi, en)
