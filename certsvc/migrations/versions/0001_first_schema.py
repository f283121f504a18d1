"""first schema

Revision: 0001, after
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "facilities",
        sa.Column("code", sa.String(length=5), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=False),
        sa.Column("ward_code", sa.String(length=5), nullable=False),
        sa.Column("active_from", sa.Date(), nullable=False),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_facilities")),
    )
    op.create_table(
        "wrong_tries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("code_index", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wrong_tries")),
    )
    with op.batch_alter_table("wrong_tries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wrong_tries_code_index"), ["code_index"], unique=False)

    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "role",
            sa.Enum("insurer", "facility", "auditor", "admin", name="role", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("facility_code", sa.String(length=5), nullable=True),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(role = 'facility') = (facility_code IS NOT NULL)", name=op.f("ck_api_keys_facility_scope")
        ),
        sa.CheckConstraint(
            "role IN ('insurer', 'facility', 'auditor', 'admin')", name=op.f("ck_api_keys_role")
        ),
        sa.ForeignKeyConstraint(
            ["facility_code"], ["facilities.code"], name=op.f("fk_api_keys_facility_code_facilities")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_keys_sha256")),
    )
    op.create_table(
        "episodes",
        sa.Column("facility_code", sa.String(length=5), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("positive_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["facility_code"], ["facilities.code"], name=op.f("fk_episodes_facility_code_facilities")
        ),
        sa.PrimaryKeyConstraint("facility_code", "case_id", name=op.f("pk_episodes")),
    )
    with op.batch_alter_table("episodes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_episodes_person"), ["person"], unique=False)

    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("facility_code", sa.String(length=5), nullable=False),
        sa.Column("licence", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("certificate_der", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["facility_code"], ["facilities.code"], name=op.f("fk_identities_facility_code_facilities")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("certificate_sha256", name=op.f("uq_identities_certificate_sha256")),
    )
    op.create_table(
        "practitioners",
        sa.Column("licence", sa.String(length=64), nullable=False),
        sa.Column("facility_code", sa.String(length=5), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("social_insurance_no", sa.String(length=10), nullable=False),
        sa.Column("registered_from", sa.Date(), nullable=False),
        sa.Column("registered_to", sa.Date(), nullable=True),
        sa.CheckConstraint("role IN ('head', 'practitioner')", name=op.f("ck_practitioners_role")),
        sa.ForeignKeyConstraint(
            ["facility_code"], ["facilities.code"], name=op.f("fk_practitioners_facility_code_facilities")
        ),
        sa.PrimaryKeyConstraint("licence", "facility_code", name=op.f("pk_practitioners")),
    )
    op.create_table(
        "serial_counters",
        sa.Column("facility_code", sa.String(length=5), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("sick_leave", "recovery", name="kind", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["facility_code"], ["facilities.code"], name=op.f("fk_serial_counters_facility_code_facilities")
        ),
        sa.PrimaryKeyConstraint("facility_code", "kind", "year", name=op.f("pk_serial_counters")),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("facility_code", sa.String(length=5), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "reading",
                "running",
                "done",
                "cancelled",
                "failed",
                name="batchstatus",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("late_reason", sa.String(length=16), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("file_format", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.Column("notices", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('reading', 'running', 'done', 'cancelled', 'failed')", name=op.f("ck_batches_status")
        ),
        sa.ForeignKeyConstraint(
            ["facility_code"], ["facilities.code"], name=op.f("fk_batches_facility_code_facilities")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["api_keys.id"], name=op.f("fk_batches_owner_id_api_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batches_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "certificates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("facility_code", sa.String(length=5), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("sick_leave", "recovery", name="kind", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "requested",
                "signing",
                "issued",
                "suspended",
                "revoked",
                "replaced",
                "failed",
                name="status",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("serial", sa.String(length=40), nullable=True),
        sa.Column("serial_year", sa.Integer(), nullable=True),
        sa.Column("serial_sequence", sa.Integer(), nullable=True),
        sa.Column("code_index", sa.String(length=64), nullable=False),
        sa.Column("token_index", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("record_digest", sa.String(length=64), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("leave_from", sa.Date(), nullable=True),
        sa.Column("leave_to", sa.Date(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("late_reason", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("design", sa.String(length=64), nullable=True),
        sa.Column("level", sa.String(length=8), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("reason_text", sa.String(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("replaced_by_id", sa.Uuid(), nullable=True),
        sa.Column("is_reissue", sa.Boolean(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=True),
        sa.Column("pdf_bytes", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'signing') = (lease_token IS NOT NULL)", name=op.f("ck_certificates_lease")
        ),
        sa.CheckConstraint("kind IN ('sick_leave', 'recovery')", name=op.f("ck_certificates_kind")),
        sa.CheckConstraint(
            "status IN ('requested', 'signing', 'issued', 'suspended', 'revoked', 'replaced', 'failed')",
            name=op.f("ck_certificates_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('issued', 'suspended', 'revoked', 'replaced') OR (serial IS NOT NULL AND"
            " pdf_sha256 IS NOT NULL AND signed_at IS NOT NULL)",
            name=op.f("ck_certificates_published"),
        ),
        sa.ForeignKeyConstraint(
            ["facility_code"], ["facilities.code"], name=op.f("fk_certificates_facility_code_facilities")
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["certificates.id"], name=op.f("fk_certificates_replaced_by_id_certificates")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["certificates.id"], name=op.f("fk_certificates_replaces_id_certificates")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["api_keys.id"], name=op.f("fk_certificates_requested_by_id_api_keys")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("code_index", name=op.f("uq_certificates_code_index")),
        sa.UniqueConstraint(
            "facility_code", "case_id", "kind", "revision", name="uq_certificates_natural_key"
        ),
        sa.UniqueConstraint(
            "facility_code", "kind", "serial_year", "serial_sequence", name="uq_certificates_serial"
        ),
        sa.UniqueConstraint("token_index", name=op.f("uq_certificates_token_index")),
    )
    with op.batch_alter_table("certificates", schema=None) as batch_op:
        batch_op.create_index("ix_certificates_newest", ["requested_at", "id"], unique=False)
        batch_op.create_index("ix_certificates_person", ["person", "kind"], unique=False)
        batch_op.create_index("ix_certificates_work", ["status", "priority", "requested_at"], unique=False)
        batch_op.create_index(
            "uq_certificates_live",
            ["facility_code", "case_id", "kind"],
            unique=True,
            sqlite_where=sa.text("status IN ('requested', 'signing', 'issued', 'suspended')"),
            postgresql_where=sa.text("status IN ('requested', 'signing', 'issued', 'suspended')"),
        )

    op.create_table(
        "stored_answers",
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["caller_id"], ["api_keys.id"], name=op.f("fk_stored_answers_caller_id_api_keys")
        ),
        sa.PrimaryKeyConstraint("caller_id", "key", name=op.f("pk_stored_answers")),
    )
    with op.batch_alter_table("stored_answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stored_answers_created_at"), ["created_at"], unique=False)

    op.create_table(
        "batch_rows",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("sick_leave", "recovery", name="kind", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("certificate_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(outcome IN ('accepted', 'existing')) = (certificate_id IS NOT NULL)",
            name=op.f("ck_batch_rows_certificate"),
        ),
        sa.CheckConstraint("kind IN ('sick_leave', 'recovery')", name=op.f("ck_batch_rows_kind")),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'existing', 'rejected', 'would_issue', 'none', 'cancelled')",
            name=op.f("ck_batch_rows_outcome"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_rows_batch_id_batches")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name=op.f("fk_batch_rows_certificate_id_certificates")
        ),
        sa.PrimaryKeyConstraint("batch_id", "row", "kind", name=op.f("pk_batch_rows")),
    )
    with op.batch_alter_table("batch_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_rows_certificate_id"), ["certificate_id"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name=op.f("fk_events_certificate_id_certificates")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_certificate_id"), ["certificate_id"], unique=False)

    op.create_table(
        "published_files",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.id"],
            name=op.f("fk_published_files_certificate_id_certificates"),
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_published_files")),
    )
    with op.batch_alter_table("published_files", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_published_files_certificate_id"), ["certificate_id"], unique=False
        )


def downgrade() -> None:

    with op.batch_alter_table("published_files", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_published_files_certificate_id"))

    op.drop_table("published_files")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_certificate_id"))

    op.drop_table("events")
    with op.batch_alter_table("batch_rows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batch_rows_certificate_id"))

    op.drop_table("batch_rows")
    with op.batch_alter_table("stored_answers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stored_answers_created_at"))

    op.drop_table("stored_answers")
    with op.batch_alter_table("certificates", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_certificates_live",
            sqlite_where=sa.text("status IN ('requested', 'signing', 'issued', 'suspended')"),
            postgresql_where=sa.text("status IN ('requested', 'signing', 'issued', 'suspended')"),
        )
        batch_op.drop_index("ix_certificates_work")
        batch_op.drop_index("ix_certificates_person")
        batch_op.drop_index("ix_certificates_newest")

    op.drop_table("certificates")
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batches_owner_id"))

    op.drop_table("batches")
    op.drop_table("serial_counters")
    op.drop_table("practitioners")
    op.drop_table("identities")
    with op.batch_alter_table("episodes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_episodes_person"))

    op.drop_table("episodes")
    op.drop_table("api_keys")
    with op.batch_alter_table("wrong_tries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wrong_tries_code_index"))

    op.drop_table("wrong_tries")
    op.drop_table("facilities")
