"""What offline checkers rely on, signed: status lists and the trust list.

A status list is the IETF's Token Status List (draft-ietf-oauth-status-list): two bits per certificate, packed
with the least significant bits first, compressed with zlib, in a JWT or a CWT.
"""

import base64
import datetime as dt
import json
import zlib
from collections.abc import Iterable, Mapping

import cbor2
import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certsvc.claims import LIST_LENGTH
from certsvc.signing.claims import ClaimKey

BITS = 2
GOOD_FOR = dt.timedelta(days=7)
"""An older list proves nothing any more [verify, The answer]."""
ASK_AGAIN_S = 300
_TYPE_HEADER, _SUBJECT, _EXPIRES, _ISSUED, _STATUS_LIST, _TTL = 16, 2, 4, 6, 65533, 65534


def pack_states(states: Iterable[tuple[int, int]]) -> bytes:
    """A compressed list from pairs (index, state 1 to 3); all other indices are 0, in force."""
    packed = bytearray(LIST_LENGTH * BITS // 8)
    for index, state in states:
        packed[index >> 2] |= state << ((index & 3) * BITS)
    return zlib.compress(bytes(packed), level=9)


def sign_jwt(packed: bytes, *, address: str, now: dt.datetime, key: ClaimKey) -> bytes:
    """The list as `application/statuslist+jwt`, published at `address`."""
    issued = int(now.timestamp())
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    payload = {
        "sub": address,
        "iat": issued,
        "exp": issued + _lifetime_s(),
        "ttl": ASK_AGAIN_S,
        "status_list": {"bits": BITS, "lst": text},
    }
    headers = {"typ": "statuslist+jwt", "kid": kid_text(key.kid)}
    return jwt.encode(payload, key.private, algorithm="ES256", headers=headers).encode()


def sign_cwt(packed: bytes, *, address: str, now: dt.datetime, key: ClaimKey) -> bytes:
    """The list as `application/statuslist+cwt`, published at `address`."""
    issued = int(now.timestamp())
    payload = {
        _SUBJECT: address,
        _EXPIRES: issued + _lifetime_s(),
        _ISSUED: issued,
        _STATUS_LIST: {"bits": BITS, "lst": packed},
        _TTL: ASK_AGAIN_S,
    }
    return key.sign_message(cbor2.dumps(payload), protected={_TYPE_HEADER: "application/statuslist+cwt"})


def sign_document(document: Mapping[str, object], *, key: ClaimKey, chain: Iterable[x509.Certificate]) -> str:
    """A compact JWS around a JSON document, with the signer's certificates, leaf first [RFC 7515 §4.1.6]."""
    certificates = (key.x509_cert, *chain)
    x5c = [base64.b64encode(cert.public_bytes(Encoding.DER)).decode() for cert in certificates]
    headers = {"typ": "certsvc-trust+jwt", "kid": kid_text(key.kid), "x5c": x5c}
    payload = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return jwt.PyJWS().encode(payload, key.private, algorithm="ES256", headers=headers)


def kid_text(kid: bytes) -> str:
    """A key identifier as in JSON: base64url without padding."""
    return base64.urlsafe_b64encode(kid).decode().rstrip("=")


def _lifetime_s() -> int:
    return int(GOOD_FOR.total_seconds())
