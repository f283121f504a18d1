"""From what a cell of a table holds to text, days and whole numbers.

Cells come from CSV (text), XLSX (text, numbers, dates, truth values) and JSON. Text is brought to NFC,
blanks of every kind become single spaces, invisible characters without meaning here go; characters that
could disturb a page or a terminal stay in, to be refused by `has_forbidden`.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

from certsvc.records.birth import Birth

Cell: TypeAlias = str | int | float | bool | dt.date | dt.datetime | dt.time | None

_BLANKS = re.compile("[ \t\r\n\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 and C1 controls
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls (UAX #9)
    "\ud800-\udfff"  # lone surrogates: no UTF-8 can hold them
    "\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use: no font of ours has them
    "\ufdd0-\ufdef\ufff0-\uffff]"  # non-characters, specials, traces of lost text
)
_LOST_TEXT = frozenset("\ufffc\ufffd")
"""The only ones of these that count as printable."""
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ][0-9:.]+)?")
_VIETNAMESE = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})(?: [0-9:.]+)?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_YEAR = re.compile(r"[0-9]{4}")

_EXCEL_EPOCH = dt.date(1899, 12, 30)
"""Day 0 of serial numbers from 61 (1900-03-01) on; before that Excel counts a 29/02/1900."""
_FIRST_SERIAL, _LAST_SERIAL = 61, 2_958_465
_FIRST_YEAR, _LAST_YEAR = 1850, 2200
"""Bare numbers in this range are years of birth, not days of spring 1905."""
_MOST_EXACT = 2**53
_FIRST_INEXACT = 10**15
_SCIENTIFIC = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:[.,][0-9]*)?[Ee]\+[0-9]{1,3}|[0-9](?:[.,][0-9]*)?[Ee]-[0-9]{2,3})"
)
"""As spreadsheets show what is too long for them, in either language; an identifier with a hyphen, like
12E-3, is none of it.
"""
_LONGEST_DAY = 40
"""Longer texts mean no day: they would only be kept beside those that are met again and again."""


def as_text(cell: Cell) -> str:
    """A cell as it would have been typed: whole numbers without a point, days in ISO form."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _MOST_EXACT:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return str(cell)


def normalised(text: str) -> str:
    """NFC, blanks collapsed and trimmed, invisible characters removed."""
    if (
        text.isprintable()
        and "  " not in text
        and text.strip(" ") == text
        and unicodedata.is_normalized("NFC", text)
    ):
        return text  # nearly all cells; whatever is blank or invisible is not printable, but for the space
    return _BLANKS.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", text))).strip(" ")


def are_plain(texts: Iterable[str]) -> bool:
    """Whether all these texts are plain letters of Western Europe and Vietnam with single blanks between;
    asked of a whole row at once, for speed.

    Such texts are as `normalised` leaves them and none `has_forbidden`; none has a letter that looks like Đ,
    one of another script, or one that cannot be printed. No means only: look at each.
    """
    row = f"|{'|'.join(texts)}|"
    return _PLAIN.fullmatch(row) is not None and not any(trace in row for trace in _TRACES)


_TRACES = ("  ", "| ", " |")
_VOWELS = (
    unicodedata.normalize("NFC", vowel + tone)
    for vowel in "aăâeêioôơuưy"
    for tone in ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
)
_LETTERS = "".join(("đ", *(vowel for vowel in _VOWELS if not vowel.isascii())))
_PLAIN = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u00b4\u00b6-\u00cf\u00d1-\u00ef\u00f1-\u00ff"
    f"{_LETTERS}{_LETTERS.upper()}–—‘’“”…•]*+"
)


def has_forbidden(text: str) -> bool:
    """Whether text holds controls, bidirectional controls, private-use or broken characters."""
    return (not text.isprintable() or not _LOST_TEXT.isdisjoint(text)) and _FORBIDDEN.search(text) is not None


def is_name(text: str) -> bool:
    """Whether text is a person's name: letters of any script with their marks, spaces, ' . and - [rules,
    V-NAME].
    """
    letters = text.translate(_NAME_PUNCTUATION)
    if letters.isalpha():
        return True
    return any(char.isalpha() for char in letters) and all(
        char.isalpha() or unicodedata.category(char) in {"Mn", "Mc"} for char in letters
    )


_NAME_PUNCTUATION = {ord(char): None for char in " '.-"}


def is_destroyed(cell: Cell) -> bool:
    """Whether an identifier's cell is what a spreadsheet made of it: a date, a time, a fraction, a number of
    more digits than it keeps, or `2.10123E+11`.

    Text is taken as normalised. Fifteen digits are kept of a number (ECMA-376 part 1, 18.8.30; IEEE 754).
    """
    if isinstance(cell, str):
        return ("E" in cell or "e" in cell) and _SCIENTIFIC.fullmatch(cell) is not None
    if isinstance(cell, dt.date | dt.time):
        return True
    return (
        cell is not None
        and not isinstance(cell, bool)
        and not (abs(cell) < _FIRST_INEXACT and cell == int(cell))
    )


def day_of(cell: Cell) -> dt.date | None:
    """The day a cell means, or None where it means none.

    Takes real dates, Excel's serial numbers in number cells, and as text yyyy-mm-dd, dd/mm/yyyy (one
    digit will do; dots and hyphens too), yyyymmdd. Two-digit years are refused, for nobody can know.
    """
    if isinstance(cell, str):
        return _day_of_text(cell) if len(cell) <= _LONGEST_DAY else None
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    if cell is None or isinstance(cell, bool | dt.time) or not _FIRST_SERIAL <= cell < 10**8:
        return None
    return (
        _EXCEL_EPOCH + dt.timedelta(days=int(cell)) if cell <= _LAST_SERIAL else _day_of_text(as_text(cell))
    )


def birth_of(cell: Cell) -> Birth | None:
    """A day as `day_of` takes it, or a year alone as number or text; None where it is neither."""
    if (
        isinstance(cell, int | float)
        and not isinstance(cell, bool)
        and _FIRST_YEAR <= cell <= _LAST_YEAR
        and cell == int(cell)
    ):
        return Birth(int(cell))
    if isinstance(cell, str) and _YEAR.fullmatch(cell):
        return Birth(int(cell)) if int(cell) else None
    day = day_of(cell)
    return None if day is None else Birth.on(day)


@lru_cache(maxsize=8192)
def _day_of_text(text: str) -> dt.date | None:
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        year, month, day = match.groups()
    elif match := _VIETNAMESE.fullmatch(text):
        day, month, year = match.groups()
    else:
        return None
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None
