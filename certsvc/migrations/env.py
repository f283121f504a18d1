"""Alembic's entry: runs on the connection that `Database.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from certsvc.models import Entity, Instant


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Migrations name database types, not classes of ours that may change."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Entity.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
