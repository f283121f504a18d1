"""The digest register: every version of a certificate that we ever published."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from certsvc.models.base import Entity
from certsvc.models.certificates import Certificate

LAID_OUT = "base IS NULL"
"""Files that took the full layout, for no slot held their texts: they share no base. A partial index covers
them.
"""


class PublishedFile(Entity):
    """A version of a certificate that we published, and where its bytes lie.

    `sha256` is of the whole file, which is `base`, then `stock` (layers, by their SHA-256; None where nothing
    is shared), then the piece of `length` bytes from `start` on in `pack`, sealed under the data key.
    `data_key` is wrapped by the vault; None once it was destroyed: then the bytes are erased, wherever copies
    of them lie.
    """

    __tablename__ = "published_files"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    certificate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("certificates.id"), index=True)
    certificate: Mapped[Certificate] = relationship(lazy="raise")
    published_at: Mapped[dt.datetime]
    base: Mapped[str | None] = mapped_column(String(64))
    stock: Mapped[str | None] = mapped_column(String(64))
    pack: Mapped[str] = mapped_column(String(32))
    start: Mapped[int]
    length: Mapped[int]
    data_key: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        CheckConstraint("stock IS NULL OR base IS NOT NULL", name="layers"),
        CheckConstraint("start >= 0 AND length > 0", name="place"),
        Index(
            "ix_published_files_laid_out",
            "base",
            sqlite_where=text(LAID_OUT),
            postgresql_where=text(LAID_OUT),
        ),
    )
