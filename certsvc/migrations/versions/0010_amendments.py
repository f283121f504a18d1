"""amendments: rows mended in place, and the station that a row names

Rows of before have no station: they count for nobody's but that of their batch.

Revision: 0010, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_REJECTED = sa.text("outcome = 'rejected'")


def upgrade() -> None:
    op.create_table(
        "batch_amendments",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_batch_amendments_version")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_batch_amendments_batch_id_batches")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["api_keys.id"], name=op.f("fk_batch_amendments_by_id_api_keys")),
        sa.PrimaryKeyConstraint("batch_id", "row", name=op.f("pk_batch_amendments")),
    )
    op.add_column("batch_rows", sa.Column("facility_code", sa.String(length=5), nullable=True))
    op.create_index(
        "ix_batch_rows_rejected",
        "batch_rows",
        ["batch_id", "facility_code"],
        sqlite_where=_REJECTED,
        postgresql_where=_REJECTED,
    )
    op.create_index(op.f("ix_batches_created_at"), "batches", ["created_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_batches_created_at"), table_name="batches")
    op.drop_index("ix_batch_rows_rejected", table_name="batch_rows")
    op.drop_column("batch_rows", "facility_code")
    op.drop_table("batch_amendments")
