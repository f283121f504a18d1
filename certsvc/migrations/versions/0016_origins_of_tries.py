"""origins_of_tries: wrong second factors count for each code and network, and are forgotten after a day

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("wrong_tries", sa.Column("origin", sa.String(64), server_default="", nullable=False))
    op.add_column(
        "wrong_tries", sa.Column("is_announced", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_index("ix_wrong_tries_at", "wrong_tries", ["at"])


def downgrade() -> None:
    op.drop_index("ix_wrong_tries_at", "wrong_tries")
    op.drop_column("wrong_tries", "is_announced")
    op.drop_column("wrong_tries", "origin")
