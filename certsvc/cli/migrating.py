"""migrate: the database's schema, and the data that only the service's secret can bring up to date."""

from certsvc.cli.ending import run, say, settings_from_environment
from certsvc.config import Settings
from certsvc.issuing.requests.marking import mark_all
from certsvc.resources import open_vault
from certsvc.store import Database


def migrate() -> None:
    """Bring the database to the newest schema."""
    run(_migrate(settings_from_environment()))
    say("Cơ sở dữ liệu đã ở phiên bản mới nhất. / The database is at the newest schema.")


async def _migrate(settings: Settings) -> None:
    db = Database(settings.sqlalchemy_url)
    try:
        await db.migrate()
        if await db.lacks_marks():
            await mark_all(db, vault=open_vault(settings))
    finally:
        await db.close()
