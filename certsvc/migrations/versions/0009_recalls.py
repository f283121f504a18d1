"""recalls: many certificates revoked by one request, with a second person's approval

Revision: 0009, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WAITING = sa.text("outcome = 'waiting'")


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("subject", sa.String(length=64), nullable=True))
    # Sessions that are open now have the digest already; others' callers get it at their next call.
    op.execute(
        "UPDATE api_keys SET subject = (SELECT max(staff_sessions.subject) FROM staff_sessions WHERE"
        " staff_sessions.caller_id = api_keys.id)"
    )
    op.create_table(
        "recalls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_text", sa.String(), nullable=True),
        sa.CheckConstraint("status IN ('waiting', 'revoked', 'declined')", name=op.f("ck_recalls_status")),
        sa.CheckConstraint("(status = 'waiting') = (decided_at IS NULL)", name=op.f("ck_recalls_decided")),
        sa.CheckConstraint(
            "status <> 'revoked' OR decided_by_id IS NULL OR decided_by_id <> asked_by_id",
            name=op.f("ck_recalls_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["api_keys.id"], name=op.f("fk_recalls_asked_by_id_api_keys")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["api_keys.id"], name=op.f("fk_recalls_decided_by_id_api_keys")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recalls")),
    )
    op.create_index("ix_recalls_newest", "recalls", ["asked_at", "id"])
    op.create_table(
        "recalled_certificates",
        sa.Column("recall_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.CheckConstraint("before IN ('issued', 'suspended')", name=op.f("ck_recalled_certificates_before")),
        sa.CheckConstraint(
            "outcome IN ('waiting', 'revoked', 'reinstated', 'unchanged')",
            name=op.f("ck_recalled_certificates_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["recall_id"], ["recalls.id"], name=op.f("fk_recalled_certificates_recall_id_recalls")
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.id"],
            name=op.f("fk_recalled_certificates_certificate_id_certificates"),
        ),
        sa.PrimaryKeyConstraint("recall_id", "certificate_id", name=op.f("pk_recalled_certificates")),
    )
    op.create_index(
        "uq_recalled_certificates_waiting",
        "recalled_certificates",
        ["certificate_id"],
        unique=True,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    op.drop_table("recalled_certificates")
    op.drop_table("recalls")
    op.drop_column("api_keys", "subject")
