"""portal: documents handed in at BHXH's portal, none twice

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STATES = "'sending', 'accepted', 'refused', 'not_sent', 'uncertain', 'superseded'"
_STANDING = sa.text("state IN ('sending', 'accepted', 'uncertain')")


def upgrade() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_code", sa.String(length=32), nullable=True),
        sa.Column("transaction_no", sa.String(length=64), nullable=True),
        sa.Column("resends_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_submissions_state")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name=op.f("fk_submissions_certificate_id_certificates")
        ),
        sa.ForeignKeyConstraint(
            ["resends_id"], ["submissions.id"], name=op.f("fk_submissions_resends_id_submissions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
    )
    op.create_index(op.f("ix_submissions_certificate_id"), "submissions", ["certificate_id"], unique=False)
    op.create_index(op.f("ix_submissions_began_at"), "submissions", ["began_at"], unique=False)
    op.create_index(
        "uq_submissions_standing",
        "submissions",
        ["certificate_id", "format"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )


def downgrade() -> None:
    op.drop_table("submissions")
