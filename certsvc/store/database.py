"""The engine and its transactions: SQLite (WAL) on one machine, PostgreSQL where it outgrows one."""

import datetime as dt
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, Connection, Dialect, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InvalidRequestError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry

from certsvc.errors import Broken, Conflict, InputError, Unavailable
from certsvc.store.asking import BROKEN_CONNECTION, Desk, PostgresDesk, Query, SqliteDesk
from certsvc.store.marks import ANY_UNMARKED

_MIGRATIONS = Path(__file__).parent.parent / "migrations"
_BUSY_TIMEOUT = dt.timedelta(seconds=30)
_POOL_TIMEOUT_S = 5
"""For a connection of the pool; then the caller is told to come back."""
_CACHE_KIB = 512
"""Of each connection. It is worth nothing as soon as another one has written; what is read again and again
lies in the system's cache, once for all.
"""

_DOWN_STATES = ("08", "25006", "28", "3D", "40", "42P01", "53", "55P03", "57", "58", "XX")
"""Beginnings of SQLSTATE (PostgreSQL, appendix A): connection, read-only, login, no database, deadlock, no
table, resources, lock time-out, operator, system, damage."""

_NOT_IN_REPERTOIRE = "22021"
"""SQLSTATE: a text holds U+0000, the one character that PostgreSQL does not keep. SQLite does, and finds
nothing by it.
"""


class Database:
    """One engine; `begin()` opens a writing transaction, `read()` one that only reads.

    All of them raise Unavailable where the database does not answer, Conflict `concurrent_change`, and
    InputError `invalid_text` for a text that it cannot hold. Raises Broken `no_driver` for an address that
    nothing installed can open, Unavailable where SQLite's file cannot be made.
    """

    def __init__(self, url: str) -> None:
        self.url, self.engine = _open_engine(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            _make_file(self.url)
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine.sync_engine, "do_connect", _connect)
        writing = self.engine.execution_options(certsvc_begin="BEGIN IMMEDIATE")
        self._writer = async_sessionmaker(writing, expire_on_commit=False)
        reading = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._reader = async_sessionmaker(reading, expire_on_commit=False)
        desk = SqliteDesk if self.is_sqlite else PostgresDesk
        self._desk: Desk = desk(self.engine.dialect, self.url)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A writing transaction: committed at the end of the block, rolled back on any exception."""
        async with self._translated(), self._writer.begin() as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction for reading: it waits for no writer, and all its statements see the same moment."""
        async with self._translated(), self._reader() as session:
            yield session

    async def find_row(self, query: Query, key: str) -> tuple[Any, ...] | None:
        """The only row of a query by an index, or None, in no transaction: the quickest way to ask for one
        thing.
        """
        try:
            return await self._desk.ask(query, key)
        except (sqlite3.Error, *BROKEN_CONNECTION) as error:
            raise _unavailable() from error
        except asyncpg.CharacterNotInRepertoireError as error:
            raise _invalid_text() from error
        except asyncpg.PostgresError as error:
            if not _is_down_state(error.sqlstate):
                raise
            raise _unavailable() from error

    @staticmethod
    @asynccontextmanager
    async def _translated() -> AsyncIterator[None]:
        try:
            yield
        except IntegrityError as error:
            if not _is_duplicate(error):
                raise
            raise Conflict(
                "concurrent_change",
                "Việc này vừa được làm ở nơi khác; hãy thử lại.",
                "Somebody else did this at the same moment; try again.",
            ) from error
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _NOT_IN_REPERTOIRE:
                raise _invalid_text() from error
            if not _is_down(error):
                raise
            raise _unavailable() from error
        except PoolTimeoutError as error:
            raise _unavailable() from error

    async def close(self) -> None:
        await self.engine.dispose()
        await self._desk.close()

    async def check_schema(self) -> None:
        """Raises Broken where the database is not at the newest schema, Unavailable where it cannot be
        opened.
        """
        async with self._translated(), self.engine.connect() as connection:
            revision = await connection.run_sync(_revision)
            is_whole = revision == _newest_revision() and not await _lacks_marks(connection)
        if not is_whole:
            raise Broken(
                "stale_schema",
                "Cơ sở dữ liệu chưa được nâng cấp; hãy chạy `certsvc migrate`.",
                "The database schema is stale; run `certsvc migrate`.",
            )

    async def lacks_marks(self) -> bool:
        """Whether certificates or illnesses from before there were marks are left, at the newest schema."""
        async with self._translated(), self.engine.connect() as connection:
            return await _lacks_marks(connection)

    async def migrate(self) -> None:
        """Bring the database to the newest schema. Raises Unavailable where it cannot be opened."""
        async with self._translated(), self.engine.begin() as connection:
            await connection.run_sync(_upgrade)


