"""Queries by an index, sent to the driver directly, for look-ups are most of our traffic.

SQLAlchemy writes the statement and says how each column is read; its connections, sessions and results, which
take three times as long as the rest of a look-up, are bypassed. Errors are the driver's own.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, Protocol

import asyncpg
from sqlalchemy import URL, Dialect, Select

Query = Select[*tuple[Any, ...]]
"""With one value to be bound, called `key`. Made once and kept."""

_BUSY_TIMEOUT_S = 0.05
"""SQLite is asked in the event loop: a lock that readers feel (recovery, VACUUM) must not hold up
everybody.
"""
_CACHE_KIB = 32 * 1024
"""The inner pages of an index over millions."""

_CONNECTIONS = 8

BROKEN_CONNECTION = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    OSError,
)
"""What asyncpg raises where a connection ends, or has ended, under a question."""


class Desk(Protocol):
    """Where such queries are run."""

    async def ask(self, query: Query, key: str) -> tuple[Any, ...] | None:
        """The only row, or None."""
        ...

    async def close(self) -> None: ...


class SqliteDesk:
    """One connection in the event loop: SQLite answers within a tenth of the time that a thread takes to be
    woken.

    In WAL mode it waits for no writer.
    """

    def __init__(self, dialect: Dialect, url: URL) -> None:
        arguments, options = dialect.create_connect_args(url)
        self._arguments: list[Any] = list(arguments)
        self._options: dict[str, Any] = {**options, "timeout": _BUSY_TIMEOUT_S, "isolation_level": None}
        self._statements = _Statements(dialect)
        self._connection: sqlite3.Connection | None = None

    async def ask(self, query: Query, key: str) -> tuple[Any, ...] | None:
        sql, read = self._statements.of(query)
        try:
            row = self._open().execute(sql, (key,)).fetchone()
        except sqlite3.Error:
            await self.close()  # the file may be another one when it is asked again
            raise
        return None if row is None else read(row)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(*self._arguments, **self._options)
            self._connection.execute("PRAGMA query_only=ON")
            self._connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresDesk:
    """A few connections, opened on first use."""

    def __init__(self, dialect: Dialect, url: URL) -> None:
        _, self._options = dialect.create_connect_args(url)
        self._statements = _Statements(dialect)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    async def ask(self, query: Query, key: str) -> tuple[Any, ...] | None:
        sql, read = self._statements.of(query)
        pool = self._pool or await self._open()
        try:
            row = await pool.fetchrow(sql, key)
        except BROKEN_CONNECTION:
            # The server may have been restarted since; a pooled connection notices that late.
            await pool.expire_connections()
            row = await pool.fetchrow(sql, key)
        return None if row is None else read(row)

    async def _open(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    min_size=1, max_size=_CONNECTIONS, reset=_as_it_is, **self._options
                )
        return self._pool

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None


async def _as_it_is(_: object) -> None:
    """Single selects leave nothing behind on a connection, so that resetting it would be a round trip for
    nothing.
    """


class _Statements:
    """Each query's text, and a reader of its rows, made on first use."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._made: dict[Query, tuple[str, Callable[[Any], tuple[Any, ...]]]] = {}

    def of(self, query: Query) -> tuple[str, Callable[[Any], tuple[Any, ...]]]:
        made = self._made.get(query)
        if made is None:
            made = self._made[query] = str(query.compile(dialect=self._dialect)), self._reader(query)
        return made

    def _reader(self, query: Query) -> Callable[[Any], tuple[Any, ...]]:
        readers = [
            column.type.dialect_impl(self._dialect).result_processor(self._dialect, None)
            for column in query.selected_columns
        ]

        def read(row: Any) -> tuple[Any, ...]:
            return tuple(
                [
                    value if reader is None else reader(value)
                    for value, reader in zip(row, readers, strict=True)
                ]
            )

        return read
