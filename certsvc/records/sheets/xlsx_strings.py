"""The string table of a workbook (ECMA-376 part 1, §18.4.9), taken from expat as it streams by.

openpyxl keeps the tree of the whole table and makes an object of each string; here only the texts are held. A
text is cut and unescaped once, for any number of cells may refer to it.
"""

from openpyxl.utils.escape import unescape
from openpyxl.xml.constants import SHEET_MAIN_NS

from certsvc.records.raw.packages import PartStream, part_name, part_parser

_ITEM, _TEXT, _RUN = (part_name(SHEET_MAIN_NS, name) for name in ("si", "t", "r"))
_ITEM_DEPTH, _TEXT_DEPTH, _RUN_TEXT_DEPTH = 2, 3, 4
_MOST_CELL_CHARS = 32_767
"""Excel's own limit."""
_MOST_RAW_CHARS = 2 * _MOST_CELL_CHARS
_ESCAPED_UNDERSCORE = "x005F_"


def shown(text: str) -> str:
    """A text as a cell shows it: within Excel's limit, escapes such as `_x000a_` read (§22.9.2.19)."""
    return unescape(text[:_MOST_CELL_CHARS])


def read_strings(stream: PartStream) -> list[str]:
    """The texts of the table by index, as cells show them, without phonetic runs. Raises InputError and
    ExpatError.
    """
    table = _Table()
    try:
        while chunk := stream.read():
            table.parser.Parse(chunk, False)
        table.parser.Parse(b"", True)
        return table.texts
    finally:
        del table.parser  # a cycle with its handlers would keep the texts until a collection


class _Table:
    """Where the parser stands in the part."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._depth = self._chars = 0
        self._is_item = self._is_run = self._is_text = False
        self.parser = part_parser(self._start, self._end, self._text)

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == _ITEM_DEPTH:
            self._is_item, self._chars = name == _ITEM, 0
            self._parts.clear()
        elif self._depth == _TEXT_DEPTH:
            self._is_text, self._is_run = self._is_item and name == _TEXT, self._is_item and name == _RUN
        else:
            self._is_text = self._depth == _RUN_TEXT_DEPTH and self._is_run and name == _TEXT

    def _text(self, text: str) -> None:
        if self._is_text and self._chars < _MOST_RAW_CHARS:
            self._chars += len(text)
            self._parts.append(text)

    def _end(self, _: str) -> None:
        if self._depth == _ITEM_DEPTH and self._is_item:
            self.texts.append(shown("".join(self._parts).replace(_ESCAPED_UNDERSCORE, "")))
        self._depth -= 1
        self._is_text = False