async def _lacks_marks(connection: AsyncConnection) -> bool:
    return (await connection.execute(ANY_UNMARKED)).first() is not None


def _open_engine(url: str) -> tuple[URL, AsyncEngine]:
    try:
        parsed = make_url(url)
        # Errors are logged, values must not be; the connection used last is the next one's, for its pages and
        # statements are there.
        return parsed, create_async_engine(
            parsed, hide_parameters=True, pool_use_lifo=True, pool_timeout=_POOL_TIMEOUT_S
        )
    except (ArgumentError, InvalidRequestError, ImportError) as error:
        raise Broken(
            "no_driver",
            "Địa chỉ cơ sở dữ liệu (CERTSVC_DATABASE_URL) sai hoặc chưa cài trình điều khiển của nó.",
            "The database's address (CERTSVC_DATABASE_URL) is wrong or its driver is not installed.",
        ) from error


def _make_file(url: URL) -> None:
    """SQLite would make it too, but where it cannot, aiosqlite's thread may outlive the event loop and
    complain.
    """
    if not url.database or url.database.startswith((":memory:", "file:")):
        return
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise _unavailable() from error


def _unavailable() -> Unavailable:
    return Unavailable(
        "store_unavailable",
        "Cơ sở dữ liệu tạm thời không phản hồi.",
        "The database cannot be reached now.",
        retry_after_s=2,
    )


def _invalid_text() -> InputError:
    return InputError(
        "invalid_text",
        "Một ô chữ có ký tự NUL (U+0000), không tìm và không lưu được; hãy bỏ ký tự đó rồi gửi lại.",
        "A text has the character NUL (U+0000), which can be neither found nor kept; remove it and send"
        " again.",
    )


def _is_down(error: DBAPIError) -> bool:
    """Whether the database, not what we asked of it, is at fault.

    SQLite: busy, no space, no table; the plain class is its word for a file that is no database, or a damaged
    one. PostgreSQL tells by SQLSTATE.
    """
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _is_down_state(state)
    return (
        isinstance(error, OperationalError | InterfaceError)
        or error.connection_invalidated
        or type(error) is DatabaseError
    )


def _is_down_state(sqlstate: object) -> bool:
    return str(sqlstate).startswith(_DOWN_STATES)


def _is_duplicate(error: IntegrityError) -> bool:
    """Whether a unique constraint was hit: SQLSTATE 23505, or SQLite's words."""
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint failed" in str(error.orig)


def _newest_revision() -> str:
    """The number of the last migration: they follow one another."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    """The schema's revision, where Alembic keeps it. Alembic itself is not asked: services that only look
    need not load it.
    """
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    # With Mako and its lexers 7 MB, which a running service does without.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _connect(
    dialect: Dialect, _record: ConnectionPoolEntry, args: tuple[Any, ...], options: dict[str, Any]
) -> DBAPIConnection:
    """Where nobody answers, asyncpg says so in the words of the operating system, and SQLAlchemy waits for
    the driver's.
    """
    try:
        return dialect.connect(*args, **options)
    except OSError as error:
        raise dialect.loaded_dbapi.OperationalError("no connection", error) from error


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver's own transaction control is switched off, else it begins too late (deferred).
    raw: Any = connection
    raw.isolation_level = None
    cursor = connection.cursor()
    settings = {
        "journal_mode": "WAL",
        "busy_timeout": int(_BUSY_TIMEOUT.total_seconds() * 1000),
        "foreign_keys": "ON",
        "synchronous": "NORMAL",
        "cache_size": -_CACHE_KIB,
    }
    for name, value in settings.items():
        try:
            cursor.execute(f"PRAGMA {name}={value}")
        except sqlite3.Error:
            connection.close()  # the pool does not have it yet, and its thread would outlive the event loop
            raise
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("certsvc_begin", "BEGIN"))
