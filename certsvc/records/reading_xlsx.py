"""XLSX: the way from the package to its visible sheets (ECMA-376 part 1, §12).

The sheets are read by our own stream parser and not by a spreadsheet library, because those hold whole
rows or string tables as trees, need two passes to see both a formula and its value, and believe the
sizes a file declares. Kinds of number formats are the library's knowledge, though.
"""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

from certsvc.records.raw_rows import Sheet
from certsvc.records.refusals import refusal
from certsvc.records.xlsx_package import Package, open_package
from certsvc.records.xlsx_sheet import SharedStrings, Workbook, XlsxSheet
from certsvc.records.xlsx_xml import starts

_SMALL_PART_ELEMENTS = 1_000_000
_ELEMENTS_A_ROW, _SPARE_ELEMENTS = 400, 1_000_000
_CONTENT_TYPES = "[Content_Types].xml"
_FORMAT_GROUPS = frozenset({"numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors", "extLst"})


@contextmanager
def open_sheets(file: BinaryIO, *, max_rows: int, max_unpacked_bytes: int) -> Iterator[Iterator[Sheet]]:
    """The visible worksheets of a workbook, in its order.

    Raises InputError: `not_a_table` for other packages, `has_macros`, `encrypted_file`, `broken_file`,
    `too_large_unpacked`.
    """
    with open_package(file, max_unpacked_bytes=max_unpacked_bytes) as package:
        _check_content_types(package)
        path = _workbook_path(package)
        yield _sheets(package, path, max_elements=max_rows * _ELEMENTS_A_ROW + _SPARE_ELEMENTS)


def _sheets(package: Package, path: str, *, max_elements: int) -> Iterator[Sheet]:
    related = _relations(package, path)
    is_1904, sheet_ids = _read_workbook(package, path)
    strings = SharedStrings()
    for kind, target in related.values():
        if kind == "sharedStrings" and target in package.names:
            strings.read(package.chunks(target), max_elements=max_elements)
    workbook = Workbook(strings, _date_styles(package, related), is_1904)
    for sheet_id in sheet_ids:
        kind, target = related.get(sheet_id, ("", ""))
        if kind == "worksheet":
            yield XlsxSheet(partial(package.chunks, target), workbook=workbook, max_elements=max_elements)


def _check_content_types(package: Package) -> None:
    """Refuse packages that are no plain spreadsheet, by what they declare (§10.1.2 of part 2)."""
    if _CONTENT_TYPES not in package.names:
        raise refusal("not_a_table")
    kinds = {attributes.get("ContentType", "").lower() for _, attributes in starts(package.chunks(_CONTENT_TYPES), max_elements=_SMALL_PART_ELEMENTS)}
    if any("macroenabled" in kind or "vbaproject" in kind for kind in kinds):
        raise refusal("has_macros")
    if not any(kind.endswith(("spreadsheetml.sheet.main+xml", "spreadsheetml.template.main+xml")) for kind in kinds):
        raise refusal("not_a_table")


def _workbook_path(package: Package) -> str:
    found = [target for kind, target in _relations(package, "").values() if kind == "officeDocument"]
    if not found:
        raise refusal("broken_file")
    return found[0]


def _relations(package: Package, path: str) -> dict[str, tuple[str, str]]:
    """Relationships of a part by id: the last word of their type, and the part they lead to."""
    folder, name = posixpath.split(path)
    part = posixpath.join(folder, "_rels", f"{name}.rels")
    related = {}
    for element, attributes in starts(package.chunks(part), max_elements=_SMALL_PART_ELEMENTS):
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
            related[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], target)
    return related


def _read_workbook(package: Package, path: str) -> tuple[bool, list[str]]:
    """Whether serials count from 1904, and the relationship ids of the sheets a user sees."""
    is_1904, ids = False, []
    for element, attributes in starts(package.chunks(path), max_elements=_SMALL_PART_ELEMENTS):
        if element == "workbookPr":
            is_1904 = attributes.get("date1904", "0") in {"1", "true"}
        elif element == "sheet" and attributes.get("state", "visible") == "visible":
            ids.append(attributes.get("id", ""))
    return is_1904, ids


def _date_styles(package: Package, related: dict[str, tuple[str, str]]) -> frozenset[str]:
    """Indexes into cellXfs (§18.8.10) whose number format is a date's."""
    path = next((target for kind, target in related.values() if kind == "styles"), "")
    if path not in package.names:
        return frozenset()
    formats, styles, group = {str(number): code for number, code in BUILTIN_FORMATS.items()}, [], ""
    for element, attributes in starts(package.chunks(path), max_elements=_SMALL_PART_ELEMENTS):
        if element in _FORMAT_GROUPS:
            group = element
        elif element == "numFmt" and group == "numFmts":
            formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif element == "xf" and group == "cellXfs":
            styles.append(attributes.get("numFmtId", "0"))
    dates = {number for number, code in formats.items() if is_date_format(code) and not is_timedelta_format(code)}
    return frozenset(str(index) for index, number in enumerate(styles) if number in dates)
