"""Who represents a facility on a day, and who stands on its certificates."""

import datetime as dt
import uuid

import pytest

from certsvc.clock import HANOI
from certsvc.config import Signatures
from certsvc.errors import Broken
from certsvc.issuing.authority import is_authorised_on, representatives_on
from certsvc.issuing.press.rosters import Roster, Staff
from certsvc.models import Delegation, DelegationKind, Facility, Practitioner, SigningIdentity, Slot
from certsvc.states import DelegationState

DAY = dt.date(2026, 3, 15)
NOON = dt.datetime.combine(DAY, dt.time(12), HANOI)
HEAD, EXAMINER, DEPUTY = "000001/HNO-CCHN", "000002/HNO-CCHN", "000003/HNO-CCHN"


def person(
    licence: str, *, role: str = "practitioner", number: str = "", until: dt.date | None = None
) -> Practitioner:
    return Practitioner(
        licence=licence,
        facility_code="01801",
        full_name=f"Người {licence[:6]}",
        role=role,
        social_insurance_no=number or f"01{licence[:6]}00",
        registered_from=dt.date(2020, 1, 1),
        registered_to=until,
    )


PEOPLE = (person(HEAD, role="head"), person(EXAMINER), person(DEPUTY))


def authority(
    licence: str | None, *, first: int = -1, last: int | None = 1, withdrawn: bool = False
) -> Delegation:
    """In force from `first` days after the day to `last` days after it."""
    return Delegation(
        facility_code="01801",
        licence=licence,
        document="12/QĐ",
        granted_by="Trung tâm Y tế",
        valid_from=DAY + dt.timedelta(first),
        valid_to=None if last is None else DAY + dt.timedelta(last),
        added_at=NOON,
        withdrawn_at=NOON if withdrawn else None,
    )


@pytest.mark.parametrize(
    ("delegation", "state"),
    [
        (authority(DEPUTY, first=1, last=9), DelegationState.NOT_YET),
        (authority(DEPUTY, first=0, last=0), DelegationState.IN_FORCE),
        (authority(DEPUTY, last=None), DelegationState.IN_FORCE),
        (authority(DEPUTY, first=-9, last=-1), DelegationState.ENDED),
        (authority(DEPUTY, withdrawn=True), DelegationState.WITHDRAWN),
    ],
)
def test_an_authority_has_a_state_each_day(delegation: Delegation, state: DelegationState) -> None:
    assert delegation.state_on(DAY) is state


def licences(*delegations: Delegation, people: tuple[Practitioner, ...] = PEOPLE) -> list[str]:
    return [each.licence for each in representatives_on(DAY, people, delegations)]


@pytest.mark.parametrize(
    ("delegations", "expected"),
    [
        ((), [HEAD]),
        ((authority(DEPUTY),), [DEPUTY, HEAD]),
        ((authority(DEPUTY, first=0, last=0),), [DEPUTY, HEAD]),
        ((authority(DEPUTY, last=None),), [DEPUTY, HEAD]),
        ((authority(DEPUTY, first=-9, last=-1),), [HEAD]),
        ((authority(DEPUTY, first=1, last=9),), [HEAD]),
        ((authority(DEPUTY, withdrawn=True),), [HEAD]),
        ((authority(EXAMINER, first=-5), authority(DEPUTY, first=-2)), [DEPUTY, EXAMINER, HEAD]),
        ((authority(DEPUTY, first=-2), authority(EXAMINER, first=-5)), [DEPUTY, EXAMINER, HEAD]),
        ((authority(DEPUTY), authority(DEPUTY, first=-3)), [DEPUTY, HEAD]),
        ((authority(None),), [HEAD]),
        ((authority(HEAD), authority(DEPUTY, first=-9)), [HEAD, DEPUTY]),
    ],
)
def test_who_represents(delegations: tuple[Delegation, ...], expected: list[str]) -> None:
    """Those delegated for that very day, the last delegated first, then the head; each once."""
    assert licences(*delegations) == expected


def test_who_represented_when_something_was_signed() -> None:
    """What was withdrawn since counted then, what was entered since did not."""
    withdrawn = authority(DEPUTY, withdrawn=True)
    withdrawn.added_at, entered = NOON - dt.timedelta(hours=2), authority(EXAMINER)
    then = NOON - dt.timedelta(hours=1)
    assert [each.licence for each in representatives_on(DAY, PEOPLE, [withdrawn, entered], as_of=then)] == [
        DEPUTY,
        HEAD,
    ]


def test_only_who_is_registered_represents() -> None:
    """An authority of somebody whose registration has ended does not count, nor does the head's role after
    it.
    """
    ended = DAY - dt.timedelta(1)
    people = (person(HEAD, role="head", until=ended), person(DEPUTY, until=ended), person(EXAMINER))
    assert licences(authority(DEPUTY), people=people) == []
    assert licences(authority(EXAMINER), people=people) == [EXAMINER]


