"""The check page judges without a network as the service's own offline check does: the same vectors, read by
both.
"""

import base64
import datetime as dt
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certsvc.claims import plain_name
from certsvc.issuing.publishing import jwk_of
from tests.unit.api.check_app_vectors import (
    ALPHABET,
    COMMITMENT,
    HOST,
    NOW,
    OWN_LIST,
    PUBLISHED,
    TOKEN,
    address,
    ask,
    expected,
    good,
    kept,
    question,
    status_list,
    strange_key,
    told,
    trust_list,
    vectors,
)


def test_the_page_judges_like_the_service() -> None:
    """Every vector, good and bad, gives the same report."""
    texts = vectors()
    answers = ask([question(text) for text in texts.values()])
    assert {name: told(answer) for name, answer in zip(texts, answers, strict=True)} == {
        name: expected(text) for name, text in texts.items()
    }


def test_the_vectors_are_of_every_kind() -> None:
    """The comparison above is no comparison of refusals alone."""
    verdicts = {name: expected(text)["verdict"] for name, text in vectors().items()}
    assert (
        verdicts["state 0"]
        == verdicts["recovery"]
        == verdicts["another port"]
        == verdicts["lower case"]
        == "valid"
    )
    assert [verdicts[f"state {state}"] for state in (1, 2, 3)] == ["revoked", "suspended", "replaced"]
    assert {verdicts[name] for name in ("another list", "beyond the list", "no claims", "a bare code")} == {
        "cannot_check"
    }
    assert sum(verdict == "invalid" for verdict in verdicts.values()) >= 20


def test_the_published_vectors_are_answered_as_published() -> None:
    """Those of docs/verify.md, which verifiers of any make agree on."""
    lists = {number: listed["jwt"] for number, listed in PUBLISHED["status_lists"].items()}
    known = {"trustList": json.dumps(PUBLISHED["trust_list"]), "lists": lists, "fetchedAt": PUBLISHED["now"]}
    answers = ask(
        [
            question(check["qr"], given=known, now=dt.datetime.fromisoformat(check["now"]))
            for check in PUBLISHED["checks"]
        ]
    )
    assert [
        (answer["verdict"], answer["reasons"][0]["code"], answer["certificate"]) for answer in answers
    ] == [(check["verdict"], check["reason"], check["certificate"]) for check in PUBLISHED["checks"]]


def test_a_late_paper_shows_both_days() -> None:
    """The date that the paper bears, and the day on which it was signed; of papers printed before the QR held
    the first, the second alone.
    """
    texts = vectors()
    now, before = ask([question(texts["state 0"]), question(texts["of long before"])])
    signed_on = NOW.date().isoformat()
    assert (now["certificate"]["dated_on"], now["certificate"]["signed_on"]) == ("2026-03-01", signed_on)
    assert (before["verdict"], before["certificate"]["dated_on"], before["certificate"]["signed_on"]) == (
        "valid",
        None,
        signed_on,
    )


@pytest.mark.parametrize(
    "age",
    [dt.timedelta(hours=23), dt.timedelta(hours=25), dt.timedelta(days=7), dt.timedelta(days=7, seconds=1)],
)
def test_old_lists(age: dt.timedelta) -> None:
    """Older than a day: still an answer, that says so; older than seven days: none."""
    text = address(good())
    [answer] = ask([question(text, now=NOW + age)])
    assert told(answer) == expected(text, now=NOW + age)
    assert ("cũ hơn một ngày" in answer["checks"][-1]["detail"]) == (
        dt.timedelta(hours=24) < age <= dt.timedelta(days=7)
    )


def test_a_clock_that_is_wrong_decides_nothing() -> None:
    """A list from the future: this clock or that one is wrong."""
    [answer] = ask([question(address(good()), now=NOW - dt.timedelta(hours=1))])
    assert (answer["verdict"], answer["reasons"][0]["code"]) == ("cannot_check", "list_too_old")


