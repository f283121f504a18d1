"""sign-in: callers have an origin and scopes; local accounts, browser sessions, wrong tries

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Written out: SQLite takes a constraint with a new column, and copying a table that others refer to would
    # break what refers to it.
    op.execute(
        "ALTER TABLE api_keys ADD COLUMN origin VARCHAR(16) DEFAULT 'key' NOT NULL CONSTRAINT"
        " ck_api_keys_origin CHECK (origin IN ('key', 'oidc', 'account'))"
    )
    op.add_column("api_keys", sa.Column("scopes", sa.JSON(), nullable=True))
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("recovery", sa.JSON(), nullable=False),
        sa.Column("enrolment_sha256", sa.String(length=64), nullable=True),
        sa.Column("enrolment_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["caller_id"], ["api_keys.id"], name=op.f("fk_accounts_caller_id_api_keys")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
        sa.UniqueConstraint("caller_id", name=op.f("uq_accounts_caller_id")),
        sa.UniqueConstraint("enrolment_sha256", name=op.f("uq_accounts_enrolment_sha256")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("provider_session", sa.String(length=64), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["caller_id"], ["api_keys.id"], name=op.f("fk_staff_sessions_caller_id_api_keys")
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_staff_sessions")),
    )
    op.create_index(op.f("ix_staff_sessions_caller_id"), "staff_sessions", ["caller_id"])
    op.create_index(op.f("ix_staff_sessions_subject"), "staff_sessions", ["subject"])
    op.create_index(op.f("ix_staff_sessions_provider_session"), "staff_sessions", ["provider_session"])
    op.create_index(op.f("ix_staff_sessions_expires_at"), "staff_sessions", ["expires_at"])
    op.create_table(
        "sign_in_tries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_tries")),
    )
    op.create_index(op.f("ix_sign_in_tries_place"), "sign_in_tries", ["place"])
    op.create_index(op.f("ix_sign_in_tries_at"), "sign_in_tries", ["at"])


def downgrade() -> None:
    op.drop_table("sign_in_tries")
    op.drop_table("staff_sessions")
    op.drop_table("accounts")
    op.drop_column("api_keys", "scopes")
    op.drop_column("api_keys", "origin")
