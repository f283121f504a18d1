"""The rules: the catalogue in table order. The figures in them that change with the law stand in the
rulebook.
"""

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache

from certsvc.records.rules.field_rules import FIELD_RULES
from certsvc.records.rules.findings import Finding, Rule
from certsvc.records.rules.person_rules import PERSON_RULES
from certsvc.records.rules.recovery_rules import RECOVERY_RULES
from certsvc.records.rules.sick_leave_rules import SICK_LEAVE_RULES
from certsvc.records.rules.warning_rules import WARNING_RULES
from certsvc.records.titles import TITLES_VI

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (*PERSON_RULES, *FIELD_RULES, *WARNING_RULES, *SICK_LEAVE_RULES, *RECOVERY_RULES)
}
"""Every rule by its id, in the order in which findings are told."""

_RANK = {rule_id: rank for rank, rule_id in enumerate(RULES)}
_COLUMN_RANK: dict[str | None, int] = {None: -1} | {name: rank for rank, name in enumerate(TITLES_VI)}


OLD_COVID_CODE = "B34.2"


def takes_old_covid_code(day: dt.date) -> bool:
    """Whether B34.2 was still taken for COVID-19 (with W-ICD-OLD) at an examination on that day."""
    last = RULES["W-ICD-OLD"].valid_to
    return last is None or day <= last


@lru_cache(maxsize=4096)
def finding(rule_id: str, field: str | None = None, variant: str = "", **facts: str | int) -> Finding:
    """A finding of that rule in its wording `variant`, about a column, with further `facts` filled in.

    Raises KeyError for an unknown rule or variant, or a fact the wording needs and did not get.
    """
    rule = RULES[rule_id]
    wording = rule.wordings[variant]
    return Finding(
        rule_id,
        rule.level,
        field,
        wording.vi.format(column=TITLES_VI.get(field or "", field), **facts),
        wording.en.format(column=field, **facts),
    )


def in_table_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(
        sorted(findings, key=lambda each: (_RANK[each.rule], _COLUMN_RANK.get(each.field, len(_COLUMN_RANK))))
    )


def rule_ids(findings: Iterable[Finding]) -> list[str]:
    """The ids, each once, in the order given."""
    return list(dict.fromkeys(each.rule for each in findings))


def duplicate_finding(*, is_same_content: bool) -> Finding:
    """V-DUPLICATE, saying whether the earlier record of the same case says the same."""
    return finding("V-DUPLICATE", "case_id", "same" if is_same_content else "other")
