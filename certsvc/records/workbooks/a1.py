"""Columns as spreadsheets name them (ECMA-376 part 1, §18.18.7): A, B … Z, AA … XFD.

openpyxl knows them too, but importing any of it loads all of it, with Pillow and lxml: ten megabytes in the
process that writes a returned file and needs nothing else from it.
"""

import re

_COLUMN = re.compile("[A-Za-z]{1,3}")


def column_index(letters: str) -> int:
    """1 for A. Raises ValueError for what is not a column's name."""
    if _COLUMN.fullmatch(letters) is None:
        raise ValueError("not a column")
    index = 0
    for letter in letters.upper():
        index = 26 * index + ord(letter) - ord("A") + 1
    return index


def column_letters(index: int) -> str:
    """A for 1."""
    letters = ""
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
