"""A case: stored and read back the same, compared by content, and about one person."""

import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.models import Kind
from certsvc.records import Birth, CareSetting, Case, IdType, Outcome, Sex
from tests.unit.records.samples import checked


def good_case() -> Case:
    case = checked().case
    assert case is not None
    return case


CASES = st.builds(
    replace,
    st.just(good_case()),
    full_name=st.text(st.characters(exclude_categories=["Cs"])),
    birth=st.one_of(st.integers(1900, 2022).map(Birth), st.dates(dt.date(1900, 1, 1)).map(Birth.on)),
    sex=st.sampled_from(Sex),
    care_setting=st.sampled_from(CareSetting),
    outcome=st.one_of(st.none(), st.sampled_from(Outcome)),
    examined_on=st.one_of(st.none(), st.dates()),
    vaccine_doses=st.one_of(st.none(), st.integers(0, 20)),
)


@given(CASES)
def test_json_gives_the_case_back(case: Case) -> None:
    """Through real JSON, every field and its type comes back, and so does the digest."""
    again = Case.from_json(json.loads(json.dumps(case.to_json())))
    assert again == case
    assert again.content_digest() == case.content_digest()
    assert type(again.sex) is Sex


@given(CASES, CASES)
def test_digests_differ_where_cases_do(one: Case, other: Case) -> None:
    """Equal digests mean equal cases."""
    assert (one.content_digest() == other.content_digest()) == (one == other)


def test_json_keys_are_the_columns() -> None:
    """What is stored names fields as the case file does."""
    stored = good_case().to_json()
    assert stored["birth_date"] == "1981-01-17"
    assert stored["id_type"] == "cccd"
    assert "wants_recovery" not in stored


def test_digest_is_stable() -> None:
    """The digest of stored cases never changes by accident: certificates are compared by it."""
    assert good_case().content_digest() == "823d477c03978f1d563b08589453a8f5bd371256c482e30c18d1a9038a1752ca"


def test_a_later_column_says_nothing_where_it_is_empty() -> None:
    """A case has the digest that it had before there was `outcome_on`; once filled in it says something
    else.
    """
    case = good_case()
    assert {"outcome_on", "certified_on"}.isdisjoint(case.to_json())
    dated = replace(case, certified_on=dt.date(2022, 3, 1))
    assert dated.content_digest() != case.content_digest()
    assert Case.from_json(dated.to_json()) == dated
    assert Case.from_json(case.to_json()) == case


def test_event_days() -> None:
    """Sick leave is judged by its examination, recovery by the end of isolation."""
    case = good_case()
    assert (case.event_on(Kind.SICK_LEAVE), case.event_on(Kind.RECOVERY)) == (
        dt.date(2022, 2, 27),
        dt.date(2022, 3, 7),
    )
    with pytest.raises(ValueError, match="examination"):
        replace(case, examined_on=None).event_on(Kind.SICK_LEAVE)


def test_kinds_of_identity_papers() -> None:
    """The shape decides without `id_type`; the code is the exchange file's."""
    found = [
        checked(citizen_id=number, id_type=named).case
        for number, named in (("112345678", ""), ("B1234567", ""), ("E12345678X", "Hộ chiếu"), ("", "cccd"))
    ]
    assert [case and (case.id_type, case.id_type.code) for case in found] == [
        (IdType.CMND, "2"),
        (IdType.PASSPORT, "3"),
        (IdType.PASSPORT, "3"),
        (IdType.NONE, "0"),
    ]


def test_births_print_as_known() -> None:
    """dd/mm/yyyy, or the year alone, which counts as its last day."""
    assert (Birth.on(dt.date(1981, 1, 7)).printed, Birth(1981).printed, Birth(1981).latest) == (
        "07/01/1981",
        "1981",
        dt.date(1981, 12, 31),
    )
