"""What a dry run's other rows say about the person of one row: nothing of them is in the database."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.issuing.known import PeoplesHistory, Stations
from certsvc.models import Batch
from certsvc.records import Case, Cell, Checked, Illness, Leave, Patient, check
from certsvc.records.cells import as_text, normalised
from certsvc.records.sheets.tables import SheetRow
from certsvc.store import batch_rows

Others = Sequence[tuple[int, Checked]]
"""Rows by number, checked."""


def rows_of_person(
    open_file: Callable[[], AbstractContextManager[Iterator[SheetRow]]],
    case: Case,
    *,
    but: int,
    today: dt.date,
    stations: Stations,
) -> list[tuple[int, Checked]]:
    """The other rows of a dry run's file about the same person."""
    found = []
    with open_file() as rows:
        for row in rows:
            if row.number != but and _may_be(row.cells, case):
                other = check(row.cells, today=today, registry=stations, notices=row.notices)
                if any(map(case.patient.is_same_person, _patients_of(other))):
                    found.append((row.number, other))
    return found


def _may_be(cells: Mapping[str, Cell], case: Case) -> bool:
    """A quick look that spares nearly all rows the check: the name, or a number without the zeros that
    `check` puts back.
    """
    looked_at = (
        ("full_name", case.full_name),
        ("citizen_id", case.citizen_id),
        ("social_insurance_no", case.social_insurance_no),
    )
    return any(
        wanted and wanted.lstrip("0").casefold() in normalised(as_text(cells.get(column))).casefold()
        for column, wanted in looked_at
    )


def _patients_of(checked: Checked) -> Iterator[Patient]:
    if checked.case is not None:
        yield checked.case.patient
    if checked.open_episode is not None:
        yield checked.open_episode.patient


async def history_of(session: AsyncSession, batch: Batch, others: Others) -> PeoplesHistory:
    """Their illnesses, over or not, and the leaves that would be issued."""
    history = PeoplesHistory()
    with_leave = await batch_rows.with_leave(session, batch.id, [number for number, _ in others])
    for number, other in others:
        if other.open_episode is not None:
            history.add_illness(
                other.open_episode.patient,
                Illness((other.facility_code, other.case_id), other.open_episode.positive_on),
            )
        elif other.case is not None:
            history.end_illness((other.facility_code, other.case_id))
        if other.case is not None and number in with_leave:
            case_key = (other.case.facility_code, other.case.case_id)
            history.add_leave(
                other.case.patient,
                Leave(case_key, other.case.isolation_from, other.case.isolation_to, other.case.case_id),
            )
    return history
