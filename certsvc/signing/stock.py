"""The stock: one revision above a base, the same for every certificate that the same people sign for a while.

It holds what their signatures share: the pictures of their marks, and the validation material (DSS). As it is
below the signatures, they all cover it, and nothing need follow the last one [decision 0004].
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from certsvc.errors import Broken
from certsvc.pdf import Blank, End, append, number, stream
from certsvc.signing.cms import der
from certsvc.signing.identities import Identity
from certsvc.signing.revisions import TIME_FACE, Position
from certsvc.signing.revocation import RevocationInfo
from certsvc.states import Slot


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs in which slot, and what the signature shows.

    `picture` holds content stream operators that need no resources, in points from the lower left corner of
    the slot's widget.
    """

    slot: Slot
    identity: Identity
    picture: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """A base and the revision above it.

    `catalog` holds the catalog's newest entries, `positions` are those of `signings`, in order; `midstate`
    has hashed (SHA-256) everything up to `end`: continue with a copy.
    """

    blank: Blank = field(repr=False)
    revision: bytes = field(repr=False)
    end: End
    signings: tuple[Signing, ...]
    catalog: bytes
    positions: tuple[Position, ...]
    midstate: Any
    has_answers: bool


def lay_stock(blank: Blank, *, signings: Sequence[Signing], answers: RevocationInfo | None) -> Stock:
    """The stock for `signings`, given in the order of the blank's fields.

    Without `answers` (B-B, B-T) it has no validation material. Raises Broken `wrong_signings`: no signers,
    other slots than the blank's, signers of several facilities, one who may not sign in that slot.
    """
    _check(blank, signings)
    # 1. Pictures and store are new objects, numbered upwards; a picture that pages draw has a number already.
    positions = tuple(_positions(blank))
    objects = {
        position.picture: _form(signing.picture, position.field.width, position.field.height)
        for position, signing in zip(positions, signings, strict=True)
    }
    catalog = blank.catalog
    if answers is not None:
        # 2. The catalog is replaced, for it names the store.
        first = max(blank.end.size, *(own + 1 for own in objects))
        catalog += b" /DSS %d 0 R" % _add_security_store(objects, first, answers)
        objects[blank.catalog_number] = b"<< %b >>" % catalog
    # 3. The hash continues from the base's.
    revision = append(blank.end, objects)
    midstate = _midstate(blank.pdf).copy()
    midstate.update(revision.data)
    return Stock(
        blank,
        bytes(revision.data),
        revision.end,
        tuple(signings),
        catalog,
        positions,
        midstate,
        answers is not None,
    )


def _positions(blank: Blank) -> Iterator[Position]:
    for index, signed in enumerate(blank.fields):
        yield Position(
            signed,
            picture=blank.end.size + index if signed.picture is None else signed.picture,
            catalog_number=blank.catalog_number,
            font=blank.fonts[TIME_FACE],
            is_first=index == 0,
            is_last=signed is blank.fields[-1],
        )


def _check(blank: Blank, signings: Sequence[Signing]) -> None:
    slots = [signing.slot for signing in signings]
    in_order = [slot for slot in Slot if slot in slots]
    if not slots or slots != in_order or slots != [field.name for field in blank.fields]:
        raise _wrong_signings("slots missing, repeated or out of order")
    if len({signing.identity.facility_code for signing in signings}) != 1:
        raise _wrong_signings("signers of several facilities")
    for signing in signings:
        if not signing.identity.fits(signing.slot):
            raise _wrong_signings(f"this identity cannot sign as {signing.slot}")


def _wrong_signings(why_en: str) -> Broken:
    en = f"The list of signers is invalid: {why_en}."
    return Broken("wrong_signings", "Danh sách người ký không hợp lệ.", en)


@lru_cache(maxsize=4096)
def _form(picture: bytes, width: float, height: float) -> bytes:
    """A form XObject [ISO 32000-2 §8.10.2]."""
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 %b %b] /Resources << >> /Filter /FlateDecode"
    return stream(entries % (number(width), number(height)), zlib.compress(picture, 9))


def _add_security_store(objects: dict[int, bytes], first: int, answers: RevocationInfo) -> int:
    """Add the document security store [EN 319 142-1 §5.4.2.2] from number `first` and return its number."""
    kinds: Mapping[bytes, Sequence[bytes]] = {
        b"Certs": [der(certificate) for certificate in answers.certificates],
        b"OCSPs": answers.ocsps,
        b"CRLs": answers.crls,
    }
    entries = []
    for kind, values in kinds.items():
        numbers = range(first, first + len(values))
        objects.update(zip(numbers, map(_packed, values), strict=True))
        first = numbers.stop
        entries.append(b"/%b [%b]" % (kind, b" ".join(b"%d 0 R" % own for own in numbers)))
    objects[first] = b"<< /Type /DSS %b >>" % b" ".join(entries)
    return first


@lru_cache(maxsize=4096)
def _packed(value: bytes) -> bytes:
    return stream(b"/Filter /FlateDecode", zlib.compress(value, 9))


@lru_cache(maxsize=32)
def _midstate(pdf: bytes) -> Any:
    """SHA-256 of a base, unfinished. A bytes object remembers its own hash, so the cache look-up is cheap."""
    return hashlib.sha256(pdf)
