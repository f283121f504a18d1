"""packs: signed files lie in layers and packs, certificates know their batch

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

from certsvc.errors import Broken

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_IN_WORK = sa.text("status IN ('requested', 'signing')")
_NO_BASE = sa.text("base IS NULL")


def upgrade() -> None:
    _refuse_whole_files()
    with op.batch_alter_table("batches") as batch_op:
        batch_op.add_column(sa.Column("counts", sa.JSON(), nullable=True))
    with op.batch_alter_table("certificates") as batch_op:
        batch_op.add_column(sa.Column("batch_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_certificates_batch_id_batches"), "batches", ["batch_id"], ["id"])
        batch_op.create_index("ix_certificates_batch", ["batch_id", "status"], unique=False)
        batch_op.drop_index("ix_certificates_work")
        batch_op.create_index(
            "ix_certificates_work",
            ["priority", "requested_at", "facility_code", "id"],
            unique=False,
            sqlite_where=_IN_WORK,
            postgresql_where=_IN_WORK,
        )
    with op.batch_alter_table("published_files") as batch_op:
        batch_op.add_column(sa.Column("base", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("stock", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("pack", sa.String(length=32), nullable=False))
        batch_op.add_column(sa.Column("start", sa.Integer(), nullable=False))
        batch_op.add_column(sa.Column("length", sa.Integer(), nullable=False))
        batch_op.add_column(sa.Column("data_key", sa.LargeBinary(), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_published_files_layers"), "stock IS NULL OR base IS NOT NULL"
        )
        batch_op.create_check_constraint(op.f("ck_published_files_place"), "start >= 0 AND length > 0")
        batch_op.create_index(
            "ix_published_files_laid_out",
            ["base"],
            unique=False,
            sqlite_where=_NO_BASE,
            postgresql_where=_NO_BASE,
        )


def _refuse_whole_files() -> None:
    """Files published before there were packs lie whole in the store; only trials have such, for no worker
    signed in production yet.
    """
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM published_files")):
        raise Broken(
            "made_by_trial",
            "Cơ sở dữ liệu này do một bản thử nghiệm cũ tạo ra; hãy xoá thư mục dữ liệu (bản demo: `make"
            " clean`) rồi bắt đầu lại.",
            "This database was made by an early trial version; remove its data folder (of the demo: `make"
            " clean`) and start again.",
        )


def downgrade() -> None:
    with op.batch_alter_table("published_files") as batch_op:
        batch_op.drop_index("ix_published_files_laid_out", sqlite_where=_NO_BASE, postgresql_where=_NO_BASE)
        batch_op.drop_constraint(op.f("ck_published_files_place"), type_="check")
        batch_op.drop_constraint(op.f("ck_published_files_layers"), type_="check")
        for column in ("data_key", "length", "start", "pack", "stock", "base"):
            batch_op.drop_column(column)
    with op.batch_alter_table("certificates") as batch_op:
        batch_op.drop_index("ix_certificates_work", sqlite_where=_IN_WORK, postgresql_where=_IN_WORK)
        batch_op.create_index("ix_certificates_work", ["status", "priority", "requested_at"], unique=False)
        batch_op.drop_index("ix_certificates_batch")
        batch_op.drop_constraint(op.f("fk_certificates_batch_id_batches"), type_="foreignkey")
        batch_op.drop_column("batch_id")
    with op.batch_alter_table("batches") as batch_op:
        batch_op.drop_column("counts")
