"""Files of facilities and practitioners, as the command line imports them: CSV or XLSX.

Nothing of a file is taken unless all of it is good; every bad cell is told with its row and column.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from certsvc.models import Facility, Practitioner
from certsvc.records.cells import Cell, as_text, day_of, has_forbidden, is_name, normalised
from certsvc.records.columns import FACILITIES, PRACTITIONERS, Layout, fold
from certsvc.records.raw.refusals import refusal
from certsvc.records.sheets.tables import open_table
from certsvc.records.titles import TITLES_VI
from certsvc.records.words import meaning_of

_MAX_ROWS, _MAX_BYTES = 50_000, 64 << 20
_CODE = re.compile(r"[0-9]{5}")
_SOCIAL_NO = re.compile(r"[0-9]{10}")
_ROLES = {
    fold(word): role
    for role, words in {
        "head": ("head", "Trưởng trạm", "Thủ trưởng"),
        "practitioner": ("practitioner", "Người hành nghề"),
    }.items()
    for word in words
}
_Entity = TypeVar("_Entity", Facility, Practitioner)


def read_facilities(path: Path) -> list[Facility]:
    """Facilities, unsaved, in the file's order.

    Raises InputError as `open_table` does, and `bad_rows` listing every bad cell in `errors`.
    """
    return _read(path, FACILITIES, _facility, key=lambda each: (each.code,), key_column="facility_code")


def read_practitioners(path: Path) -> list[Practitioner]:
    """Practitioners, unsaved, in the file's order; raises as `read_facilities`."""
    return _read(
        path,
        PRACTITIONERS,
        _practitioner,
        key=lambda each: (each.licence, each.facility_code),
        key_column="licence",
    )


def _facility(line: "_Line") -> Facility:
    """Where the file does not say whether approval is required or both copies are printed, the database keeps
    what it has.
    """
    answers = {column: line.yes_or_no(column) for column in ("requires_approval", "prints_both_copies")}
    said = {column: answer for column, answer in answers.items() if answer is not None}
    return Facility(
        **said,
        code=line.digits("facility_code", _CODE, length=5),
        name=line.text("name"),
        parent=line.text("parent"),
        ward_code=line.digits("ward_code", _CODE, length=5),
        active_from=line.needed_day("active_from"),
        active_to=line.last_day("active_to", first="active_from"),
    )


def _practitioner(line: "_Line") -> Practitioner:
    """Where the file names no title, the database keeps the one that it has."""
    title = line.optional_text("title")
    said = {"title": title} if title else {}
    return Practitioner(
        **said,
        licence=line.text("licence"),
        full_name=line.name("full_name"),
        facility_code=line.digits("facility_code", _CODE, length=5),
        role=line.role("role"),
        social_insurance_no=line.digits("social_insurance_no", _SOCIAL_NO, length=10),
        registered_from=line.needed_day("registered_from"),
        registered_to=line.last_day("registered_to", first="registered_from"),
    )


def _read(
    path: Path,
    layout: Layout,
    build: Callable[["_Line"], _Entity],
    *,
    key: Callable[[_Entity], tuple[str, ...]],
    key_column: str,
) -> list[_Entity]:
    errors: list[dict[str, Any]] = []
    found: dict[tuple[str, ...], _Entity] = {}
    with open_table(path, max_rows=_MAX_ROWS, max_unpacked_bytes=_MAX_BYTES, layout=layout) as table:
        for row in table:
            line = _Line(row.cells, layout)
            if any(notice.rejects for notice in row.notices):
                line.complain(
                    None, "dòng bị lệch cột hoặc có ô lỗi", "cells stand in wrong columns or hold errors"
                )
            entity = build(line)
            if found.setdefault(key(entity), entity) is not entity:
                line.complain(key_column, "đã có ở một dòng trước", "stands in an earlier row")
            errors += [{**error, "row": row.number} for error in line.errors]
    if errors:
        raise refusal("bad_rows", errors=errors)
    return list(found.values())


class _Line:
    """One row's cells, and what is wrong with them; a bad cell reads as something harmless."""

    def __init__(self, cells: Mapping[str, Cell], layout: Layout) -> None:
        self._cells = cells
        self._max_chars = {column.name: column.max_chars for column in layout.columns}
        self.errors: list[dict[str, Any]] = []

    def complain(self, column: str | None, vi: str, en: str) -> None:
        title = f"«{TITLES_VI[column]}»" if column else "Dòng"
        name = f"“{column}”" if column else "The row:"
        self.errors.append(
            {"field": column, "rule": None, "message_vi": f"{title} {vi}.", "message_en": f"{name} {en}."}
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
            self.complain(column, "có ký tự không dùng trong tên người", "has characters no name has")
        return text

    def digits(self, column: str, shape: re.Pattern[str], *, length: int) -> str:
        """Digits whose leading zeros a spreadsheet may have taken."""
        text = self.text(column)
        digits = text.zfill(length) if text.isdigit() else text
        if text and not self._has_complaint(column) and not shape.fullmatch(digits):
            self.complain(column, f"phải gồm {length} chữ số", f"must have {length} digits")
        return digits

    def role(self, column: str) -> str:
        text = self.text(column)
        if text and fold(text) not in _ROLES:
            self.complain(
                column,
                "phải là head (trưởng trạm) hoặc practitioner (người hành nghề)",
                "must be head or practitioner",
            )
        return _ROLES.get(fold(text), "practitioner")

    def yes_or_no(self, column: str) -> bool | None:
        """None where nothing is said."""
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
        """A day that may be left out and is not before the day in column `first`."""
        day, start = self._day(column), day_of(self._normal(first))
        if day is not None and start is not None and day < start:
            self.complain(column, "ở trước ngày bắt đầu", "is before the first day")
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
                "is no real date (dd/mm/yyyy or yyyy-mm-dd)",
            )
        return day

    def _has_complaint(self, column: str) -> bool:
        return any(error["field"] == column for error in self.errors)
