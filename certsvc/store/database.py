"""The engine and its transactions: SQLite (WAL) on one machine, PostgreSQL where it outgrows one."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from certsvc.errors import Broken, Conflict, Unavailable

_MIGRATIONS = Path(__file__).parent.parent / "migrations"
_BUSY_TIMEOUT = dt.timedelta(seconds=30)


class Database:
    """One engine; `begin()` opens a writing transaction, `read()` one that only reads."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = create_async_engine(self.url, hide_parameters=True)  # errors are logged, values must not be
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        writing = self.engine.execution_options(certsvc_begin="BEGIN IMMEDIATE")
        self._writer = async_sessionmaker(writing, expire_on_commit=False)
        self._reader = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A writing transaction: committed at the end of the block, rolled back on any exception."""
        async with self._translated(), self._writer.begin() as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction for reading; it waits for no writer."""
        async with self._translated(), self._reader() as session:
            yield session

    @staticmethod
    @asynccontextmanager
    async def _translated() -> AsyncIterator[None]:
        try:
            yield
        except IntegrityError as error:
            if not _is_duplicate(error):
                raise
            raise Conflict(
                "concurrent_change", "Việc này vừa được làm ở nơi khác; hãy thử lại.", "Somebody else did this at the same moment; try again."
            ) from error
        except OperationalError as error:
            raise Unavailable("store_unavailable", "Cơ sở dữ liệu tạm thời không phản hồi.", "The database cannot be reached now.") from error

    async def close(self) -> None:
        await self.engine.dispose()

    async def check_schema(self) -> None:
        """Raises Broken where the database is not at the newest schema."""
        async with self.engine.connect() as connection:
            revision = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
        if revision != ScriptDirectory(str(_MIGRATIONS)).get_current_head():
            raise Broken(
                "stale_schema", "Cơ sở dữ liệu chưa được nâng cấp; hãy chạy `certsvc migrate`.", "The database schema is stale; run `certsvc migrate`."
            )

    async def migrate(self) -> None:
        """Bring the database to the newest schema."""
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        async with self.engine.begin() as connection:
            await connection.run_sync(_upgrade, config)


def _is_duplicate(error: IntegrityError) -> bool:
    """Whether a unique constraint was hit: SQLSTATE 23505, or SQLite's words."""
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint failed" in str(error.orig)


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver's own transaction control is switched off, else it begins too late (deferred).
    raw: Any = connection
    raw.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", f"busy_timeout={int(_BUSY_TIMEOUT.total_seconds() * 1000)}", "foreign_keys=ON", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("certsvc_begin", "BEGIN"))
