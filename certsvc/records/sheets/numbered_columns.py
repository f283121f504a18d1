"""The row below the titles of official forms that numbers the columns: 1 2 3, (1) (2) (3), A B 1 2; or says
how to fill them in, in brackets.
"""

import re
from collections.abc import Collection, Sequence

from certsvc.records.cells import Cell, as_text

_FEWEST_NUMBERS, _FEWEST_NOTES = 3, 2
_LONGEST = 60
_NUMBER = re.compile(
    r"[(\[]?\s*(?:([0-9]{1,3})(?:[.,]0+)?|([A-Za-z]))\s*[)\].]?(?:\s*=[\s0-9A-Za-z()\[\]+*/x-]+)?"
)
"""Also "5 = 3 + 4" and "(5)=(3)+(4)"."""
_NOTE = re.compile(r"\([^()]+\)")


def numbers_columns(cells: Sequence[Cell], *, but: Collection[int]) -> bool:
    """Whether a row numbers its columns, or every cell is a note in brackets; columns in `but` are ours and
    do not count.

    No case looks like that: it has a name and a day of birth.
    """
    texts = [as_text(cell).strip() for index, cell in enumerate(cells) if index not in but]
    texts = [text for text in texts if text]
    if any(len(text) > _LONGEST for text in texts):
        return False
    return _counts_on(texts) or (len(texts) >= _FEWEST_NOTES and all(map(_NOTE.fullmatch, texts)))


def _counts_on(texts: Sequence[str]) -> bool:
    """Letters from A, numbers from 0 or 1, each one more than the last of its kind."""
    found = [_NUMBER.fullmatch(text) for text in texts]
    if len(texts) < _FEWEST_NUMBERS or None in found:
        return False
    numbers = [int(match[1]) for match in found if match and match[1]]
    letters = [ord(match[2].upper()) - ord("A") for match in found if match and match[2]]
    return all(_is_run(places, firsts) for places, firsts in ((numbers, (0, 1)), (letters, (0,))))


def _is_run(places: Sequence[int], firsts: Collection[int]) -> bool:
    if not places:
        return True
    return places[0] in firsts and list(places) == list(range(places[0], places[0] + len(places)))
