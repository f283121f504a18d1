"""Where the two databases have words of their own."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Date, TableValuedAlias, Text, cast, func, literal
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from certsvc.models import BatchRow


def rules_of_lines(session: AsyncSession) -> TableValuedAlias:
    """A row for each item of `BatchRow.rules`."""
    items = func.json_array_elements if is_postgresql(session) else func.json_each
    return items(BatchRow.rules).table_valued("value")


def member(session: AsyncSession, table: TableValuedAlias, name: str) -> ColumnElement[str]:
    """A member of such an item, as text."""
    if is_postgresql(session):
        found: ColumnElement[str] = table.c.value.op("->>")(name)
        return found
    return func.json_extract(table.c.value, f"$.{name}")


def table_of(session: AsyncSession, rows: Iterable[Sequence[str]]) -> TableValuedAlias:
    """Texts as a table, a row each; `place` names its columns.

    It is one parameter, so the statement around it is always the same one: it is compiled and planned once,
    however many rows.
    """
    packed = json.dumps([list(row) for row in rows])
    items = (
        func.json_array_elements(cast(literal(packed, Text), JSON))
        if is_postgresql(session)
        else func.json_each(packed)
    )
    return items.table_valued("value")


def place(session: AsyncSession, table: TableValuedAlias, index: int) -> ColumnElement[str]:
    """A column of such a table."""
    if is_postgresql(session):
        found: ColumnElement[str] = table.c.value.op("->>")(index)
        return found
    return func.json_extract(table.c.value, f"$[{index}]")


def day_in_hanoi(session: AsyncSession, instant: InstrumentedAttribute[Any]) -> ColumnElement[dt.date]:
    """The calendar day of an instant in Hanoi, which is seven hours ahead of UTC all the year."""
    if is_postgresql(session):
        return cast(func.timezone("Asia/Ho_Chi_Minh", instant), Date)
    return func.date(instant, "+7 hours", type_=Date)


def is_postgresql(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"
