"""A workbook returned to its sender: the sender's own, with the fate of every row in columns at its right.

Its sheets, formats and pictures stay as they are: parts are copied, and only what we add to the sheet with
the cases and to the styles is new (`splicing`); a part whose name is spelled in two ways gets one
(`references`). Columns that we added to an earlier copy are taken out first. Only the current row of the
sheet is held.
"""

import zipfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import IO
from xml.parsers import expat

from typing_extensions import override

from certsvc.records.columns import RESULT_TITLES
from certsvc.records.raw.packages import damage_refused, open_package, same_name
from certsvc.records.raw.rows import Place
from certsvc.records.sheets.xlsx_parts import parts_of
from certsvc.records.workbooks.a1 import column_index
from certsvc.records.workbooks.references import References, refers, spellings
from certsvc.records.workbooks.result_cells import Added, RowResult, is_ours
from certsvc.records.workbooks.result_styles import with_formats
from certsvc.records.workbooks.splicing import Splicer, Unsuitable, refuse_doctype, split

_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
_COPY_BYTES = 1 << 16
_CELL_DEPTH = 4
"""Below worksheet, sheetData and row."""

_PACKING = 3
"""Level of compression, on which most of the time is spent."""
_BEHIND_RULES = frozenset(
    (
        "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins", "pageSetup",
        "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors",
        "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects",
        "controls", "webPublishItems", "tableParts", "extLst", "AlternateContent",
    )
)  # fmt: skip
"""What may come in a worksheet from conditional formats on (ECMA-376 part 1, §18.3.1.99)."""


def return_workbook(
    sent: Path,
    to: Path,
    *,
    place: Place,
    results: Iterable[RowResult],
    unread: str,
    max_unpacked_bytes: int,
    width: int | None = None,
) -> None:
    """Write a copy of a workbook with `results`, which come in the order of rows, in columns at the right.

    `unread`, if not empty, is written to rows with content and without a result. `width` is the last column
    in use, if known. Raises Unsuitable for a workbook that cannot be changed in place, InputError for one
    that cannot be read.
    """
    with sent.open("rb") as file, open_package(file, max_unpacked_bytes=max_unpacked_bytes) as package:
        names = package.namelist()
        spelled = spellings(names)
        with damage_refused():
            styles_part = parts_of(package).styles
        if styles_part is None:
            raise Unsuitable
        styles, formats = with_formats(package.read(styles_part))
        if width is None:
            with damage_refused():
                part = package.open(place.part)
            with part:
                width = _width(part, {index + 1 for index in place.results})
        first = width + 1
        if first + len(RESULT_TITLES) > _MOST_COLUMNS:
            raise Unsuitable
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=_PACKING) as copy:
            for name in names:
                with package.open(name) as source, copy.open(spelled[same_name(name)], "w") as target:
                    if same_name(name) == same_name(place.part):
                        added = Added(results, place=place, first=first, formats=formats, unread=unread)
                        _Sheet(target, added, dropped={index + 1 for index in place.results}).copy(source)
                    elif same_name(name) == same_name(styles_part):
                        target.write(styles)
                    elif refers(name):
                        References(target.write, name, spelled).copy(source)
                    else:
                        _copy(source, target)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while chunk := source.read(_COPY_BYTES):
        target.write(chunk)


def _width(part: IO[bytes], dropped: set[int]) -> int:
    """The last column in use, not counting ours. Raises Unsuitable."""
    widest = column = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal widest, column
        local = split(name)[1]
        if local == "row":
            column = 0
        elif local == "c":
            column = _column(attributes, column)
            if column > widest and column not in dropped:
                widest = column

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        while chunk := part.read(_COPY_BYTES):
            parser.Parse(chunk, False)
    except expat.ExpatError as error:
        raise Unsuitable from error
    return widest


def _column(attributes: dict[str, str], before: int) -> int:
    reference = attributes.get("r")
    return before + 1 if reference is None else _index(reference.rstrip("0123456789"))


@lru_cache(maxsize=_MOST_COLUMNS)
def _index(letters: str) -> int:
    try:
        return column_index(letters)
    except ValueError as error:
        raise Unsuitable from error


class _Sheet(Splicer):
    """The sheet with the cases (ECMA-376 part 1, §18.3.1.99), copied with what is added."""

    def __init__(self, target: IO[bytes], added: Added, *, dropped: set[int]) -> None:
        super().__init__(target.write)
        self._added, self._dropped_columns = added, dropped
        self._row = self._column = 0
        self._has_content = self._is_expanded = self._has_columns = self._has_rule = False
        self._in = ""
        self._columns: list[dict[str, str]] = []

    @override
    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth > _CELL_DEPTH:
            self._has_content = True
            return
        prefix, local = split(name)
        match self.depth:
            case 2:
                self._in = local
                self._start_part(prefix, local)
            case 3 if self._in == "sheetData" and local == "row":
                self._start_row(prefix, name, attributes)
            case 3 if self._in == "cols" and local == "col":
                self._columns.append(attributes)
            case 4 if self._in == "sheetData" and local == "c":
                self._column = _column(attributes, self._column)
                if self._column in self._dropped_columns:
                    self.drop()
            case _:
                pass

    def _start_part(self, prefix: str, local: str) -> None:
        if local == "dimension":
            self.drop()  # it says how far the sheet reaches, and may be left out
        elif local == "cols":
            self.keep_back()
        elif local == "sheetData" and not self._has_columns:
            self._has_columns = True
            self.insert(self._added.columns((), prefix))
        elif local in _BEHIND_RULES and not self._has_rule:
            self._has_rule = True
            self.insert(self._added.rule(prefix))
        if local == "conditionalFormatting":
            self.keep_back()

    def _start_row(self, prefix: str, name: str, attributes: dict[str, str]) -> None:
        try:
            row = int(attributes.get("r", self._row + 1))
        except ValueError as error:
            raise Unsuitable from error
        if not self._row < row <= _MOST_ROWS:
            raise Unsuitable
        self._row, self._column, self._has_content, self._is_expanded = row, 0, False, False
        self.replace_tag(lambda tag: self._row_tag(tag, name, prefix))

    def _row_tag(self, tag: bytes, name: str, prefix: str) -> bytes:
        """An empty row gets its cells here."""
        if not tag.endswith(b"/>"):
            return tag
        self._is_expanded = True
        cells = self._added.cells(self._row, prefix, has_content=False)
        return tag[:-2] + b">" + cells + f"</{name}>".encode() if cells else tag

    @override
    def end(self, name: str) -> None:
        if self.depth >= _CELL_DEPTH:
            return
        prefix, local = split(name)
        if self.depth == 3 and self._in == "sheetData" and local == "row" and not self._is_expanded:  # noqa: PLR2004 (below sheetData)
            self.insert(self._added.cells(self._row, prefix, has_content=self._has_content))
        elif self.depth == 2 and local == "cols" and not self._has_columns:  # noqa: PLR2004 (below the root)
            self._has_columns = True
            self.kept_back(is_wanted=lambda _: False)
            self.write(self._added.columns(self._columns, prefix))
        elif self.depth == 2 and local == "conditionalFormatting":  # noqa: PLR2004
            self.kept_back(is_wanted=lambda rule: not is_ours(rule))
        elif self.depth == 1 and not self._has_rule:
            self._has_rule = True
            self.insert(self._added.rule(prefix))
