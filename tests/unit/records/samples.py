"""A good record, the registry it lives in, and short ways to judge changed copies of it."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from typing_extensions import override

from certsvc.issuing.known import Stations
from certsvc.issuing.registering import facility_of, practitioner_of
from certsvc.models import Kind
from certsvc.records import (
    Case,
    CaseKey,
    Cell,
    Checked,
    Illness,
    Judgement,
    Leave,
    Patient,
    built_in,
    check,
    judge,
    rule_ids,
)
from certsvc.records.sheets.registry_files import read_facilities, read_practitioners

SAMPLE = Path(__file__).parents[2] / "data" / "f0_sample"
TODAY = dt.date(2026, 12, 1)

GOOD: Mapping[str, Cell] = {
    "case_id": "HN-220227-000001",
    "full_name": "Nguyễn Thị Bưởi",
    "birth_date": "1981-01-17",
    "sex": "2",
    "citizen_id": "001181815160",
    "id_issued_on": "2021-05-10",
    "social_insurance_no": "0161623617",
    "health_insurance_card": "DN4010161623617",
    "phone": "0957188922",
    "address": "Số 12, Phúc Xá, Hà Nội",
    "ward_code": "00001",
    "employer": "Trường Tiểu học Ngọc Hà",
    "positive_on": "2022-02-27",
    "test_method": "antigen",
    "test_place": "Trạm Y tế Phúc Xá",
    "last_test_on": "2022-03-07",
    "last_test_result": "negative",
    "last_test_by": "health_worker",
    "care_setting": "home",
    "isolation_from": "2022-02-27",
    "isolation_to": "2022-03-07",
    "vaccine_doses": "3",
    "last_dose_on": "2022-01-12",
    "outcome": "recovered",
    "facility_code": "01801",
    "visit_no": "1",
    "examined_on": "2022-02-27",
    "icd10": "U07.1",
    "diagnosis": "COVID-19, vi rút được xác định",
    "treatment": "Điều trị ngoại trú, cách ly tại nhà",
    "practitioner_licence": "000001/HNO-CCHN",
    "father_name": "",
    "mother_name": "",
    "wants_sick_leave": "1",
    "wants_recovery": "1",
}


def stations_of(folder: Path) -> Stations:
    """Facilities and practitioners out of the files that the command line imports."""
    return Stations(
        map(facility_of, read_facilities(folder / "facilities.csv")),
        map(practitioner_of, read_practitioners(folder / "practitioners.csv")),
    )


class KnownHistory:
    """The same leaves and open illnesses for everybody asked about; `shared` is a column that stands with
    somebody else, too.
    """

    def __init__(
        self,
        leaves: Iterable[Leave] = (),
        illnesses: Iterable[Illness] = (),
        *,
        shared: str | None = None,
        is_visit_shared: bool = False,
    ) -> None:
        self._leaves, self._illnesses = tuple(leaves), tuple(illnesses)
        self._shared, self._is_visit_shared = shared, is_visit_shared
        self.asked: list[Patient] = []

    def leaves_of(self, patient: Patient) -> Iterator[Leave]:
        self.asked.append(patient)
        return iter(self._leaves)

    def open_illnesses_of(self, patient: Patient) -> Iterator[Illness]:
        self.asked.append(patient)
        return iter(self._illnesses)

    def column_shared_with_another(self, patient: Patient) -> str | None:
        self.asked.append(patient)
        return self._shared

    def is_visit_of_another(self, case: Case) -> bool:
        self.asked.append(case.patient)
        return self._is_visit_shared


class FileHistory(KnownHistory):
    """What a file's rows tell of one another, as the reader of a batch knows it."""

    def __init__(self) -> None:
        super().__init__()
        self._known_leaves: list[tuple[Patient, Leave]] = []
        self._known_illnesses: list[tuple[Patient, Illness]] = []
        self.judged: CaseKey = ("", "")

    def add(self, row: Checked) -> None:
        if row.open_episode is not None:
            illness = Illness((row.facility_code, row.case_id), row.open_episode.positive_on)
            self._known_illnesses.append((row.open_episode.patient, illness))

    def add_leave(self, case: Case) -> None:
        self._known_leaves.append(
            (
                case.patient,
                Leave(
                    (case.facility_code, case.case_id), case.isolation_from, case.isolation_to, case.case_id
                ),
            )
        )

    @override
    def leaves_of(self, patient: Patient) -> Iterator[Leave]:
        return (
            leave
            for other, leave in self._known_leaves
            if other.is_same_person(patient) and leave.case_key != self.judged
        )

    @override
    def open_illnesses_of(self, patient: Patient) -> Iterator[Illness]:
        return (illness for other, illness in self._known_illnesses if other.is_same_person(patient))


REGISTRY = stations_of(SAMPLE)


def checked(**changes: Cell) -> Checked:
    """The good record with some cells changed, after step one."""
    return check({**GOOD, **changes}, today=TODAY, registry=REGISTRY)


def judged_row(row: Checked, history: KnownHistory | None = None) -> Judgement:
    """What becomes of a row on `TODAY`, by the rules that come with the service."""
    return judge(row, history=history or KnownHistory(), rules=built_in(), today=TODAY)


def judged(history: KnownHistory | None = None, /, **changes: Cell) -> Judgement:
    return judged_row(checked(**changes), history)


def told(judgement: Judgement, kind: Kind) -> str:
    """As expected.csv tells an outcome."""
    verdict = judgement[kind]
    return (
        verdict.outcome if verdict.outcome != "reject" else "reject:" + "+".join(rule_ids(verdict.findings))
    )


def warned(judgement: Judgement) -> set[str]:
    return {each.rule for verdict in judgement.values() for each in verdict.findings if not each.rejects}


def outcomes(history: KnownHistory | None = None, /, **changes: Cell) -> tuple[str, str]:
    """What becomes of sick leave and recovery."""
    judgement = judged(history, **changes)
    return told(judgement, Kind.SICK_LEAVE), told(judgement, Kind.RECOVERY)
