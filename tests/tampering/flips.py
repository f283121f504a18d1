"""One changed bit, where it matters most."""

from collections.abc import Callable

from asn1crypto import cms

from tests.tampering.attack import BORROWED, BROKEN, MISPLACED, UNREADABLE, UNSTAMPED, Answer, Attack, alone
from tests.tampering.bases import STREAM_1_T, STREAM_3_LT, TABLE_1_B, TABLE_2_LT, TABLE_3_LT, Base
from tests.tampering.editing import flipped, last, overwritten


def _at(find: Callable[[Base], int], *, bit: int = 1) -> Callable[[Base], bytes]:
    return lambda base: flipped(base.data, find(base), bit)


def _in_cms(find: Callable[[cms.SignedData], bytes]) -> Callable[[Base], bytes]:
    """A bit in a part of the last signature's CMS."""

    def make(base: Base) -> bytes:
        place = last(base)
        part = find(cms.ContentInfo.load(place.cms)["content"])
        at = place.cms.index(part) + len(part) // 2
        digits = flipped(place.cms, at).hex().encode()
        return overwritten(base.data, place.hole_start + 1, digits)

    return make


def _claimed_time(base: Base) -> int:
    return base.data.index(b"/M (D:", last(base).object_start) + 10


def _digest(data: cms.SignedData) -> bytes:
    attributes = data["signer_infos"][0]["signed_attrs"]
    return next(
        bytes(each["values"][0].native) for each in attributes if each["type"].native == "message_digest"
    )


def _certificate(data: cms.SignedData) -> bytes:
    serial = data["signer_infos"][0]["sid"].chosen["serial_number"].native
    return next(
        bytes(each.chosen["signature_value"].native)
        for each in data["certificates"]
        if each.chosen.serial_number == serial
    )


def _token(data: cms.SignedData) -> bytes:
    token = data["signer_infos"][0]["unsigned_attrs"][0]["values"][0]["content"]
    return bytes(token["signer_infos"][0]["signature"].native)


def _flip(
    name: str, about: str, make: Callable[[Base], bytes], answer: Answer = BROKEN, **more: object
) -> Attack:
    return Attack(f"flip-{name}", f"a bit changed in {about}", make, answer, **more)  # type: ignore[arg-type]


_STAMPED = (STREAM_1_T, TABLE_3_LT, STREAM_3_LT)

ATTACKS = (
    _flip("version", "the header's version number", _at(lambda base: 7)),
    _flip("header", "the header's first letter", _at(lambda base: 0), UNREADABLE),
    _flip("text", "what the page shows", _at(lambda base: base.data.index(b" Td <") + 8)),
    _flip("font", "a font file", _at(lambda base: base.data.index(b"/Length1") + 600)),
    _flip(
        "time",
        "the time that a signature claims",
        _at(lambda base: base.data.index(b"/M (D:", last(base).object_start) + 10),
        bases=(TABLE_1_B, TABLE_3_LT),
    ),
    _flip(
        "filter",
        "a signature's sub-filter",
        _at(lambda base: base.data.index(b"CAdES", last(base).object_start)),
        MISPLACED,
    ),
    _flip(
        "range-start",
        "the first number of a byte range",
        _at(lambda base: base.data.index(b"/ByteRange [", last(base).object_start) + 12),
        MISPLACED,
    ),
    _flip(
        "range-length",
        "the second number of a byte range",
        _at(lambda base: base.data.index(b"/ByteRange [", last(base).object_start) + 16),
        MISPLACED,
    ),
    _flip(
        "hole-start",
        "the bracket before the contents",
        _at(lambda base: last(base).hole_start),
        MISPLACED,
        answers=alone(BROKEN),
    ),
    _flip(
        "hole-end",
        "the bracket behind the contents",
        _at(lambda base: last(base).hole_end - 1),
        MISPLACED,
        answers=alone(BROKEN),
    ),
    _flip("padding", "the zeros behind the signature", _at(lambda base: last(base).hole_end - 2), MISPLACED),
    _flip("end", "the last end of the file", _at(lambda base: last(base).end - 3), MISPLACED),
    _flip(
        "value", "the raw signature", _in_cms(lambda data: bytes(data["signer_infos"][0]["signature"].native))
    ),
    _flip("digest", "the signed digest", _in_cms(_digest)),
    _flip("certificate", "the signer's certificate", _in_cms(_certificate), BORROWED, answers=alone(BROKEN)),
    _flip("token", "the time-stamp's signature", _in_cms(_token), UNSTAMPED, bases=_STAMPED),
    _flip(
        "answers",
        "the revocation answers that are signed with the page",
        _at(lambda base: base.data.index(b"/DSS") + 700),
        bases=(TABLE_2_LT, TABLE_3_LT),
    ),
)
