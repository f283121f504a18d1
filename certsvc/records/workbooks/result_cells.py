"""What is added to a returned sheet: titles, the fate of each row, widths, and the rule that marks rows to be
mended.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from certsvc.records.columns import RESULT_TITLES
from certsvc.records.raw.rows import Place
from certsvc.records.workbooks.a1 import column_letters
from certsvc.records.workbooks.cells import harmless, xlsx_text
from certsvc.records.workbooks.result_styles import Formats
from certsvc.records.workbooks.splicing import Unsuitable

REJECTED, FAILED = "KHÔNG CẤP", "LỖI KHI KÝ"
"""What the columns of outcomes say in a row to be mended; the rule that marks rows looks for these."""
_OUTCOMES = 2
_MOST_ROWS, _MOST_CELL_CHARS = 1_048_576, 32_767
_WIDTHS = (18, 18, 60, 16, 20, 42, 42)


@dataclass(frozen=True, slots=True)
class RowResult:
    """What is reported of one row: a text for each of `RESULT_TITLES`."""

    row: int
    texts: tuple[str, ...]
    is_marked: bool


class Added:
    """What is added to a sheet, as XML with the sheet's own prefix."""

    def __init__(
        self, results: Iterable[RowResult], *, place: Place, first: int, formats: Formats, unread: str
    ) -> None:
        self.first = first
        self._results = iter(results)
        self._next = next(self._results, None)
        self._header_row, self._formats = place.header_row, formats
        self._first_row = place.first_row or place.header_row + 1
        self._unread = (unread,) * _OUTCOMES if unread else ()
        self._letters = [column_letters(first + index) for index in range(len(RESULT_TITLES))]

    def cells(self, row: int, prefix: str, *, has_content: bool) -> bytes:
        """The cells added to a row; rows come in order."""
        if row == self._header_row:
            return self._written(row, RESULT_TITLES, self._formats.title, prefix)
        while self._next is not None and self._next.row < row:
            self._next = next(self._results, None)
        if self._next is not None and self._next.row == row:
            style = self._formats.marked if self._next.is_marked else self._formats.plain
            return self._written(row, self._next.texts, style, prefix)
        if has_content and row >= self._first_row:
            return self._written(row, self._unread, self._formats.plain, prefix)
        return b""

    def _written(self, row: int, texts: Iterable[str], style: int, prefix: str) -> bytes:
        cells = (
            f'<{prefix}c r="{letter}{row}" s="{style}"{_text(text, prefix)}'
            for letter, text in zip(self._letters, texts, strict=False)
        )
        return "".join(cells).encode()

    def columns(self, kept: Iterable[dict[str, str]], prefix: str) -> bytes:
        """The `cols` of the sheet with the widths of ours; others lose the columns that are ours."""
        last = self.first + len(_WIDTHS) - 1
        parts = [part for attributes in kept for part in _outside(attributes, self.first, last)]
        parts += [
            {"min": str(number), "max": str(number), "width": str(width), "customWidth": "1"}
            for number, width in enumerate(_WIDTHS, self.first)
        ]
        parts.sort(key=lambda attributes: int(attributes["min"]))
        written = "".join(
            f"<{prefix}col{''.join(f' {name}={quoteattr(value)}' for name, value in attributes.items())}/>"
            for attributes in parts
        )
        return f"<{prefix}cols>{written}</{prefix}cols>".encode()

    def rule(self, prefix: str) -> bytes:
        """Marks every row below the header whose outcomes say that it has to be mended."""
        top = self._first_row
        conditions = ",".join(
            f'${letter}{top}="{text}"' for letter in self._letters[:_OUTCOMES] for text in (REJECTED, FAILED)
        )
        return (
            f'<{prefix}conditionalFormatting sqref="A{top}:{self._letters[-1]}{_MOST_ROWS}">'
            f'<{prefix}cfRule type="expression" dxfId="{self._formats.rule}" priority="1">'
            f"<{prefix}formula>OR({conditions})</{prefix}formula>"
            f"</{prefix}cfRule></{prefix}conditionalFormatting>"
        ).encode()


def is_ours(rule: bytes) -> bool:
    """Whether a conditional format is one that we added."""
    return REJECTED.encode() in rule


def _text(text: str, prefix: str) -> str:
    """The rest of a cell that holds a text (§18.3.1.4), never a formula."""
    if not text:
        return "/>"
    safe = xlsx_text(str(harmless(text[:_MOST_CELL_CHARS])))
    content = f'<{prefix}t xml:space="preserve">{safe}</{prefix}t>'
    return f' t="inlineStr"><{prefix}is>{content}</{prefix}is></{prefix}c>'


def _outside(attributes: dict[str, str], first: int, last: int) -> Iterator[dict[str, str]]:
    """A `col` without the columns from `first` to `last`: nothing, one, or one on either side. Raises
    Unsuitable.
    """
    try:
        start, end = int(attributes["min"]), int(attributes["max"])
    except (KeyError, ValueError) as error:
        raise Unsuitable from error
    for low, high in ((start, min(end, first - 1)), (max(start, last + 1), end)):
        if low <= high:
            yield attributes | {"min": str(low), "max": str(high)}
