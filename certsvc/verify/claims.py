"""The claims in a QR's URL: text → claims that one of our keys signed, or nothing.

Strict, for another way of writing the same claims would be another QR: the base32 is canonical [RFC 4648
§3.5], the CBOR is byte for byte what our own encoder writes, and no claims are decoded before the signature
is verified.
"""

import base64
import binascii
import functools
from collections.abc import Iterable

import cbor2
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cwt import COSE, COSEKey
from cwt.cose_key_interface import COSEKeyInterface
from cwt.exceptions import CWTError

from certsvc.claims import Claims, key_id
from certsvc.clock import day_in_hanoi
from certsvc.verify.trust import PublicClaimKey

MAX_TEXT = 340
"""Characters, for 210 bytes of COSE: the QR has no room for more [verify, The QR]."""

_KID = slice(9, 17)
_PAYLOAD = slice(19, -66)
"""Their positions in `_message` if the payload has 24 to 255 bytes, as ours do."""
_SIGNATURE_BYTES = 64


def find_claims(text: str, keys: Iterable[PublicClaimKey]) -> Claims | None:
    """The claims in the last part of a QR's URL.

    None unless one of the keys signed them, in exactly this form, while it was valid.
    """
    raw = _unpacked(text)
    kid, payload, signature = raw[_KID], raw[_PAYLOAD], raw[-_SIGNATURE_BYTES:]
    key = next((known for known in keys if key_id(known.public_key) == kid), None)
    if key is None or raw != _message(kid, payload, signature):
        return None
    try:
        COSE.new().decode(raw, _cose_key(key.public_key))
        claims = Claims.from_payload(cbor2.loads(payload))
    except (ValueError, CWTError, cbor2.CBORError):
        return None
    is_in_time = day_in_hanoi(key.valid_from) <= claims.signed_on <= day_in_hanoi(key.valid_to)
    return claims if is_in_time and payload == cbor2.dumps(claims.to_payload()) else None


def _unpacked(text: str) -> bytes:
    """The bytes of canonical base32; empty for any other text."""
    if len(text) > MAX_TEXT:
        return b""
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b32encode(raw).decode().rstrip("=") == text else b""


@functools.lru_cache(maxsize=64)
def _cose_key(public_key: bytes) -> COSEKeyInterface:
    pem = load_der_public_key(public_key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return COSEKey.from_pem(pem, kid=key_id(public_key), alg="ES256")


def _message(kid: bytes, payload: bytes, signature: bytes) -> bytes:
    """The COSE_Sign1 as we write it [RFC 9052 §4.2]."""
    return cbor2.dumps(cbor2.CBORTag(18, [cbor2.dumps({1: -7}), {4: kid}, payload, signature]))
