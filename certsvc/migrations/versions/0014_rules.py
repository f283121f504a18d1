"""rules: an operator's dated rows, and by which discharge rule a recovery was judged

Recoveries of before were judged by the two rules that there were, chosen by the end of isolation.

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_JUDGED = (
    "UPDATE certificates SET discharge_rule = CASE WHEN event_on < '2022-03-14' THEN 'discharge-261-2022'"
    " ELSE 'discharge-604-2022' END"
)


def upgrade() -> None:
    op.create_table(
        "rule_rows",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.Column("row", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_rows")),
    )
    op.add_column("certificates", sa.Column("discharge_rule", sa.String(length=64), nullable=True))
    op.execute(f"{_JUDGED} WHERE kind = 'recovery'")


def downgrade() -> None:
    op.drop_column("certificates", "discharge_rule")
    op.drop_table("rule_rows")
