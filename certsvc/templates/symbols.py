"""QR symbols of upper-case addresses [ISO/IEC 18004:2015]: alphanumeric mode, level M, one data mask, versions 1 to 12.

A general encoder works module by module. All that depends on the version alone is worked out here once: which modules
are data, in which order, what the mask and the fixed patterns are. Then a symbol is look-ups and slices of one string,
and costs a fraction of the RSA signature that it stands beside. The fixed patterns are those that zxing-cpp draws.
"""

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import zxingcpp
from PIL import Image

MASK = 3
"""The data mask of every symbol.

Clause 7.8.3 has an encoder try all eight masks and take the one with the fewest runs, blocks and false finder patterns,
which is nine tenths of its work. A symbol says itself which mask it has, so any mask reads. What is lost is that choice:
our texts are mostly random characters, whose modules are even under every mask, and the tests read what we print.
"""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_ONE = {character: f"{value:06b}" for value, character in enumerate(_ALPHABET)}
_TWO = {one + two: f"{_ALPHABET.index(one) * len(_ALPHABET) + _ALPHABET.index(two):011b}" for one, two in product(_ALPHABET, repeat=2)}
_PADDING = "1110110000010001"

_BLOCKS = (
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
"""By version, at level M: codewords of error correction in each block, and of data in each (table 9)."""

_ALIGNED = ((), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34), (6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50), (6, 30, 54), (6, 32, 58))
"""By version: rows and columns of the centres of alignment patterns (annex E)."""

_LONG_COUNT_FROM, _VERSION_SHOWN_FROM = 10, 7
_TO_LEVELS = bytes.maketrans(b"01", b"\x00\xff")


def draw_symbol(text: str) -> tuple[int, bytes] | None:
    """Side in modules, and rows of one bit a module, white 1, each filled up to a byte; None if `text` is not for this encoder."""
    if not text or not set(text) <= _ONE.keys():
        return None
    version = next((version for version in range(1, len(_BLOCKS) + 1) if _capacity(version) >= len(text)), None)
    return None if version is None else _plan(version).draw(text)


@functools.cache
def _capacity(version: int) -> int:
    """Characters that a version holds."""
    bits = sum(_BLOCKS[version - 1][1]) * 8 - 4 - _count_bits(version)
    return bits // 11 * 2 + (bits % 11 >= 6)  # noqa: PLR2004 (two characters in 11 bits, one in 6: clause 7.4.4)


def _count_bits(version: int) -> int:
    return 11 if version >= _LONG_COUNT_FROM else 9


@functools.cache
def _plan(version: int) -> "_Plan":
    return _Plan.make(version)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is the same for all symbols of a version.

    `mask` is XORed to the stream of all codewords; `patterns` are the modules that are no data; `pick` takes the columns out
    of both, written one behind the other as 0 and 1.
    """

    version: int
    side: int
    remainders: tuple[Sequence[int], ...]
    mask: int
    stream_bits: int
    patterns: str
    pick: Callable[[str], tuple[str, ...]]
