"""From any earlier schema to the newest one, on an empty database and on one in use."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from certsvc import migrations
from certsvc.callers.keys import find_caller, make_key
from certsvc.clock import utc_now
from certsvc.errors import Broken
from certsvc.models import (
    ApiKey,
    Entity,
    Origin,
    Role,
    Scope,
)
from certsvc.store import Database
from tests.support.postgres import Postgres


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Entity.metadata))


@pytest.fixture
def empty_database(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of one without a table."""
    if database == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


async def test_migrations_lead_to_the_models(empty_database: str) -> None:
    """From nothing to the newest schema there is no difference to the mapped entities; a second run changes
    nothing.
    """
    db = Database(empty_database)
    try:
        with pytest.raises(Broken, match="stale_schema"):
            await db.check_schema()
        await db.migrate()
        await db.migrate()
        await db.check_schema()
        async with db.engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
    finally:
        await db.close()


@pytest.mark.parametrize("has_files", [False, True], ids=["empty", "with files"])
async def test_a_schema_from_before_packs_is_brought_forward(empty_database: str, *, has_files: bool) -> None:
    """An empty one becomes the newest; one with files that no pack holds is refused in words that say what to
    do, and stays as it is.
    """
    db = Database(empty_database)
    try:
        async with db.engine.begin() as connection:
            await connection.run_sync(_upgrade_to, "0001")
        if has_files:
            await _insert_whole_file(db)
            with pytest.raises(Broken, match="made_by_trial"):
                await db.migrate()
        else:
            await db.migrate()
            await db.check_schema()
            async with db.engine.begin() as connection:
                await connection.run_sync(_downgrade_to, "0001")
        with pytest.raises(Broken, match="stale_schema"):
            await db.check_schema()
    finally:
        await db.close()


async def test_keys_of_before_go_on_being_keys(empty_database: str) -> None:
    """A key, and what was asked for with it, from before there were other callers: it opens, unnarrowed, and
    owns what it owned.
    """
    key, shown = make_key(role=Role.INSURER, facility_code=None, now=utc_now())
    db = Database(empty_database)
    try:
        async with db.engine.begin() as connection:
            await connection.run_sync(_upgrade_to, "0003")
            await connection.exec_driver_sql(
                _OLD_KEY.format(
                    id=key.id.hex if db.is_sqlite else key.id, prefix=key.prefix, sha256=key.sha256
                )
            )
            await connection.exec_driver_sql(_OLD_ANSWER.format(id=key.id.hex if db.is_sqlite else key.id))
        await db.migrate()
        found = await find_caller(db, shown, now=utc_now())
        assert found is not None
        assert (found.id, found.origin, found.scopes, found.may(Scope.WITHDRAW)) == (
            key.id,
            Origin.KEY,
            None,
            True,
        )
        with pytest.raises(IntegrityError, match="ck_api_keys_origin"):
            async with db.begin() as session:
                await session.execute(text("UPDATE api_keys SET origin = 'other'"))
        async with db.engine.begin() as connection:
            await connection.run_sync(_downgrade_to, "0003")
    finally:
        await db.close()


async def test_who_is_signed_in_is_known_by_his_subject(empty_database: str) -> None:
    """Also in a session from before callers had one: else he could be his own second person. A key has
    none.
    """
    signed_in, key = (make_key(role=Role.INSURER, facility_code=None, now=utc_now())[0] for _ in range(2))
    db = Database(empty_database)
    try:
        async with db.engine.begin() as connection:
            await connection.run_sync(_upgrade_to, "0007")
            for each in (signed_in, key):
                await connection.exec_driver_sql(
                    _OLD_KEY.format(
                        id=each.id.hex if db.is_sqlite else each.id, prefix=each.prefix, sha256=each.sha256
                    )
                )
            await connection.exec_driver_sql(
                _OLD_SESSION.format(id=signed_in.id.hex if db.is_sqlite else signed_in.id)
            )
        await db.migrate()
        async with db.read() as session:
            assert [(await session.get_one(ApiKey, each.id)).subject for each in (signed_in, key)] == [
                "a digest",
                None,
            ]
    finally:
        await db.close()


_OLD_SESSION = """INSERT INTO staff_sessions (sha256, caller_id, name, subject, opened_at, seen_at,
expires_at)
    VALUES ('x', '{id}', 'x', 'a digest', '2026-11-22 00:00:00+00:00', '2026-11-22 00:00:00+00:00',
    '2026-11-22 09:00:00+00:00')"""
_OLD_KEY = """INSERT INTO api_keys (id, prefix, sha256, role, holder, created_at)
    VALUES ('{id}', '{prefix}', '{sha256}', 'insurer', 'insurer', '2026-11-22 00:00:00+00:00')"""
_OLD_ANSWER = """INSERT INTO stored_answers (caller_id, key, request_sha256, headers, body, created_at)
    VALUES ('{id}', 'k', 'x', '{{}}', '', '2026-11-22 00:00:00+00:00')"""


def alembic_of(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


def _upgrade_to(connection: Connection, revision: str) -> None:
    command.upgrade(alembic_of(connection), revision)


def _downgrade_to(connection: Connection, revision: str) -> None:
    command.downgrade(alembic_of(connection), revision)


_WHOLE_FILE = (
    f"INSERT INTO published_files (sha256, certificate_id, published_at) VALUES ('{0:064}', '{0:032}',"
    " '2026-11-22 00:00:00+00:00')"
)


async def _insert_whole_file(db: Database) -> None:
    """As the first version did; whose it is does not matter, so no foreign key is asked for."""
    if db.is_sqlite:
        with contextlib.closing(sqlite3.connect(str(db.url.database))) as raw, raw:
            raw.execute(_WHOLE_FILE)
        return
    async with db.engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        await connection.exec_driver_sql(_WHOLE_FILE)
