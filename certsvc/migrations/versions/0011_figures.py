"""figures: the console, /v1/stats and /metrics count certificates in indexes, not in the table

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SIGNED = sa.text("signed_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_certificates_figures",
        "certificates",
        ["facility_code", "kind", "status", "awaits_approval", "requested_at"],
    )
    op.create_index(
        "ix_certificates_signed",
        "certificates",
        ["facility_code", "signed_at"],
        sqlite_where=_SIGNED,
        postgresql_where=_SIGNED,
    )


def downgrade() -> None:
    op.drop_index("ix_certificates_signed", table_name="certificates")
    op.drop_index("ix_certificates_figures", table_name="certificates")
