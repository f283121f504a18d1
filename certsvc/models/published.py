"""What is published for whoever checks without asking us: status lists and the list of whom to trust, both
signed.
"""

import datetime as dt

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from certsvc.claims import LIST_LENGTH
from certsvc.models.base import Entity

DECOYS = 2**10
"""Places of each list that no certificate ever gets; their states are made up, so that a list does not tell
how many were withdrawn.
"""

CAPACITY = LIST_LENGTH - DECOYS


class StatusList(Entity):
    """One status list: how many of its places are `given`, how often a state in it changed, what was signed
    of it.

    The signed `jwt` and `cwt` show the states after at least `built_changes` changes, at `built_at`; None
    until it is signed first.
    """

    __tablename__ = "status_lists"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    given: Mapped[int] = mapped_column(default=0)
    changes: Mapped[int] = mapped_column(default=0)
    built_changes: Mapped[int | None]
    built_at: Mapped[dt.datetime | None]
    jwt: Mapped[bytes | None] = mapped_column(LargeBinary)
    cwt: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (CheckConstraint(f"given BETWEEN 0 AND {CAPACITY}", name="given"),)


class TrustList(Entity):
    """The one trust list (its row has the id 1): JSON as it is handed out, with its signature in it."""

    __tablename__ = "trust_lists"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    signed_at: Mapped[dt.datetime]
    body: Mapped[bytes] = mapped_column(LargeBinary)
