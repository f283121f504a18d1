"""status lists: each certificate has a place in one, and what is published for checks without a network

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WITHDRAWN = sa.text("status IN ('suspended', 'revoked', 'replaced')")


def upgrade() -> None:
    op.create_table(
        "status_lists",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("built_changes", sa.Integer(), nullable=True),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("jwt", sa.LargeBinary(), nullable=True),
        sa.Column("cwt", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("given BETWEEN 0 AND 1047552", name=op.f("ck_status_lists_given")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_status_lists")),
    )
    op.create_table(
        "trust_lists",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trust_lists")),
    )
    with op.batch_alter_table("certificates") as batch_op:
        batch_op.add_column(sa.Column("status_list", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("status_index", sa.Integer(), nullable=True))
        batch_op.create_unique_constraint("uq_certificates_status_place", ["status_list", "status_index"])
        batch_op.create_index(
            "ix_certificates_withdrawn",
            ["status_list", "status_index"],
            unique=False,
            sqlite_where=_WITHDRAWN,
            postgresql_where=_WITHDRAWN,
        )


def downgrade() -> None:
    with op.batch_alter_table("certificates") as batch_op:
        batch_op.drop_index("ix_certificates_withdrawn", sqlite_where=_WITHDRAWN, postgresql_where=_WITHDRAWN)
        batch_op.drop_constraint("uq_certificates_status_place", type_="unique")
        batch_op.drop_column("status_index")
        batch_op.drop_column("status_list")
    op.drop_table("trust_lists")
    op.drop_table("status_lists")
