"""A cell as a person would type it, to be shown where it can be mended."""

import datetime as dt

from certsvc.records.cells import Cell, as_text, birth_of, day_of
from certsvc.records.columns import DAYS


def typed(column: str, cell: Cell) -> str:
    """What `check` reads as the same: days as yyyy-mm-dd, also those that a spreadsheet holds as numbers;
    text as it came.
    """
    if column not in DAYS or isinstance(cell, str | bool) or cell is None:
        return as_text(cell)
    if column == "birth_date":
        born = birth_of(cell)
        return as_text(cell) if born is None else born.iso
    return as_text(day_of(cell) or cell)


def printed(column: str, cell: Cell) -> str:
    """The same for Vietnamese readers: days that are no text as dd/mm/yyyy."""
    text = typed(column, cell)
    if column not in DAYS or isinstance(cell, str):
        return text
    try:
        return dt.date.fromisoformat(text).strftime("%d/%m/%Y")
    except ValueError:  # a year alone, or no day
        return text
