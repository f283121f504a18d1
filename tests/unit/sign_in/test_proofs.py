"""Passwords, one-time codes, recovery codes."""

import base64
import datetime as dt
import unicodedata

import pytest

from certsvc.callers import proofs

_RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    """RFC 6238 appendix B, SHA-1, the last six of its eight digits."""
    assert proofs.step_of(_RFC_SECRET, code, now=dt.datetime.fromtimestamp(seconds, dt.UTC)) == seconds // 30


def test_a_code_is_good_one_step_around_its_own() -> None:
    """Clocks differ: half a minute early or late it names the same step, a minute it is none."""
    at = {
        shift: proofs.step_of(
            _RFC_SECRET, "050471", now=dt.datetime.fromtimestamp(1111111111 + shift, dt.UTC)
        )
        for shift in (-60, -30, 0, 30, 60)
    }
    step = 1111111111 // 30
    assert at == {-60: None, -30: step, 0: step, 30: step, 60: None}


@pytest.mark.parametrize("code", ["", "0", "28708", "2870820", "٢٨٧٠٨٢", "abcdef"])
def test_what_is_no_code(code: str) -> None:
    """Too short, too long, other digits."""
    assert (
        proofs.step_of(_RFC_SECRET, proofs.plain_code(code), now=dt.datetime.fromtimestamp(59, dt.UTC))
        is None
    )


def test_passwords() -> None:
    """Argon2id; another password, none, or a broken hash is never right."""
    passwords = proofs.Passwords()
    kept = passwords.hash("con mèo nằm trên mái")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.is_right(kept, "con mèo nằm trên mái")
    assert passwords.is_right(kept, unicodedata.normalize("NFD", "con mèo nằm trên mái")), (
        "the keyboard of another system"
    )
    assert not passwords.is_right(kept, "con mèo nằm trên máí")
    assert not passwords.is_right(None, "con mèo nằm trên mái")
    assert not passwords.is_right("broken", "con mèo nằm trên mái")


def test_recovery_codes_are_many_and_read_kindly() -> None:
    """Ten of them, no two alike; hyphens, blanks and capitals do not matter."""
    codes = proofs.new_recovery_codes()
    assert len({*codes}) == 10
    assert {proofs.plain_code(f" {code[:5]}-{code[5:].upper()} ") for code in codes} == set(codes)
