"""What the QR of a certificate says of it besides its address: the claims, and the commitment that ties them
to a person.

Neither name nor birth date, days of leave or numbers of identity are in them, only a digest keyed by the
look-up code, which is printed beside the QR and not in it: whoever has the paper can compute the digest
[verify, The QR]; whoever has the QR alone would have to try 2^80 codes. The date on the paper is among the
claims: late papers are signed on another day, and whoever compares must know which of the two is printed.
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
_KIND, _SERIAL_TAIL, _FACILITY, _LIST, _INDEX, _FORMER_COMMITMENT, _DATED_ON, _COMMITMENT = range(1, 9)
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

    `dated_on` is the date that the paper bears; None on papers printed before claims held it. `commitment` is
    None on papers printed before it was keyed by the look-up code; what they hold in its place,
    `former_commitment`, was keyed by the token in the same QR, and nothing is compared with it any more.
    """

    kind: ClaimedKind
    serial_tail: str
    facility_code: str
    signed_on: dt.date
    status_list: int
    status_index: int
    commitment: bytes | None
    dated_on: dt.date | None = None
    former_commitment: bytes | None = None

    def to_payload(self) -> dict[int, Any]:
        """The CWT claims, labels as keys, in the order in which they are encoded."""
        midnight = dt.datetime.combine(self.signed_on, dt.time(), HANOI)
        mine: dict[int, Any] = {
            _KIND: int(self.kind),
            _SERIAL_TAIL: self.serial_tail,
            _FACILITY: self.facility_code,
            _LIST: self.status_list,
            _INDEX: self.status_index,
        }
        if self.former_commitment is not None:
            mine[_FORMER_COMMITMENT] = self.former_commitment
        if self.dated_on is not None:
            mine[_DATED_ON] = (self.dated_on - _EPOCH).days
        if self.commitment is not None:
            mine[_COMMITMENT] = self.commitment
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
                } as mine,
            }:
                is_sane = all(0 <= figure < _LIMIT for figure in (issued_at, number, index))
            case _:
                is_sane = False
        if not is_sane:
            raise ValueError("these are not the claims of a certificate")
        signed_on = dt.datetime.fromtimestamp(issued_at, HANOI).date()
        commitment, former = _commitments(mine)
        return cls(
            ClaimedKind(kind),
            tail,
            facility,
            signed_on,
            number,
            index,
            commitment,
            _dated_on(mine),
            former,
        )


def _commitments(mine: Mapping[int, Any]) -> tuple[bytes | None, bytes | None]:
    """The commitment and the former one: a paper has just one of them, and with the first its date."""
    commitment, former = mine.get(_COMMITMENT), mine.get(_FORMER_COMMITMENT)
    held = commitment if former is None else former
    is_one = (commitment is None) != (former is None) and (former is not None or _DATED_ON in mine)
    if not is_one or not isinstance(held, bytes) or len(held) != COMMITMENT_BYTES:
        raise ValueError("there is not one commitment")
    return commitment, former


def _dated_on(mine: Mapping[int, Any]) -> dt.date | None:
    if _DATED_ON not in mine:
        return None
    days = mine[_DATED_ON]
    if not isinstance(days, int) or not 0 <= days < _LAST_DAY:
        raise ValueError("this is no day")
    return _EPOCH + dt.timedelta(days=days)


def commit(*, code: str, token: str, full_name: str, first_day: dt.date, last_day: dt.date) -> bytes:
    """16 bytes that tie claims to what is printed: name, first and last day of leave or isolation.

    HMAC-SHA-256 [RFC 2104] under the look-up code (16 characters, 80 random bits, printed beside the QR and
    not in it) followed by the QR's token (26 characters), both in ASCII; cut to its first half. The birth
    date is left out: whoever has the paper needs no help to read it, and it is what opens more online.
    """
    message = "\n".join((plain_name(full_name), first_day.isoformat(), last_day.isoformat()))
    return hmac.digest(f"{code}{token}".encode(), message.encode(), "sha256")[:COMMITMENT_BYTES]


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
