"""reason_texts: what was written freely when a certificate was reinstated goes out of the event log

A certificate that is still in force keeps it as its own; a recall that was declined has had it all along.

Revision: 0015, after 0014
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_EVENTS = sa.table(
    "events",
    sa.column("id", sa.Integer),
    sa.column("certificate_id", sa.Uuid),
    sa.column("name", sa.String),
    sa.column("facts", sa.JSON),
)
_CERTIFICATES = sa.table(
    "certificates",
    *(sa.column(name, sa.String) for name in ("status", "reason", "reason_text")),
    sa.column("id", sa.Uuid),
)


def upgrade() -> None:
    reinstated = sa.select(_EVENTS).where(_EVENTS.c.name == "reinstated").order_by(_EVENTS.c.id)
    for event in op.get_bind().execute(reinstated).all():
        if "text" not in event.facts:
            continue
        facts: dict[str, Any] = dict(event.facts)
        text = facts.pop("text")
        op.execute(_EVENTS.update().where(_EVENTS.c.id == event.id).values(facts=facts))
        if "recall" not in facts:
            in_force = (_CERTIFICATES.c.id == event.certificate_id, _CERTIFICATES.c.status == "issued")
            op.execute(
                _CERTIFICATES.update().where(*in_force).values(reason=facts["reason"], reason_text=text)
            )


def downgrade() -> None:
    """What went out of the event log stays out."""
