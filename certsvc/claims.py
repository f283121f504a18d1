"""What the QR of a certificate says of it besides its address: the claims, and the commitment that ties them
to a person.

Neither name nor birth date, days of leave or numbers of identity are in them, only a keyed digest that
whoever holds the paper can compute anew from what is printed on it [verify, The QR]. The date on the paper
is: late papers are signed on another day, and who compares must know which of the two is printed.
"""

import datetime as dt
import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Self

from certsvc.clock import HANOI
from certsvc.states import Kind

ISSUED_AT: Final = 6
"""The CWT claim `iat` [RFC 8392 §3.1.6]: midnight in Hanoi of the day of signing, in seconds."""

CERTIFICATE: Final = -65537
"""Our private CWT claim: a map of the entries below."""

LIST_SIGNING: Final = "2.25.126422320133889027303606424253449234599"
"""The extended key usage of who signs claims and lists [ITU-T X.667 §8]: no other certificate below the root
may.
"""

LIST_LENGTH = 2**20
"""Places in one status list."""

COMMITMENT_BYTES = 16
SERIAL_TAIL = 4
_KIND, _SERIAL_TAIL, _FACILITY, _LIST, _INDEX, _COMMITMENT, _DATED_ON = range(1, 8)
_LIMIT = 2**33
"""Numbers and instants (until the year 2242) are below this."""
_LAST_DAY = 2**16
"""Days are counted from 1970 on, as RFC 8943 does, and are below this (until the year 2149): two bytes in the
QR.
"""
_EPOCH = dt.date(1970, 1, 1)


class ClaimedKind(IntEnum):
    """What a stranger may know of the kind: a recovery paper is only a station's certificate, for its name
    tells the illness.
    """

    SICK_LEAVE = 1
    STATION_CERTIFICATE = 2

    @classmethod
    def of(cls, kind: Kind) -> Self:
        return cls(cls.SICK_LEAVE if kind is Kind.SICK_LEAVE else cls.STATION_CERTIFICATE)


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of one certificate. `status_index` is its place in the status list of number `status_list`.

    `dated_on` is the date that the paper bears; None on papers printed before claims held it.
    """

    kind: ClaimedKind
    serial_tail: str
    facility_code: str
    signed_on: dt.date
    status_list: int
    status_index: int
    commitment: bytes
    dated_on: dt.date | None = None

    def to_payload(self) -> dict[int, Any]:
        """The CWT claims, labels as keys, in the order in which they are encoded."""
        midnight = dt.datetime.combine(self.signed_on, dt.time(), HANOI)
        mine: dict[int, Any] = {
            _KIND: int(self.kind),
            _SERIAL_TAIL: self.serial_tail,
            _FACILITY: self.facility_code,
            _LIST: self.status_list,
            _INDEX: self.status_index,
            _COMMITMENT: self.commitment,
        }
        if self.dated_on is not None:
            mine[_DATED_ON] = (self.dated_on - _EPOCH).days
        return {ISSUED_AT: int(midnight.timestamp()), CERTIFICATE: mine}

    @classmethod
    def from_payload(cls, payload: Mapping[Any, Any]) -> Self:
        """Raises ValueError for other labels, types or sizes; what is more in it is for the reader of the
        encoding to refuse.
        """
        match payload:
            case {
                6: int(issued_at),
                -65537: {
                    1: int(kind),
                    2: str(tail),
                    3: str(facility),
                    4: int(number),
                    5: int(index),
                    6: bytes(commitment),
                },
            }:
                is_sane = (
                    all(0 <= figure < _LIMIT for figure in (issued_at, number, index))
                    and len(commitment) == COMMITMENT_BYTES
                )
            case _:
                is_sane = False
        if not is_sane:
            raise ValueError("these are not the claims of a certificate")
        signed_on = dt.datetime.fromtimestamp(issued_at, HANOI).date()
        return cls(
            ClaimedKind(kind),
            tail,
            facility,
            signed_on,
            number,
            index,
            commitment,
            _dated_on(payload[CERTIFICATE]),
        )


def _dated_on(mine: Mapping[int, Any]) -> dt.date | None:
    if _DATED_ON not in mine:
        return None
    days = mine[_DATED_ON]
    if not isinstance(days, int) or not 0 <= days < _LAST_DAY:
        raise ValueError("this is no day")
    return _EPOCH + dt.timedelta(days=days)


def commit(*, token: str, full_name: str, birth: str, first_day: dt.date, last_day: dt.date) -> bytes:
    """16 bytes that tie claims to what is printed: name, birth (`yyyy-mm-dd` or `yyyy`), first and last day
    of leave or isolation.

    HMAC-SHA-256 [RFC 2104] under the QR's token (26 characters, ASCII), cut to its first half. Whoever knows
    a paper can see whether it matches; a known name is not hidden for ever from who has the QR.
    """
    message = "\n".join((plain_name(full_name), birth, first_day.isoformat(), last_day.isoformat()))
    return hmac.digest(token.encode(), message.encode(), "sha256")[:COMMITMENT_BYTES]


def plain_name(name: str) -> str:
    """A name as it is compared: upper case, without marks, Đ as D, words parted by one space. People type on
    phones.
    """
    upper = name.upper().replace("Đ", "D")
    letters = (char for char in unicodedata.normalize("NFD", upper) if unicodedata.category(char) != "Mn")
    return " ".join("".join(letters).split())


def key_id(public_key: bytes) -> bytes:
    """The identifier (`kid`) of a claim key: the first 8 bytes of the SHA-256 of its SubjectPublicKeyInfo
    (DER).
    """
    return hashlib.sha256(public_key).digest()[:8]