def test_without_anything_kept_nothing_is_said() -> None:
    [answer] = ask([question(address(good())) | {"kept": None}])
    assert (answer["verdict"], answer["reasons"][0]["code"]) == ("cannot_check", "register_unreachable")


def test_lists_of_somebody_else_are_not_kept() -> None:
    """Signed by another key, of another number, longer than a list may be, or a trust list changed around its
    signature.
    """
    changed = json.loads(trust_list())
    changed["issuers"][0]["claim_keys"] = [jwk_of(strange_key())]
    bad: list[dict[str, Any]] = [
        {"lists": {OWN_LIST: status_list(signer=strange_key())}},
        {"lists": {OWN_LIST: status_list(number=1)}},
        {"lists": {OWN_LIST: status_list(packed=_bomb())}},
        {"lists": {OWN_LIST: status_list()[:-2] + "AA"}},
        {"trustList": trust_list(signer=strange_key())},
        {"trustList": json.dumps(changed)},
    ]
    answers = ask([question(address(good()), given=kept() | wrong) for wrong in bad])
    assert ["fault" in answer for answer in answers] == [True] * len(bad), answers


def _bomb() -> bytes:
    return zlib.compress(bytes(2**26), 9)


@settings(max_examples=4)
@given(
    st.lists(st.tuples(st.integers(0, 999), st.sampled_from(ALPHABET + "018-= ")), min_size=30, max_size=60)
)
def test_no_letter_can_be_another(changes: list[tuple[int, str]]) -> None:
    """Whatever letter of good claims is changed: forged."""
    others = {_with(letter, at % len(good())) for at, letter in changes} - {good()}
    answers = ask([question(f"{HOST.upper()}/V/{TOKEN}/{other}") for other in others])
    assert {answer["verdict"] for answer in answers} <= {"invalid"}


def _with(letter: str, at: int) -> str:
    return good()[:at] + letter + good()[at + 1 :]


@settings(max_examples=4)
@given(st.lists(st.binary(max_size=40), min_size=20))
def test_base32_is_read_back(values: list[bytes]) -> None:
    texts = [base64.b32encode(value).decode().rstrip("=") for value in values]
    assert ask([{"work": "base32", "text": text} for text in texts]) == [list(value) for value in values]


@settings(max_examples=4)
@given(
    st.lists(
        st.text(alphabet=st.characters(max_codepoint=0x1FFF, categories=["L", "Mn", "Zs"]), max_size=30),
        min_size=30,
    )
)
def test_names_are_compared_alike(names: list[str]) -> None:
    """In the scripts that names come in; of rarer letters the two languages may know another edition of
    Unicode.
    """
    assert ask([{"work": "plainName", "name": name} for name in names]) == [
        plain_name(name) for name in names
    ]


@pytest.mark.parametrize(
    ("changes", "is_match"),
    [
        ({}, True),
        ({"name": "nguyen thi dao"}, True),
        ({"code": "7k2m-9qxp 4tvb-aicd"}, True),
        ({"code": "7K2M-9QXP-4TVB-A1CE"}, False),
        ({"lastDay": "2026-03-02"}, False),
    ],
)
def test_what_is_printed_matches_or_not(changes: dict[str, str], is_match: bool) -> None:
    printed = {
        "name": "NGUYỄN  THỊ ĐÀO",
        "code": "7K2M-9QXP-4TVB-A1CD",
        "firstDay": "2026-03-01",
        "lastDay": "2026-03-01",
    }
    [answer] = ask(
        [{"work": "match", "token": TOKEN, "commitment": list(COMMITMENT), "printed": printed | changes}]
    )
    assert answer is is_match


def test_days_as_people_type_them() -> None:
    typed = {
        "05/09/1988": "1988-09-05",
        "5-9-1988": "1988-09-05",
        "05091988": "1988-09-05",
        "1988-09-05": "1988-09-05",
        "1988": "1988",
    }
    typed_wrong = {"31/02/2026": None, "hôm qua": None, "": None}
    days = typed | typed_wrong
    assert ask([{"work": "day", "text": text} for text in days]) == list(days.values())
