"""forms: how a delegate signs, the title of a practitioner, both copies of a sick leave

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "facilities", sa.Column("prints_both_copies", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("practitioners", sa.Column("title", sa.String(length=64), nullable=True))
    # Written out, as in 0008: SQLite takes a constraint with a new column. Whoever was delegated before signs
    # as authorised in writing.
    op.execute(
        "ALTER TABLE delegations ADD COLUMN kind VARCHAR(16) DEFAULT 'authorised' NOT NULL"
        " CONSTRAINT ck_delegations_kind CHECK (kind IN ('deputy', 'authorised'))"
    )


def downgrade() -> None:
    op.drop_column("delegations", "kind")
    op.drop_column("practitioners", "title")
    op.drop_column("facilities", "prints_both_copies")
