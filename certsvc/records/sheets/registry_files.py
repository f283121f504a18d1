"""Files of facilities and practitioners, CSV or XLSX, as operators import them.

A file is taken whole or not at all: every bad cell is reported with its row and column.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from certsvc.errors import ErrorItem
from certsvc.records.cells import Cell, as_text, day_of, has_forbidden, is_name, normalised
from certsvc.records.columns import FACILITIES, PRACTITIONERS, Layout, fold
from certsvc.records.raw.refusals import refusal
from certsvc.records.sheets.tables import SheetRow, open_table
from certsvc.records.titles import TITLES_VI
from certsvc.records.words import meaning_of

_MAX_ROWS, _MAX_BYTES = 50_000, 64 << 20
_CODE = re.compile(r"[0-9]{5}")
_SOCIAL_NO = re.compile(r"[0-9]{10}")


class Post(StrEnum):
    """What a practitioner is at a facility."""

    HEAD = "head"
    PRACTITIONER = "practitioner"


_POSTS = {
    fold(word): post
    for post, words in {
        Post.HEAD: ("head", "Trưởng trạm", "Thủ trưởng"),
        Post.PRACTITIONER: ("practitioner", "Người hành nghề"),
    }.items()
    for word in words
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityRow:
    """A facility, in row `number` of its file; None where the file says neither yes nor no."""

    number: int
    code: str
    name: str
    parent: str
    ward_code: str
    active_from: dt.date
    active_to: dt.date | None
    requires_approval: bool | None
    prints_both_copies: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PractitionerRow:
    """A practitioner, in row `number` of its file; `title` is None where the file gives none."""

    number: int
    licence: str
    full_name: str
    facility_code: str
    role: Post
    title: str | None
    social_insurance_no: str
    registered_from: dt.date
    registered_to: dt.date | None


_Row = TypeVar("_Row", FacilityRow, PractitionerRow)


def read_facilities(path: Path) -> list[FacilityRow]:
    """The facilities of a file, in its order.

    Raises InputError as `open_table` does, and `bad_rows` with every bad cell in `errors`.
    """
    return _read(path, FACILITIES, _facility, key=lambda row: (row.code,), key_column="facility_code")


def read_practitioners(path: Path) -> list[PractitionerRow]:
    """The practitioners of a file, in its order. Raises as `read_facilities`."""
    return _read(
        path,
        PRACTITIONERS,
        _practitioner,
        key=lambda row: (row.licence, row.facility_code),
        key_column="licence",
    )


def _facility(line: "_Line") -> FacilityRow:
    return FacilityRow(
        number=line.number,
        code=line.digits("facility_code", _CODE, length=5),
        name=line.text("name"),
        parent=line.text("parent"),
        ward_code=line.digits("ward_code", _CODE, length=5),
        active_from=line.needed_day("active_from"),
        active_to=line.last_day("active_to", first="active_from"),
        requires_approval=line.yes_or_no("requires_approval"),
        prints_both_copies=line.yes_or_no("prints_both_copies"),
    )


def _practitioner(line: "_Line") -> PractitionerRow:
    return PractitionerRow(
        number=line.number,
        licence=line.text("licence"),
        full_name=line.name("full_name"),
        facility_code=line.digits("facility_code", _CODE, length=5),
        role=line.post("role"),
        title=line.optional_text("title") or None,
        social_insurance_no=line.digits("social_insurance_no", _SOCIAL_NO, length=10),
        registered_from=line.needed_day("registered_from"),
        registered_to=line.last_day("registered_to", first="registered_from"),
    )


def _read(
    path: Path,
    layout: Layout,
    build: Callable[["_Line"], _Row],
    *,
    key: Callable[[_Row], tuple[str, ...]],
    key_column: str,
) -> list[_Row]:
    errors: list[ErrorItem] = []
    found: dict[tuple[str, ...], _Row] = {}
    with open_table(path, max_rows=_MAX_ROWS, max_unpacked_bytes=_MAX_BYTES, layout=layout) as table:
        for sheet_row in table:
            line = _Line(sheet_row, layout)
            if any(notice.rejects for notice in sheet_row.notices):
                line.complain(
                    None, "dòng bị lệch cột hoặc có ô lỗi", "has cells in wrong columns, or cells with errors"
                )
            row = build(line)
            if found.setdefault(key(row), row) is not row:
                line.complain(key_column, "đã có ở một dòng trước", "appears in an earlier row")
            errors += line.errors
    if errors:
        raise refusal("bad_rows", errors=errors)
    return list(found.values())


class _Line:
    """One row's cells, and what is wrong with them; a bad cell reads as something harmless."""

    def __init__(self, row: SheetRow, layout: Layout) -> None:
        self.number = row.number
        self._cells = row.cells
        self._max_chars = {column.name: column.max_chars for column in layout.columns}
        self.errors: list[ErrorItem] = []

    def complain(self, column: str | None, vi: str, en: str) -> None:
        title = f"«{TITLES_VI[column]}»" if column else "Dòng"
        name = f"“{column}”" if column else "The row"
        self.errors.append(
            {
                "field": column,
                "row": self.number,
                "rule": None,
                "message_vi": f"{title} {vi}.",
                "message_en": f"{name} {en}.",
            }
        )

    def text(self, column: str) -> str:
        text = self.optional_text(column)
        if not text:
            self.complain(column, "còn trống", "is empty")
        return text

    def optional_text(self, column: str) -> str:
        text = normalised(as_text(self._cells.get(column)))
        if len(text) > self._max_chars[column] or has_forbidden(text):
            self.complain(column, "quá dài hoặc có ký tự điều khiển", "is too long or has control characters")
        return text

    def name(self, column: str) -> str:
        text = self.text(column)
        if text and not is_name(text):
            self.complain(column, "có ký tự không dùng trong tên người", "has characters that no name has")
        return text

    def digits(self, column: str, shape: re.Pattern[str], *, length: int) -> str:
        """Digits, of which a spreadsheet may have dropped leading zeros."""
        text = self.text(column)
        digits = text.zfill(length) if text.isdigit() else text
        if text and not self._has_complaint(column) and not shape.fullmatch(digits):
            self.complain(column, f"phải gồm {length} chữ số", f"must have {length} digits")
        return digits

    def post(self, column: str) -> Post:
        text = self.text(column)
        if text and fold(text) not in _POSTS:
            self.complain(
                column,
                "phải là head (trưởng trạm) hoặc practitioner (người hành nghề)",
                "must be head or practitioner",
            )
        return _POSTS.get(fold(text), Post.PRACTITIONER)

    def yes_or_no(self, column: str) -> bool | None:
        """None for an empty cell."""
        text = normalised(as_text(self._cells.get(column)))
        meaning = meaning_of(column, text) if text else None
        if text and meaning is None:
            self.complain(column, "phải là Có hoặc Không", "must be yes or no")
        return None if meaning is None else bool(meaning)

    def needed_day(self, column: str) -> dt.date:
        day = self._day(column)
        if day is None and not self._has_complaint(column):
            self.complain(column, "còn trống", "is empty")
        return day or dt.date.min

    def last_day(self, column: str, *, first: str) -> dt.date | None:
        """A day that may be left out, but must not be before the one in column `first`."""
        day, start = self._day(column), day_of(self._normal(first))
        if day is not None and start is not None and day < start:
            self.complain(column, "ở trước ngày bắt đầu", "is before the start date")
        return day

    def _normal(self, column: str) -> Cell:
        cell = self._cells.get(column)
        return normalised(cell) if isinstance(cell, str) else cell

    def _day(self, column: str) -> dt.date | None:
        cell = self._normal(column)
        if cell is None or cell == "":
            return None
        day = day_of(cell)
        if day is None:
            self.complain(
                column,
                "không phải ngày có thật (ngày/tháng/năm hoặc năm-tháng-ngày)",
                "is not a real date (dd/mm/yyyy or yyyy-mm-dd)",
            )
        return day

    def _has_complaint(self, column: str) -> bool:
        return any(error["field"] == column for error in self.errors)
