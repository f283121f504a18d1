"""marks: people are found by every number they have, illnesses of rejected rows go, disclosures are noted

What is in a record only the service's secret opens, so `certsvc migrate` writes the marks of certificates and
illnesses behind this (`issuing/marking.py`); an old blind index in `certificates.person` says that one still
lacks them.

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_UNMARKED = sa.text("person <> ''")
_FROM_REJECTED = """
DELETE FROM episodes WHERE NOT EXISTS (
  SELECT 1 FROM certificates WHERE certificates.facility_code = episodes.facility_code AND
  certificates.case_id = episodes.case_id
)
"""
"""An illness whose case never led to a paper came from rows that were rejected, or from one that asked for
none: that is told again when its file is sent again."""


def upgrade() -> None:
    op.execute(_FROM_REJECTED)
    op.create_table(
        "certificate_marks",
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.id"],
            name=op.f("fk_certificate_marks_certificate_id_certificates"),
        ),
        sa.PrimaryKeyConstraint("mark", "certificate_id", name=op.f("pk_certificate_marks")),
        sqlite_with_rowid=False,
    )
    op.drop_index("ix_certificates_person", table_name="certificates")
    op.create_index(
        "ix_certificates_unmarked", "certificates", ["id"], sqlite_where=_UNMARKED, postgresql_where=_UNMARKED
    )
    with op.batch_alter_table("episodes") as batch_op:
        batch_op.drop_index(op.f("ix_episodes_person"))
        batch_op.drop_column("person")
        batch_op.add_column(sa.Column("patient", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("is_open", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("is_open_here", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("episodes") as batch_op:
        batch_op.alter_column("is_open", server_default=None)
        batch_op.alter_column("is_open_here", server_default=None)
    op.create_table(
        "episode_marks",
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("facility_code", sa.String(length=5), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["facility_code", "case_id"],
            ["episodes.facility_code", "episodes.case_id"],
            name=op.f("fk_episode_marks_facility_code_episodes"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mark", "facility_code", "case_id", name=op.f("pk_episode_marks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "disclosures",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("facility_code", sa.String(length=5), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("told_facility_code", sa.String(length=5), nullable=False),
        sa.Column("told_case_id", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["facility_code"], ["facilities.code"], name=op.f("fk_disclosures_facility_code_facilities")
        ),
        sa.ForeignKeyConstraint(
            ["told_facility_code"],
            ["facilities.code"],
            name=op.f("fk_disclosures_told_facility_code_facilities"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosures")),
    )
    op.create_index(op.f("ix_disclosures_facility_code"), "disclosures", ["facility_code"])
    op.create_index(op.f("ix_disclosures_told_facility_code"), "disclosures", ["told_facility_code"])


def downgrade() -> None:
    """Illnesses are told of by files, which are sent again; a certificate's blind index of before cannot be
    had back.
    """
    op.drop_table("disclosures")
    op.drop_table("episode_marks")
    op.execute("DELETE FROM episodes")
    with op.batch_alter_table("episodes") as batch_op:
        batch_op.drop_column("is_open_here")
        batch_op.drop_column("is_open")
        batch_op.drop_column("patient")
        batch_op.add_column(sa.Column("person", sa.String(length=64), nullable=False))
        batch_op.create_index(op.f("ix_episodes_person"), ["person"])
    op.drop_index("ix_certificates_unmarked", table_name="certificates")
    op.create_index("ix_certificates_person", "certificates", ["person", "kind"])
    op.drop_table("certificate_marks")
