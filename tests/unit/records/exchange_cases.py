"""Cases of the sample on their way into exchange files and back, and what becomes of the rows."""

import csv
import datetime as dt
from collections.abc import Iterator

from certsvc.models import Kind
from certsvc.records import Case, Checked, check
from certsvc.records.exchange.ct07 import TAGS_2022, TAGS_2025, Ct07Facts, ct07_tags
from certsvc.records.exchange.fields import Format
from certsvc.records.exchange.xml import document, dossier, envelope
from certsvc.records.exchange.xml11 import Xml11Facts, xml1_tags, xml11_tags
from certsvc.records.sheets.tables import SheetRow
from tests.support.cases import make_case
from tests.support.exchange import document as written
from tests.support.exchange import file_of
from tests.unit.records.samples import REGISTRY, SAMPLE, TODAY, judged_row, told

LAYOUTS = {Format.CT07: TAGS_2022, Format.CT07_2025: TAGS_2025}


HEAD_NO, PRACTITIONER_NO = "0168622131", "0148056573"


DAY = dt.date(2026, 1, 2)


def checked(row: SheetRow) -> Checked:
    return check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices)


def outcome(row: SheetRow) -> tuple[str, str]:
    judgement = judged_row(checked(row))
    return told(judgement, Kind.SICK_LEAVE), told(judgement, Kind.RECOVERY)


def sample_records() -> list[dict[str, str]]:
    with (SAMPLE / "f0_cases.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sample_cases() -> Iterator[Case]:
    for record in sample_records():
        case = check(record, today=TODAY, registry=REGISTRY).case
        if case is not None and case.examined_on is not None:
            yield case


def facts(case: Case) -> Ct07Facts:
    assert case.examined_on is not None
    return Ct07Facts(
        serial="018012600001",
        document_on=case.examined_on,
        head_name="Đỗ Thị Mẫu",
        practitioner_name="Lý Văn Thử",
    )


def numbers(case: Case) -> Xml11Facts:
    assert case.examined_on is not None
    return Xml11Facts(
        serial="018012600001", document_on=case.examined_on, head_no=HEAD_NO, practitioner_no=PRACTITIONER_NO
    )


def file_for(case: Case, layout: Format) -> bytes:
    inside = dossier(
        [("CT07", document("CT07", ct07_tags(case, facts(case), LAYOUTS[layout])))],
        made_on=dt.date(2026, 1, 2),
    )
    return envelope("HSCHUNGTU", inside, facility_code=case.facility_code)


def pair(leave: dict[str, str] | None = None, visit: dict[str, str] | None = None) -> str:
    case = make_case()
    documents = [
        file_of("XML1", written("TONG_HOP", xml1_tags(case, numbers(case)) | (visit or {}))),
        file_of("XML3", b"not XML at all"),
    ]
    return "".join(
        [
            *documents,
            *(
                []
                if leave is None
                else [file_of("XML11", written("X", xml11_tags(case, numbers(case)) | leave))]
            ),
        ]
    )