def test_a_station_with_an_authority_of_its_own_needs_one_in_force() -> None:
    """One that never had any needs none; an authority of a person says nothing about the station."""
    past, coming = authority(None, first=-9, last=-1), authority(None, first=1)
    assert is_authorised_on(DAY, [])
    assert is_authorised_on(DAY, [authority(DEPUTY, first=-9, last=-1)])
    assert is_authorised_on(DAY, [past, authority(None)])
    assert not is_authorised_on(DAY, [past])
    assert not is_authorised_on(DAY, [past, coming, authority(None, withdrawn=True), authority(DEPUTY)])


def _key(licence: str | None) -> SigningIdentity:
    span = dt.timedelta(365)
    return SigningIdentity(
        id=uuid.uuid4(),
        facility_code="01801",
        licence=licence,
        source=f"{licence}.p12",
        not_before=NOON - span,
        not_after=NOON + span,
        retired_at=None,
    )


def staff(*delegations: Delegation, examiner: str, people: tuple[Practitioner, ...] = PEOPLE) -> Staff:
    facility = Facility(code="01801", name="Trạm Y tế", parent="Trung tâm Y tế")
    keys = [_key(licence) for licence in (None, *(each.licence for each in people))]
    return Roster(facility, people, delegations, keys, Signatures.ALL).get_staff(examiner, now=NOON)


def _signers(found: Staff) -> list[tuple[Slot, str | None]]:
    return [(each.slot, each.licence) for each in found.signatories]


def test_the_delegate_signs_in_the_heads_place() -> None:
    """And is named there; the examiner signs as before."""
    found = staff(authority(DEPUTY), examiner=EXAMINER)
    assert _signers(found) == [
        (Slot.PRACTITIONER, EXAMINER),
        (Slot.REPRESENTATIVE, DEPUTY),
        (Slot.ORGANISATION, None),
    ]
    assert (found.head_name, found.examiner_name, found.head_examined) == (
        "Người 000003",
        "Người 000002",
        False,
    )


def test_how_a_delegate_signs_comes_from_the_authority() -> None:
    """Its kind and the titles of the register; a head who was delegated too signs as head, and of several
    authorities the newest counts.
    """
    people = (person(HEAD, role="head"), person(EXAMINER), person(DEPUTY))
    people[0].title, people[2].title = "Trưởng trạm", "Y sĩ"
    older, newer = authority(DEPUTY, first=-2), authority(DEPUTY)
    older.kind, newer.kind = DelegationKind.AUTHORISED, DelegationKind.DEPUTY
    found = staff(older, newer, examiner=EXAMINER, people=people)
    assert (found.acting, found.head_title, found.own_title) == (DelegationKind.DEPUTY, "Trưởng trạm", "Y sĩ")
    found = staff(authority(HEAD), examiner=EXAMINER, people=people)
    assert (found.acting, found.own_title) == (None, "Trưởng trạm")
    assert staff(examiner=EXAMINER, people=people).acting is None


def test_a_delegate_who_examined_signs_once() -> None:
    """As the representative, like a head who examined [signers, Slots]; the head who examined meanwhile signs
    as practitioner.
    """
    found = staff(authority(EXAMINER), examiner=EXAMINER)
    assert (_signers(found), found.head_examined) == (
        [(Slot.REPRESENTATIVE, EXAMINER), (Slot.ORGANISATION, None)],
        True,
    )
    found = staff(authority(DEPUTY), examiner=HEAD)
    assert (_signers(found)[:2], found.head_examined) == (
        [(Slot.PRACTITIONER, HEAD), (Slot.REPRESENTATIVE, DEPUTY)],
        False,
    )
    assert staff(examiner=HEAD).head_examined


def test_one_person_with_two_licences_is_one_person() -> None:
    """Known by the BHXH number: who examined under an older licence signs once."""
    people = (
        *PEOPLE,
        person("000009/HNO-CCHN", number=PEOPLE[0].social_insurance_no, until=dt.date(2021, 12, 31)),
    )
    found = staff(examiner="000009/HNO-CCHN", people=people)
    assert (_signers(found)[0], found.head_examined) == ((Slot.REPRESENTATIVE, HEAD), True)


def test_without_authority_nobody_signs() -> None:
    """Told with what to do."""
    with pytest.raises(Broken, match="no_authority") as caught:
        staff(authority(None, first=-9, last=-1), examiner=EXAMINER)
    assert "delegations add" in caught.value.message_vi
    with pytest.raises(Broken, match="no_head"):
        staff(examiner=EXAMINER, people=PEOPLE[1:])
