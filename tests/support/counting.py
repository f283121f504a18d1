"""The statements that the database gets while something is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.support.rig import Rig


@contextmanager
def statements(rig: Rig) -> Iterator[list[str]]:
    """The statements that the database gets meanwhile."""
    told: list[str] = []
    with _listening(rig, lambda statement, _: told.append(statement)):
        yield told


@contextmanager
def questions(rig: Rig) -> Iterator[list[tuple[str, Any]]]:
    """The statements that the database gets meanwhile, with their values."""
    told: list[tuple[str, Any]] = []
    with _listening(rig, lambda statement, values: told.append((statement, values))):
        yield told


@contextmanager
def _listening(rig: Rig, hear: Callable[[str, Any], None]) -> Iterator[None]:
    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        hear(statement, values)

    engine = rig.res.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield
    event.remove(engine, "before_cursor_execute", note)


async def plan(rig: Rig, statement: str, values: Any) -> str:
    """The database's query plan; PostgreSQL must not take a short cut because the table is empty."""
    async with rig.res.db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return str((await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)).all())
        for way in ("seqscan", "bitmapscan", "sort"):
            await connection.exec_driver_sql(f"SET enable_{way} = off")
        return str((await connection.exec_driver_sql(f"EXPLAIN {statement}", values)).all())
