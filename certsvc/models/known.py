"""What tells that a person is known already: marks, open illnesses, and what was disclosed of them."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, ForeignKeyConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from certsvc.models.base import Entity
from certsvc.states import MARK_CHARS


class CertificateMark(Entity):
    """A blind index of something that tells people apart, and that a certificate's patient or visit has
    (`Patient.marks`, `Case.visit_mark`).
    """

    __tablename__ = "certificate_marks"

    mark: Mapped[str] = mapped_column(String(MARK_CHARS), primary_key=True)
    certificate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("certificates.id"), primary_key=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class Episode(Entity):
    """An illness that a row told us of and that was not over: what R-REINFECTION asks for.

    Other facilities' rows are judged by what an accepted row says (`is_open`), its own facility's by what any
    row last said (`is_open_here`). `patient` is sealed; None until `marking` has filled it in.
    """

    __tablename__ = "episodes"

    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    positive_on: Mapped[dt.date]
    patient: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_open: Mapped[bool]
    is_open_here: Mapped[bool]


class EpisodeMark(Entity):
    """A blind index of the patient of an open illness, as `CertificateMark` is of a certificate's."""

    __tablename__ = "episode_marks"

    mark: Mapped[str] = mapped_column(String(MARK_CHARS), primary_key=True)
    facility_code: Mapped[str] = mapped_column(String(5), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)

    __table_args__ = (
        ForeignKeyConstraint(
            ["facility_code", "case_id"], ["episodes.facility_code", "episodes.case_id"], ondelete="CASCADE"
        ),
        {"sqlite_with_rowid": False},
    )


class Disclosure(Entity):
    """That a facility was told, by a rule's finding, that a person is known at another: an audit event at
    both [rules, Between facilities].

    `actor` asked for a certificate of `case_id` at `facility_code`; the finding told of `told_case_id` at
    `told_facility_code`.
    """

    __tablename__ = "disclosures"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[dt.datetime]
    rule: Mapped[str] = mapped_column(String(32))
    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"), index=True)
    case_id: Mapped[str] = mapped_column(String(64))
    told_facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"), index=True)
    told_case_id: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(64))
