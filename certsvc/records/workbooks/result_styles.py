"""The formats of the cells that we add to a workbook, behind its own, so that none of those moves."""

import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from typing_extensions import override

from certsvc.records.workbooks.splicing import Splicer, Unsuitable, split

_COUNT = re.compile(rb"""(\scount\s*=\s*["'])\d+""")
_BEHIND_RULES = frozenset({"tableStyles", "colors", "extLst"})
_NEEDED = frozenset({"fonts", "fills", "cellXfs"})
_LIST_DEPTH = 2
_PAPER, _INK = "FFFFC7CE", "FF9C0006"
"""Light red and dark red, as spreadsheets mark bad cells."""

_FILL = (
    '<{0}fill><{0}patternFill patternType="solid">'
    f'<{{0}}fgColor rgb="{_PAPER}"/><{{0}}bgColor rgb="{_PAPER}"/>'
    "</{0}patternFill></{0}fill>"
)


@dataclass(frozen=True, slots=True)
class Formats:
    """Indexes of cell formats (ECMA-376 part 1, §18.8.10), and of the one (§18.8.14) that marks rows to be
    mended.
    """

    title: int
    plain: int
    marked: int
    rule: int


def with_formats(styles: bytes) -> tuple[bytes, Formats]:
    """A styles part with our formats added. Raises Unsuitable."""
    counting = _Counting()
    counting.copy(io.BytesIO(styles))
    counts = counting.counts
    if not counting.seen >= _NEEDED:
        raise Unsuitable
    added = {
        "fonts": ['<{0}font><{0}b/><{0}sz val="11"/><{0}name val="Calibri"/></{0}font>'],
        "fills": [_FILL],
        "cellXfs": [_format(font=counts["fonts"]), _format(), _format(fill=counts["fills"])],
        "dxfs": [f'<{{0}}dxf><{{0}}font><{{0}}color rgb="{_INK}"/></{{0}}font>{_FILL}</{{0}}dxf>'],
    }
    out = io.BytesIO()
    _Adding(out.write, counts, added, lacks_rules="dxfs" not in counting.seen).copy(io.BytesIO(styles))
    first = counts["cellXfs"]
    return out.getvalue(), Formats(first, first + 1, first + 2, counts["dxfs"])


def _format(*, font: int = 0, fill: int = 0) -> str:
    """Text (number format 49), wrapped, from the top of the cell."""
    return (
        f'<{{0}}xf numFmtId="49" fontId="{font}" fillId="{fill}" borderId="0" xfId="0"'
        ' applyNumberFormat="1" applyFont="1" applyFill="1" applyAlignment="1">'
        '<{0}alignment vertical="top" wrapText="1"/></{0}xf>'
    )


class _Counting(Splicer):
    """How many formats of each kind there are."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self.counts: Counter[str] = Counter()
        self.seen: set[str] = set()
        self._list = ""

    @override
    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == _LIST_DEPTH:
            self._list = split(name)[1]
            self.seen.add(self._list)
        elif self.depth == _LIST_DEPTH + 1:
            self.counts[self._list] += 1


class _Adding(Splicer):
    """The styles part, copied with our formats added."""

    def __init__(
        self,
        write: Callable[[bytes], object],
        counts: Counter[str],
        added: dict[str, list[str]],
        *,
        lacks_rules: bool,
    ) -> None:
        super().__init__(write)
        self._counts, self._added, self._lacks_rules, self._is_open = counts, added, lacks_rules, False

    @override
    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == _LIST_DEPTH:
            prefix, local = split(name)
            if self._lacks_rules and local in _BEHIND_RULES:
                self._insert_rules(prefix)
            if local in self._added:
                self.replace_tag(lambda tag: self._counted(tag, name))

    def _counted(self, tag: bytes, name: str) -> bytes:
        """The tag of a list with its new count; one that was empty gets its items here."""
        prefix, local = split(name)
        count = b"\\g<1>%d" % (self._counts[local] + len(self._added[local]))
        tag = _COUNT.sub(count, tag, count=1)
        self._is_open = not tag.endswith(b"/>")
        return tag if self._is_open else tag[:-2] + b">" + self._items(prefix, local) + f"</{name}>".encode()

    @override
    def end(self, name: str) -> None:
        prefix, local = split(name)
        if self.depth == _LIST_DEPTH and local in self._added and self._is_open:
            self.insert(self._items(prefix, local))
        elif self.depth == 1 and self._lacks_rules:
            self._insert_rules(prefix)

    def _insert_rules(self, prefix: str) -> None:
        self._lacks_rules = False
        start, end = f'<{prefix}dxfs count="1">'.encode(), f"</{prefix}dxfs>".encode()
        self.insert(start + self._items(prefix, "dxfs") + end)

    def _items(self, prefix: str, local: str) -> bytes:
        return "".join(self._added[local]).format(prefix).encode()
