"""Time-stamp tokens of the embedded authority, read by OpenSSL and by asn1crypto."""

import asyncio
import datetime as dt
import hashlib
import itertools
import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms

from certsvc.errors import Broken
from certsvc.signing.tsa import load_embedded_tsa
from keys_dev.make import KeyType
from tests.support import pki as pkis

DIGEST = hashlib.sha256(b"signature value").digest()


def token_info(token: bytes) -> dict[str, object]:
    content = cms.ContentInfo.load(token)["content"]
    return dict(content["encap_content_info"]["content"].parsed.native)


@pytest.mark.parametrize("key_type", list(KeyType))
def test_openssl_verifies_the_token(tmp_path: Path, key_type: KeyType) -> None:
    """`openssl ts -verify` accepts it for this digest under the root, and for no other digest."""
    pki = pkis.shared(key_type)
    tsa = pki.tsa()
    token = asyncio.run(tsa.stamp(DIGEST))
    (tmp_path / "token.der").write_bytes(token)
    command = (
        f"openssl ts -verify -token_in -in {tmp_path}/token.der -CAfile {pki.folder}/root.pem -untrusted"
        f" {pki.folder}/issuing.pem -digest".split()
    )
    good = subprocess.run([*command, DIGEST.hex()], capture_output=True, check=False, text=True)
    bad = subprocess.run(
        [*command, hashlib.sha256(b"other").hexdigest()], capture_output=True, check=False, text=True
    )
    assert "Verification: OK" in good.stdout + good.stderr
    assert good.returncode == 0
    assert bad.returncode != 0
    assert len(token) <= tsa.max_token_bytes


async def test_token_states_real_time_and_accuracy() -> None:
    """EN 319 422: genTime from the clock in UTC seconds, accuracy given."""
    hanoi = dt.timezone(dt.timedelta(hours=7))
    tsa = pkis.shared().tsa(clock=lambda: dt.datetime(2026, 11, 24, 6, 0, 1, 900_000, tzinfo=hanoi))
    info = token_info(await tsa.stamp(DIGEST))
    assert info["gen_time"] == dt.datetime(2026, 11, 23, 23, 0, 1, tzinfo=dt.UTC)
    assert info["accuracy"] is not None


async def test_serial_numbers_come_from_the_given_randomness() -> None:
    """Unique, at most 160 bits [RFC 3161 §2.4.2], never negative, of one length."""
    counter = itertools.count(254)
    pki = pkis.shared()
    tsa = load_embedded_tsa(
        pki.read("tsa.pem"),
        pki.read("tsa.key.pem"),
        issuers_pem=pki.read("issuing.pem"),
        clock=pkis.utc_now,
        rng=lambda n: next(counter).to_bytes(n, "big"),
    )
    serials = [token_info(await tsa.stamp(DIGEST))["serial_number"] for _ in range(4)]
    assert serials == [(1 << 128) + number for number in (254, 255, 256, 257)]


def test_certificates_lead_to_the_root() -> None:
    """The authority first, then its issuers: what a checker of its tokens needs."""
    first, second, third = pkis.shared().tsa().certificates
    first.verify_directly_issued_by(second)
    second.verify_directly_issued_by(third)


def test_unreadable_key_is_the_operators_matter() -> None:
    """Broken, not a stray ValueError."""
    pki = pkis.shared()
    with pytest.raises(Broken, match="unreadable_key"):
        load_embedded_tsa(
            pki.read("tsa.pem"), b"no key", issuers_pem=pki.read("issuing.pem"), clock=pkis.utc_now, rng=bytes
        )
