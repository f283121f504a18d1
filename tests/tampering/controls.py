"""What must not be taken for an attack, and the harmless changes that still are not what we published."""

from certsvc.verify.reasons import Reason
from certsvc.verify.report import CheckName
from tests.tampering.attack import ALTERED, GENUINE, NOT_SIGNED, Attack, invalid
from tests.tampering.bases import (
    EVERY,
    PUBLISHED,
    STREAM_3_LT,
    STREAM_3_LTA,
    TABLE_1_B,
    TABLE_1_LTA,
    TABLE_2_LT,
    TABLE_3_LT,
    Base,
    archived,
    aside,
    unsigned,
)
from tests.tampering.editing import last

_NOT_TO_THE_END = invalid(Reason.ALTERED_COPY, CheckName.GEOMETRY)


def _in_capitals(base: Base) -> bytes:
    place = last(base)
    return (
        base.data[: place.hole_start]
        + base.data[place.hole_start : place.hole_end].upper()
        + base.data[place.hole_end :]
    )


def _renewed(base: Base) -> bytes:
    return aside(lambda: archived(base.data))


def _without_archive(base: Base) -> bytes:
    return base.signed


ATTACKS = (
    Attack("unchanged", "the very bytes that were published", lambda base: base.data, GENUINE, PUBLISHED),
    Attack(
        "renewed",
        "an archive renewal that nobody published",
        _renewed,
        ALTERED,
        (TABLE_2_LT, TABLE_3_LT, STREAM_3_LT),
    ),
    Attack("renewed-again", "a second archive renewal", _renewed, ALTERED, (TABLE_1_LTA, STREAM_3_LTA)),
    Attack(
        "cut-back",
        "the published renewal taken off again, down to a version that was never published",
        _without_archive,
        ALTERED,
        (TABLE_1_LTA,),
    ),
    Attack(
        "white-space",
        "white space behind the last end, as mail gateways add it",
        lambda base: base.data + b"\r\n",
        _NOT_TO_THE_END,
    ),
    Attack(
        "capitals",
        "hexadecimal digits of the contents in capitals",
        _in_capitals,
        ALTERED,
        (TABLE_1_B, TABLE_2_LT, TABLE_3_LT),
    ),
    Attack(
        "never-signed",
        "the page before any signature",
        lambda base: aside(lambda: unsigned(base.count)),
        NOT_SIGNED,
        EVERY[:2],
    ),
)
