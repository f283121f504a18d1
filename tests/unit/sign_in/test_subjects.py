"""Who a token says somebody is."""

from typing import Any

import pytest

from certsvc.callers.subjects import read_subject
from certsvc.config import Settings
from certsvc.errors import Broken, Forbidden
from certsvc.models import Role

_CLAIMS = {"iss": "https://id.example", "sub": "7"}


def _settings(**changes: Any) -> Settings:
    return Settings(oidc_issuer="https://id.example", **changes)


@pytest.mark.parametrize(
    ("claim", "claims"),
    [
        ("role", {"role": "facility"}),
        ("role", {"role": ["other", "facility"]}),
        ("realm_access.roles", {"realm_access": {"roles": ["facility"]}}),
        ("https://id.example/role", {"https://id.example/role": "facility"}),
        ("a.b", {"a.b": "facility", "a": {"b": "admin"}}),
    ],
)
def test_where_the_role_stands(claim: str, claims: dict[str, Any]) -> None:
    """In a claim, a list, an object; a claim whose own name has dots comes first."""
    subject = read_subject(_CLAIMS | claims | {"facility": "01801"}, _settings(oidc_role_claim=claim))
    assert (subject.role, subject.facility_code) == (Role.FACILITY, "01801")


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, "no_role"),
        ({"role": "king"}, "no_role"),
        ({"role": {"admin": True}}, "no_role"),
        ({"role": 1}, "no_role"),
        ({"role": ["admin", "insurer"]}, "several_roles"),
        ({"role": "facility"}, "no_facility"),
        ({"role": "facility", "facility": ["01801", "01802"]}, "no_facility"),
        ({"role": "facility", "facility": ""}, "no_facility"),
    ],
)
def test_who_has_no_place_here(claims: dict[str, Any], code: str) -> None:
    """Nothing is guessed: no role, two, or a facility's person without exactly one facility."""
    with pytest.raises(Forbidden, match=code):
        read_subject(_CLAIMS | claims, _settings())


def test_only_a_facilitys_person_has_a_facility() -> None:
    """An insurer's facility claim narrows nothing and is left out."""
    assert read_subject(_CLAIMS | {"role": "insurer", "facility": "01801"}, _settings()).facility_code is None


def test_another_role_is_another_caller() -> None:
    """So is another issuer, subject, facility or holder; another name is not."""
    base = _CLAIMS | {"role": "facility", "facility": "01801", "org": "a", "name": "An"}
    changes = (
        {"name": "Bình"},
        {"iss": "https://x"},
        {"sub": "8"},
        {"role": "admin"},
        {"facility": "01802"},
        {"org": "b"},
    )
    settings = _settings(oidc_holder_claim="org")
    digests = [read_subject(base | change, settings).sha256 for change in ({}, *changes)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == len(changes)


def test_a_licence_makes_another_caller() -> None:
    """Of a facility's person, in the claim that is configured; one without is known as before, and nothing
    else can look like one with.
    """
    base = _CLAIMS | {"role": "facility", "facility": "01801", "cchn": "000001/HNO-CCHN", "org": "a"}
    settings = _settings(oidc_licence_claim="cchn", oidc_holder_claim="org")
    subject = read_subject(base, settings)
    assert subject.licence == "000001/HNO-CCHN"
    without = [
        read_subject(base | {"cchn": value}, settings) for value in ("", None, ["000001/HNO-CCHN"], "x" * 65)
    ]
    assert {each.licence for each in without} == {None}
    assert {each.sha256 for each in without} == {
        read_subject(base, _settings(oidc_holder_claim="org")).sha256
    }
    assert (
        read_subject(base | {"cchn": "", "org": "a\n000001/HNO-CCHN"}, settings).sha256
        != subject.sha256
        not in {each.sha256 for each in without}
    )
    assert read_subject(base | {"role": "admin"}, settings).licence is None


def test_a_map_to_a_role_that_is_none_stops_the_start() -> None:
    """It would leave people outside without a word."""
    with pytest.raises(Broken, match="bad_role_map"):
        read_subject(_CLAIMS, _settings(oidc_roles={"bhxh": "insurers"}))
