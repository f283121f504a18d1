"""Records: what a case is, the rules as dated data, and the readers of case files.

A row passes two pure steps. `check` normalises, repairs and holds every field against its rule;
`judge` decides which certificates the case gets. Both report findings of the catalogue (`rules.RULES`).
"""

from certsvc.records.case import Birth, CareSetting, Case, IdType, Outcome, Person, Sex, TestMethod, TestPerformer, TestResult
from certsvc.records.cells import Cell
from certsvc.records.checking import Checked, OpenEpisode, check
from certsvc.records.findings import Finding, Level, Rule
from certsvc.records.illness import Registry
from certsvc.records.judging import History, Judgement, Leave, Verdict, governing_rule, judge, late_finding
from certsvc.records.rulebook import DischargeRule, Rulebook, built_in
from certsvc.records.rules import RULES, duplicate_finding, finding, rule_ids
from certsvc.records.seen import SeenCases

__all__ = [
    "RULES",
    "Birth",
    "CareSetting",
    "Case",
    "Cell",
    "Checked",
    "DischargeRule",
    "Finding",
    "History",
    "IdType",
    "Judgement",
    "Leave",
    "Level",
    "OpenEpisode",
    "Outcome",
    "Person",
    "Registry",
    "Rule",
    "Rulebook",
    "SeenCases",
    "Sex",
    "TestMethod",
    "TestPerformer",
    "TestResult",
    "Verdict",
    "built_in",
    "check",
    "duplicate_finding",
    "finding",
    "governing_rule",
    "judge",
    "late_finding",
    "rule_ids",
]
