"""Tables whose titles are the tags of CT07, one row for each certificate, as hospitals' programs write them
to spreadsheets [insurance, Tables].

Tags are read as in the XML (`rows`). The facility, which the envelope names there, has a column of its own
here, or comes from the sender's mapping.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from typing_extensions import override

from certsvc.records.cells import Cell, as_text
from certsvc.records.columns import CASES, LONGEST_TITLE, Column, Layout
from certsvc.records.exchange.ct07 import TAGS_2025
from certsvc.records.exchange.rows import COLUMNS, row_of_ct07
from certsvc.records.titles import TITLES_VI

FIELDS: Mapping[str, str] = {
    "MA_CSKCB": "facility_code",
    "MA_CT": "case_id",
    "SO_KCB": "visit_no",
    "MA_BHXH": "social_insurance_no",
    "MA_THE": "health_insurance_card",
    "HO_TEN": "full_name",
    "NGAY_SINH": "birth_date",
    "GIOI_TINH": "sex",
    "SO_CCCD": "citizen_id",
    "LOAI_GIAYTO": "id_type",
    "NGAYCAP_CCCD": "id_issued_on",
    "DON_VI": "employer",
    "CHANDOAN_DIEUTRI": "diagnosis",
    "BENH_ICD10_ID": "icd10",
    "BENH_ICD10_TEN": "diagnosis",
    "TU_NGAY": "isolation_from",
    "DEN_NGAY": "isolation_to",
    "NGAY_KCB": "examined_on",
    "NGAY_CHUNG_TU": "examined_on",
    "MA_CCHN": "practitioner_licence",
    "HO_TEN_CHA": "father_name",
    "HO_TEN_ME": "mother_name",
}
"""The column of ours under which findings on a tag are reported; other tags say nothing that we read."""

_REQUIRED = ("MA_CSKCB", "HO_TEN", "NGAY_SINH", "GIOI_TINH", "DON_VI", "TU_NGAY", "DEN_NGAY", "MA_CCHN")
_OTHER_SPELLINGS = {"MACSKCB": "MA_CSKCB"}
_TAGS = tuple(dict.fromkeys((*FIELDS, *TAGS_2025)))


@dataclass(frozen=True, slots=True)
class _TagLayout(Layout):
    """Titles are tags as written, with their underscores: without them they would be Vietnamese words of any
    table.
    """

    @override
    def find(self, title: object) -> str | None:
        tag = title.strip().upper() if isinstance(title, str) and len(title) <= LONGEST_TITLE else ""
        tag = _OTHER_SPELLINGS.get(tag, tag)
        return tag if tag in _TAGS else None

    @override
    def field_of(self, name: str) -> str:
        return FIELDS.get(name, name)

    @override
    def cells_of(self, row: dict[str, Cell]) -> dict[str, Cell]:
        texts = {tag: as_text(cell) for tag, cell in row.items()}
        cells = row_of_ct07(texts, facility_code=texts.get("MA_CSKCB", "").strip())
        return {name: cell for name, cell in zip(COLUMNS, cells, strict=True) if cell is not None}


CT07 = _TagLayout(
    tuple(Column(tag, TITLES_VI.get(FIELDS.get(tag, ""), tag), (), tag in _REQUIRED) for tag in _TAGS),
    any_of=("MA_CT", "SO_KCB"),
)


def layouts_of(layout: Layout) -> Sequence[Layout]:
    """The layouts that a table's titles may have: a table of cases may also have CT07's tags, with the
    sender's defaults for their columns.
    """
    if layout.columns is not CASES.columns:
        return [layout]
    defaults = {tag: layout.defaults[field] for tag, field in FIELDS.items() if field in layout.defaults}
    return [layout, replace(CT07, defaults=defaults)]
