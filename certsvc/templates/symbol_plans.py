"""What all QR symbols of one version have in common [ISO/IEC 18004:2015]: level M, versions 1 to 12, one data mask.

Coordinates are (column, row) in modules from the upper left corner; codewords are bytes.
"""

import functools
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import zxingcpp

MASK = 3
"""The data mask of every symbol.

Clause 7.8.3 has an encoder try all eight masks and take the one with the fewest runs, blocks and false finder patterns,
which is nine tenths of its work. A symbol says itself which mask it has, so any mask reads. What is lost is that choice:
our texts are mostly random characters, whose modules are even under every mask, and the tests read what we print.
"""

BLOCKS = (
    (10, (16,)),
    (16, (28,)),
    (26, (44,)),
    (18, (32, 32)),
    (24, (43, 43)),
    (16, (27,) * 4),
    (18, (31,) * 4),
    (22, (38, 38, 39, 39)),
    (22, (36, 36, 36, 37, 37)),
    (26, (43, 43, 43, 43, 44)),
    (30, (50, 51, 51, 51, 51)),
    (22, (36,) * 6 + (37,) * 2),
)
"""By version, at level M: codewords of error correction in each block, and codewords of data in each (table 9)."""

_ALIGNED = ((), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34), (6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50), (6, 30, 54), (6, 32, 58))
"""By version: rows and columns of the centres of alignment patterns (annex E)."""

_TIMING = 6
_VERSION_SHOWN_FROM = 7
_FIELD = 0x11D
"""The polynomial of GF(256) (clause 7.5.2)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How codewords become modules. A module is 0 where it is dark, as in a grey image.

    `corrections[k][value]` is what a codeword of data, k places before the end of its block, adds to the block's error
    correction, as a number of `correction` bytes. `mask` is XORed to the number that all codewords, in the symbol's
    order, are. `patterns` are the modules that hold no codeword. From the digits of the one and of the other, written
    one behind the other, `columns` picks runs that make up the symbol, column by column, each from its top.
    """

    side: int
    blocks: tuple[int, ...]
    correction: int
    corrections: tuple[tuple[int, ...], ...]
    bits: int
    mask: int
    patterns: str
    columns: Callable[[str], tuple[str, ...]]


@functools.cache
def plan_of(version: int) -> Plan:
    """The plan of a version."""
    correction, blocks = BLOCKS[version - 1]
    side = 17 + 4 * version
    path = [place for place in _path(side) if not _is_pattern(place, version)]
    bits = (sum(blocks) + correction * len(blocks)) * 8
    masked = "".join("0" if (column + row) % 3 == 0 else "1" for column, row in path)
    patterns = _patterns(version, capacity=sum(blocks))
    order = {place: index for index, place in enumerate([*path, *patterns])}
    picked = [order[place] for place in product(range(side), range(side))]
    return Plan(
        side=side,
        blocks=blocks,
        correction=correction,
        corrections=_corrections(correction, longest=max(blocks)),
        bits=len(path),
        mask=int(masked, 2),
        patterns="".join(patterns.values()),
        columns=operator.itemgetter(*_runs(picked)),
    )


def _path(side: int) -> Iterator[tuple[int, int]]:
    """All modules in the order in which codewords take them: pairs of columns from the right, up and down in turn (clause 7.7.3)."""
    rights = [right for right in range(side - 1, _TIMING, -2)] + [5, 3, 1]
    for index, right in enumerate(rights):
        rows = range(side) if index % 2 else range(side - 1, -1, -1)
        yield from ((column, row) for row in rows for column in (right, right - 1))


def _is_pattern(place: tuple[int, int], version: int) -> bool:
    """Whether the module belongs to finder, separator, timing, alignment, format or version (clause 6.3)."""
    column, row = place
    far = 17 + 4 * version - 8
    if column == _TIMING or row == _TIMING or (min(column, row) <= 8 and (max(column, row) <= 8 or max(column, row) >= far)):  # noqa: PLR2004
        return True
    if version >= _VERSION_SHOWN_FROM and min(column, row) < _TIMING and max(column, row) >= far - 3:
        return True
    centres = _ALIGNED[version - 1]
    corners = {(_TIMING, _TIMING), (_TIMING, centres[-1]), (centres[-1], _TIMING)} if centres else set()
    return any(abs(column - x) <= 2 and abs(row - y) <= 2 for x, y in product(centres, centres) if (x, y) not in corners)  # noqa: PLR2004
