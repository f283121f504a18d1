"""What callers and guessers did: stored answers, wrong tries."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from certsvc.models.base import Entity


class StoredAnswer(Entity):
    """An answer kept under a caller's `Idempotency-Key`; `status` is empty while the call still runs."""

    __tablename__ = "stored_answers"

    caller_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(index=True)


class WrongTry(Entity):
    """A wrong second factor against a code, known or not, or a first one that has to wait [api, Limits].

    `origin` is a keyed digest of the network it came from, other for every code; `is_announced` marks those
    that were not looked at: they may come back a little later.
    """

    __tablename__ = "wrong_tries"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    code_index: Mapped[str] = mapped_column(String(64), index=True)
    origin: Mapped[str] = mapped_column(String(64), default="")
    is_announced: Mapped[bool] = mapped_column(default=False)
    at: Mapped[dt.datetime] = mapped_column(index=True)
