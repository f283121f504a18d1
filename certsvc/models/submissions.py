"""Documents that went to BHXH's portal, and what it answered."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from certsvc.models.base import Entity, one_of
from certsvc.states import SubmissionState

STANDING = "state IN ('sending', 'accepted', 'uncertain')"


class Submission(Entity):
    """One try to hand a certificate's document in; a certificate has at most one a format that may have
    arrived.

    `resends_id` is the uncertain one that a person sent again. `answer_code` and `transaction_no` are the
    portal's.
    """

    __tablename__ = "submissions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("certificates.id"), index=True)
    format: Mapped[str] = mapped_column(String(16))
    state: Mapped[SubmissionState]
    document_sha256: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(64))
    began_at: Mapped[dt.datetime] = mapped_column(index=True)
    ended_at: Mapped[dt.datetime | None]
    answer_code: Mapped[str | None] = mapped_column(String(32))
    transaction_no: Mapped[str | None] = mapped_column(String(64))
    resends_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("submissions.id"))

    __table_args__ = (
        one_of("state", SubmissionState),
        Index(
            "uq_submissions_standing",
            "certificate_id",
            "format",
            unique=True,
            sqlite_where=text(STANDING),
            postgresql_where=text(STANDING),
        ),
    )
