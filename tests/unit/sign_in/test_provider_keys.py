"""The keys that a provider publishes: those that we can use, whatever stands beside them."""

from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet, RSAKey

from certsvc.callers.provider import _key_set

GOOD = RSAKey.generate_key(2048, {"kid": "good", "use": "sig"}).as_dict(private=False)
CURVE = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"}).as_dict(private=False)

UNUSABLE: dict[str, Any] = {
    "a curve we do not know": {"kty": "EC", "use": "sig", "kid": "x", "crv": "BP-256", "x": "AA", "y": "AA"},
    "a point that is on no curve": CURVE | {"x": "AAAA"},
    "no modulus": {"kty": "RSA", "use": "sig", "kid": "x", "e": "AQAB"},
    "a modulus that is no text": GOOD | {"n": 5},
    "a number for a name": GOOD | {"kid": 5},
    "a secret": {"kty": "oct", "kid": "x", "k": "AAAA"},
    "for encryption": GOOD | {"use": "enc"},
    "of another kind": {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    "no key at all": "key",
    "nothing": None,
}


@pytest.mark.parametrize("unusable", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_is_passed_over(unusable: Any) -> None:
    """Tokens of the others are good all the same [RFC 7517 §5]."""
    keys = _key_set({"keys": [unusable, GOOD, CURVE]})
    assert isinstance(keys, KeySet)
    assert [key.kid for key in keys.keys] == ["good", "curve"]


def test_members_that_mean_nothing_here_do_no_harm() -> None:
    """Such as an address that is null."""
    keys = _key_set({"keys": [GOOD | {"x5u": None, "key_ops": 7, "note": "x"}]})
    assert [key.kid for key in keys.keys] == ["good"]


@pytest.mark.parametrize("keys", [[], [UNUSABLE["no modulus"]]])
def test_no_key_is_no_key_set(keys: list[Any]) -> None:
    with pytest.raises(ValueError, match="no key"):
        _key_set({"keys": keys})
