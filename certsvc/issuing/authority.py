"""Who may represent a facility on a day, and whether it may issue at all [signers, Written authority]."""

import datetime as dt
from collections.abc import Sequence

from certsvc.errors import Broken
from certsvc.models import Delegation, Practitioner


def representatives_on(
    day: dt.date,
    practitioners: Sequence[Practitioner],
    delegations: Sequence[Delegation],
    *,
    as_of: dt.datetime | None = None,
) -> list[Practitioner]:
    """Everybody registered who may represent the facility that day; the first of them signs, or signed, with
    what was known at `as_of`.

    Whoever was delegated last comes first, the heads after all who are delegated: they keep what they
    delegate.
    """
    registered = [each for each in practitioners if each.is_registered_on(day)]
    in_force = [
        each for each in delegations if each.licence is not None and each.is_in_force_on(day, as_of=as_of)
    ]
    newest_first = dict.fromkeys(
        each.licence
        for each in sorted(in_force, key=lambda each: (each.valid_from, each.added_at), reverse=True)
    )
    delegated = [person for licence in newest_first for person in registered if person.licence == licence]
    return delegated + [each for each in registered if each.is_head and each not in delegated]


def delegation_on(day: dt.date, person: Practitioner, delegations: Sequence[Delegation]) -> Delegation | None:
    """The authority by which that person signs in the head's place that day, the newest of several; None for
    a head, who needs none.
    """
    own = [each for each in delegations if each.licence == person.licence and each.is_in_force_on(day)]
    return (
        None if person.is_head else max(own, key=lambda each: (each.valid_from, each.added_at), default=None)
    )


def is_authorised_on(day: dt.date, delegations: Sequence[Delegation]) -> bool:
    """Whether the station may issue and stamp: one without any authority of the station as a whole on record
    needs none.
    """
    of_station = [each for each in delegations if each.licence is None]
    return not of_station or any(each.is_in_force_on(day) for each in of_station)


def require_authorised(facility_code: str, day: dt.date, delegations: Sequence[Delegation]) -> None:
    """Raises Broken `no_authority`."""
    if not is_authorised_on(day, delegations):
        raise Broken(
            "no_authority",
            f"Văn bản uỷ quyền cho cơ sở {facility_code} không còn hoặc chưa có hiệu lực; hãy nhập văn bản"
            " mới bằng `certsvc delegations add`, rồi ký lại.",
            f"No authority of facility {facility_code} to issue is in force; enter the new one with `certsvc"
            " delegations add`, then try again.",
        )


def no_head() -> Broken:
    return Broken(
        "no_head",
        "Cơ sở chưa có người đại diện được phép ký.",
        "Nobody is registered to represent the facility.",
    )
