"""Writes a returned file in a process of its own, for it takes seconds and reads what a stranger sent.

It does a `Task` (`one_shot`) and answers with its exit code.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from certsvc.errors import InputError
from certsvc.processes.one_shot import serve_task
from certsvc.records.raw.rows import Place, RawRow
from certsvc.records.workbooks.result_cells import RowResult
from certsvc.records.workbooks.returned import return_workbook
from certsvc.records.workbooks.splicing import Unsuitable

_MEMORY_BYTES, _CPU_S = 1 << 30, 900
_SLIM_TITLES = ("Dòng trong tệp", "Mã ca")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to write: `results` is a file of one JSON line a row, `sent` the sender's file where it is kept
    and may be shown.
    """

    results: str
    to: str
    sent: str | None
    file_format: str
    place: Mapping[str, Any] | None
    mapping: Mapping[str, Any] | None
    unread: str
    max_rows: int
    max_unpacked_bytes: int


def write_returned(task: Task) -> None:
    """The sender's own workbook where it is one that can be changed in place; else his table in a plain one;
    else rows and case ids.
    """
    for write in (_write_own, _write_plain):
        try:
            write(task)
        except (Unsuitable, InputError):
            continue
        return
    _write_slim(task)


def _write_own(task: Task) -> None:
    if task.sent is None or task.file_format != "xlsx":
        raise Unsuitable
    _return(task, Path(task.sent), _place(task))


def _write_plain(task: Task) -> None:
    from certsvc.records.columns import layout_of  # noqa: PLC0415 - loads openpyxl, as do the readers, which a file changed in place does without
    from certsvc.records.sheets.tables import open_file  # noqa: PLC0415
    from certsvc.records.workbooks.plain import PART, write_plain  # noqa: PLC0415

    if task.sent is None:
        raise Unsuitable
    place = _place(task)
    shift = int(place.header_row == 0)  # of a file whose rows are no lines of a table
    opened = open_file(
        Path(task.sent),
        max_rows=task.max_rows,
        max_unpacked_bytes=task.max_unpacked_bytes,
        layout=layout_of(task.mapping),
    )
    with opened as (_, sheets), tempfile.NamedTemporaryFile() as plain:
        sheet = next((each for each in sheets if each.part == place.part), None)
        if sheet is None:
            raise Unsuitable
        width = write_plain(Path(plain.name), sheet.rows(), shift=shift)
        moved = Place(
            PART, place.header_row + shift, place.results, place.first_row and place.first_row + shift
        )
        _return(task, Path(plain.name), moved, shift=shift, width=None if place.results else width)


def _write_slim(task: Task) -> None:
    from certsvc.records.workbooks.plain import PART, write_plain  # noqa: PLC0415 - as above

    with tempfile.NamedTemporaryFile() as plain:
        titles = RawRow(1, list(_SLIM_TITLES))
        rows = (RawRow(number, [line["row"], line["case_id"]]) for number, line in enumerate(_lines(task), 2))
        write_plain(Path(plain.name), chain([titles], rows), shift=0)
        results = (
            RowResult(number, tuple(line["texts"]), line["is_marked"])
            for number, line in enumerate(_lines(task), 2)
        )
        limit = task.max_unpacked_bytes
        return_workbook(
            Path(plain.name),
            Path(task.to),
            place=Place(PART, 1, ()),
            results=results,
            unread="",
            max_unpacked_bytes=limit,
        )


def _return(task: Task, book: Path, place: Place, *, shift: int = 0, width: int | None = None) -> None:
    results = (
        RowResult(line["row"] + shift, tuple(line["texts"]), line["is_marked"]) for line in _lines(task)
    )
    return_workbook(
        book,
        Path(task.to),
        place=place,
        results=results,
        unread=task.unread,
        max_unpacked_bytes=task.max_unpacked_bytes,
        width=width,
    )


def _place(task: Task) -> Place:
    if task.place is None:
        raise Unsuitable
    return Place(
        task.place["part"],
        task.place["header_row"],
        tuple(task.place["results"]),
        task.place.get("first_row", 0),
    )


def _lines(task: Task) -> Iterator[dict[str, Any]]:
    with Path(task.results).open("rb") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    serve_task(Task, write_returned, memory_bytes=_MEMORY_BYTES, cpu_s=_CPU_S)
