"""Records: what a case is, the rules as dated data, and the readers of case files.

A row passes two pure steps. `check` normalises, repairs and holds every field against its rule;
`judge` decides which certificates the case gets. Both report findings of the catalogue (`rules.RULES`).
"""

from certsvc.records.birth import Birth
from certsvc.records.case import (
    CareSetting,
    Case,
    IdType,
    Outcome,
    Person,
    Sex,
    TestMethod,
    TestPerformer,
    TestResult,
)
from certsvc.records.cells import Cell
from certsvc.records.checking import Checked, OpenEpisode, check
from certsvc.records.illness import Registry
from certsvc.records.judging.recovering import governing_rule
from certsvc.records.judging.rule_files import built_in
from certsvc.records.judging.rulebook import DischargeRule, Rulebook
from certsvc.records.judging.seen import SeenRows
from certsvc.records.judging.verdicts import (
    CaseKey,
    History,
    Illness,
    Judgement,
    Leave,
    Verdict,
    judge,
    late_finding,
)
from certsvc.records.patient import Patient
from certsvc.records.rules.catalogue import RULES, duplicate_finding, finding, rule_ids
from certsvc.records.rules.findings import Finding, Level, Rule

__all__ = [
    "RULES",
    "Birth",
    "CareSetting",
    "Case",
    "CaseKey",
    "Cell",
    "Checked",
    "DischargeRule",
    "Finding",
    "History",
    "IdType",
    "Illness",
    "Judgement",
    "Leave",
    "Level",
    "OpenEpisode",
    "Outcome",
    "Patient",
    "Person",
    "Registry",
    "Rule",
    "Rulebook",
    "SeenRows",
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
