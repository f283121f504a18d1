"""approval: certificates held for the facility's head, authorities to sign, callers who are practitioners

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WORK = ["priority", "requested_at", "facility_code", "id"]
_IN_WORK_BEFORE = sa.text("status IN ('requested', 'signing')")
_IN_WORK = sa.text("status IN ('requested', 'signing') AND NOT awaits_approval")
_HELD = sa.text("awaits_approval")


def upgrade() -> None:
    op.add_column(
        "facilities", sa.Column("requires_approval", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    # Written out, as in 0005: SQLite takes a constraint with a new column, and copying these tables would
    # break what refers to them.
    op.execute(
        "ALTER TABLE api_keys ADD COLUMN licence VARCHAR(64) CONSTRAINT ck_api_keys_licence CHECK (licence IS"
        " NULL OR facility_code IS NOT NULL)"
    )
    op.execute(
        "ALTER TABLE certificates ADD COLUMN awaits_approval BOOLEAN DEFAULT FALSE NOT NULL"
        " CONSTRAINT ck_certificates_awaits_approval CHECK (NOT awaits_approval OR status = 'requested')"
    )
    op.drop_index("ix_certificates_work", "certificates")
    op.create_index(
        "ix_certificates_work", "certificates", _WORK, sqlite_where=_IN_WORK, postgresql_where=_IN_WORK
    )
    op.drop_index("ix_certificates_batch", "certificates")
    op.create_index("ix_certificates_batch", "certificates", ["batch_id", "status", "awaits_approval"])
    op.create_index(
        "ix_certificates_held",
        "certificates",
        ["facility_code", "batch_id", "id"],
        sqlite_where=_HELD,
        postgresql_where=_HELD,
    )
    op.create_table(
        "delegations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("facility_code", sa.String(length=5), nullable=False),
        sa.Column("licence", sa.String(length=64), nullable=True),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("granted_by", sa.String(length=255), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_delegations_days")),
        sa.ForeignKeyConstraint(
            ["facility_code"], ["facilities.code"], name=op.f("fk_delegations_facility_code_facilities")
        ),
        sa.ForeignKeyConstraint(
            ["licence", "facility_code"],
            ["practitioners.licence", "practitioners.facility_code"],
            name=op.f("fk_delegations_licence_practitioners"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    op.create_index(op.f("ix_delegations_facility_code"), "delegations", ["facility_code"])


def downgrade() -> None:
    op.drop_table("delegations")
    op.drop_index("ix_certificates_held", "certificates")
    op.drop_index("ix_certificates_batch", "certificates")
    op.drop_index("ix_certificates_work", "certificates")
    op.drop_column("certificates", "awaits_approval")
    op.create_index("ix_certificates_batch", "certificates", ["batch_id", "status"])
    op.create_index(
        "ix_certificates_work",
        "certificates",
        _WORK,
        sqlite_where=_IN_WORK_BEFORE,
        postgresql_where=_IN_WORK_BEFORE,
    )
    op.drop_column("api_keys", "licence")
    op.drop_column("facilities", "requires_approval")
