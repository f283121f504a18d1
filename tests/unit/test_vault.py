"""The vault: what is derived, what opens, and what does not."""

import re
import time
import uuid

import pytest

from certsvc.codes import CodeKind, normalise_code
from certsvc.errors import Broken
from certsvc.vault import GRANT_LIFETIME_S, Vault, new_data_key

SECRET = b"0123456789abcdef0123456789abcdef"
ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture(scope="module")
def vault() -> Vault:
    return Vault(SECRET)


def test_codes_follow_from_id_and_secret(vault: Vault) -> None:
    """The same again, another for another id or secret: 16 characters (80 bits) and 26 (128 bits), which our
    reader takes.
    """
    code, token = vault.code(ONE), vault.token(ONE)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{16}", code)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", token)
    again = Vault(SECRET)
    assert (again.code(ONE), again.token(ONE)) == (code, token)
    assert len({code, vault.code(OTHER), Vault(SECRET + b"x").code(ONE), token[:16]}) == 4
    for text, length in ((code, 16), (token, 26)):
        found = normalise_code(text)
        assert found is not None
        assert len(found.text) == length
    assert {
        kind for text in (code, token) if (found := normalise_code(text)) for kind in [found.kind]
    } == set(CodeKind)


def test_codes_use_all_their_bits(vault: Vault) -> None:
    """Of two thousand codes none is there twice, and every character stands in every place."""
    codes = [vault.code(uuid.UUID(int=number)) for number in range(2000)]
    assert len(set(codes)) == 2000
    assert all(len({code[place] for code in codes}) == 32 for place in range(16))


def test_indexes_are_keyed(vault: Vault) -> None:
    """Without the secret nobody computes them, and the uses do not share a key."""
    assert vault.index("A") == Vault(SECRET).index("A") != vault.index("B")
    assert vault.index("A") != Vault(SECRET + b"x").index("A")
    assert vault.index("A")[:32] != vault.mark("A")
    assert (len(vault.index("A")), len(vault.mark("A"))) == (64, 32)


def test_records_open_in_their_row_only(vault: Vault) -> None:
    """Another row, another secret, a changed or cut ciphertext: Broken. The same record is never sealed
    alike.
    """
    sealed = vault.seal_record(ONE, b"plain")
    assert vault.open_record(ONE, sealed) == b"plain"
    assert b"plain" not in sealed
    assert vault.seal_record(ONE, b"plain") != sealed
    attempts = [
        (vault, OTHER, sealed),
        (Vault(SECRET + b"x"), ONE, sealed),
        (vault, ONE, sealed[:-1]),
        (vault, ONE, sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ]
    for opener, row, data in attempts:
        with pytest.raises(Broken, match="record_unreadable"):
            opener.open_record(row, data)


def test_data_keys_open_in_their_row_only(vault: Vault) -> None:
    """A wrapped key moved to another certificate, opened with another secret, changed or cut is Broken; no
    two wraps are alike.
    """
    key = new_data_key()
    wrapped = vault.wrap_key(ONE, key)
    assert vault.unwrap_key(ONE, wrapped) == key
    assert key not in wrapped
    assert vault.wrap_key(ONE, key) != wrapped
    assert len({new_data_key() for _ in range(100)}) == 100
    attempts = [
        (vault, OTHER, wrapped),
        (Vault(SECRET + b"x"), ONE, wrapped),
        (vault, ONE, wrapped[:-1]),
        (vault, ONE, wrapped[:5]),
        (vault, ONE, b""),
    ]
    for opener, row, data in [*attempts, (vault, ONE, vault.seal_record(ONE, key))]:
        with pytest.raises(Broken, match="file_key_unreadable"):
            opener.unwrap_key(row, data)


def test_grants_are_for_one_certificate_and_a_quarter_of_an_hour(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for another, not changed, not of another secret, not later."""
    grant = vault.grant(ONE)
    assert vault.allows(grant, ONE)
    assert not vault.allows(grant, OTHER)
    assert not Vault(SECRET + b"x").allows(grant, ONE)
    for changed in ("", "x", grant[:-2], grant.swapcase(), grant.replace(".", "", 1), "é" * 10, grant + "a"):
        assert not vault.allows(changed, ONE)
    for place in range(0, len(grant), 7):
        flipped = grant[:place] + ("A" if grant[place] != "A" else "B") + grant[place + 1 :]
        assert not vault.allows(flipped, ONE)
    later = time.time() + GRANT_LIFETIME_S + 5
    monkeypatch.setattr("time.time", lambda: later)
    assert not vault.allows(grant, ONE)


def test_a_short_secret_is_refused() -> None:
    """Below 256 bits an operator must act."""
    with pytest.raises(Broken, match="weak_secret"):
        Vault(SECRET[:-1])
