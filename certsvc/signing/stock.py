"""The stock: one revision above a base, the same for every certificate that the same people sign for a while.

It holds what their signatures share: the pictures of their marks, and the validation material (DSS). Standing
below the signatures, it is covered by all of them, and nothing need follow the last [decision 0004].
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
from certsvc.signing.revisions import TIME_FACE, Place
from certsvc.signing.revocation import RevocationInfo
from certsvc.states import Slot


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs in which slot, and what the signature shows.

    `picture` are content stream operators that need no resources, in points from the lower left corner of the
    slot's widget.
    """

    slot: Slot
    identity: Identity
    picture: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """A base and the revision above it. `catalog` are the newest entries of the catalog, `places` those of
    `signings`, in their order; `midstate` has hashed (SHA-256) everything up to `end`: go on with a copy.
    """

    blank: Blank = field(repr=False)
    revision: bytes = field(repr=False)
    end: End
    signings: tuple[Signing, ...]
    catalog: bytes
    places: tuple[Place, ...]
    midstate: Any
    has_answers: bool


def lay_stock(blank: Blank, *, signings: Sequence[Signing], answers: RevocationInfo | None) -> Stock:
    """The stock of `signings`, in the order of the blank's fields; without `answers` (B-B, B-T) it has no
    validation material.

    Raises Broken `wrong_signings`: no signers or other slots than the blank's, signers of several facilities,
    one who may not sign in that slot.
    """
    _check(blank, signings)
    # 1. Pictures and store are new objects, numbered upwards; a picture that pages draw has its number
    # already.
    places = tuple(_places(blank))
    objects = {
        place.picture: _form(signing.picture, place.field.width, place.field.height)
        for place, signing in zip(places, signings, strict=True)
    }
    catalog = blank.catalog
    if answers is not None:
        # 2. The catalog again, for it names the store.
        catalog += b" /DSS %d 0 R" % _add_security_store(
            objects, max(blank.end.size, *(own + 1 for own in objects)), answers
        )
        objects[blank.catalog_number] = b"<< %b >>" % catalog
    # 3. The hash goes on from the base's.
    revision = append(blank.end, objects)
    midstate = _midstate(blank.pdf).copy()
    midstate.update(revision.data)
    return Stock(
        blank,
        bytes(revision.data),
        revision.end,
        tuple(signings),
        catalog,
        places,
        midstate,
        answers is not None,
    )


def _places(blank: Blank) -> Iterator[Place]:
    for index, each in enumerate(blank.fields):
        yield Place(
            each,
            picture=blank.end.size + index if each.picture is None else each.picture,
            catalog_number=blank.catalog_number,
            font=blank.fonts[TIME_FACE],
            is_first=index == 0,
            is_last=each is blank.fields[-1],
        )


def _check(blank: Blank, signings: Sequence[Signing]) -> None:
    slots = [signing.slot for signing in signings]
    if (
        not slots
        or slots != [slot for slot in Slot if slot in slots]
        or slots != [field.name for field in blank.fields]
    ):
        raise _wrong_signings("slots missing, repeated or out of order")
    if len({signing.identity.facility_code for signing in signings}) != 1:
        raise _wrong_signings("signers of several facilities")
    for signing in signings:
        if not signing.identity.fits(signing.slot):
            raise _wrong_signings(f"the identity is not of the kind that signs as {signing.slot}")


def _wrong_signings(why_en: str) -> Broken:
    return Broken(
        "wrong_signings", "Danh sách người ký không hợp lệ.", f"The list of signers is wrong: {why_en}."
    )


@lru_cache(maxsize=4096)
def _form(picture: bytes, width: float, height: float) -> bytes:
    """A form XObject (ISO 32000-2 clause 8.10.2)."""
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 %b %b] /Resources << >> /Filter /FlateDecode" % (
        number(width),
        number(height),
    )
    return stream(entries, zlib.compress(picture, 9))


def _add_security_store(objects: dict[int, bytes], first: int, answers: RevocationInfo) -> int:
    """Add the document security store [EN 319 142-1 §5.4.2.2] and its streams, from number `first`; returns
    its number.
    """
    kinds: Mapping[bytes, Sequence[bytes]] = {
        b"Certs": [der(each) for each in answers.certificates],
        b"OCSPs": answers.ocsps,
        b"CRLs": answers.crls,
    }
    entries = []
    for kind, values in kinds.items():
        numbers = range(first, first + len(values))
        objects.update(zip(numbers, map(_packed, values), strict=True))
        first = numbers.stop
        entries.append(b"/%b [%b]" % (kind, b" ".join(b"%d 0 R" % each for each in numbers)))
    objects[first] = b"<< /Type /DSS %b >>" % b" ".join(entries)
    return first


@lru_cache(maxsize=4096)
def _packed(value: bytes) -> bytes:
    return stream(b"/Filter /FlateDecode", zlib.compress(value, 9))


@lru_cache(maxsize=32)
def _midstate(pdf: bytes) -> Any:
    """SHA-256 of a base, not finished. A bytes object remembers its own hash, so finding it here costs
    nothing.
    """
    return hashlib.sha256(pdf)
