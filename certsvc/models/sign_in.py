"""People who sign in: local accounts, browser sessions, wrong tries."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from certsvc.models.base import Entity


class Account(Entity):
    """A local account; role and facility are its caller's. It opens nothing before it is enrolled.

    `totp_secret` is sealed by the vault; `last_step` the time step of the last code used, so that none counts
    twice; `recovery` digests of the recovery codes left; `enrolment_sha256` the digest of the one-time link's
    token.
    """

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    caller_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"), unique=True)
    password_hash: Mapped[str | None]
    totp_secret: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(default=0)
    recovery: Mapped[list[str]]
    enrolment_sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    enrolment_until: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]


class StaffSession(Entity):
    """A browser that signed in; only the digest of what its cookie holds is kept. `name` greets whoever sits
    there.

    `subject` and `provider_session` are digests of who it is and of what the OpenID provider calls the
    session there, so that the provider can end it.
    """

    __tablename__ = "staff_sessions"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    caller_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str | None] = mapped_column(String(64), index=True)
    provider_session: Mapped[str | None] = mapped_column(String(64), index=True)
    opened_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)


class SignInTry(Entity):
    """A try to sign in that has not succeeded; `place` is a keyed digest of what it counts against."""

    __tablename__ = "sign_in_tries"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    place: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
