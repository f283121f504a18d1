"""Passwords (Argon2id, RFC 9106), one-time codes (TOTP, RFC 6238) and recovery codes: pure mathematics."""

import datetime as dt
import functools
import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass, field

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

ISSUER = "certsvc"
MIN_PASSWORD, MAX_PASSWORD = 12, 128
RECOVERY_CODES = 10
_STEP_S = 30
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True)
class Passwords:
    """How passwords are kept and compared; by default at the cost of RFC 9106 clause 4, second choice: 64
    MiB, three passes, four lanes.
    """

    hasher: PasswordHasher = field(default_factory=PasswordHasher)

    @functools.cached_property
    def _nobodys(self) -> str:
        return self.hasher.hash(secrets.token_hex(16))

    def hash(self, password: str) -> str:
        return self.hasher.hash(_plain_password(password))

    def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether it is; where there is none to compare with it takes the same time."""
        try:
            return (
                self.hasher.verify(password_hash or self._nobodys, _plain_password(password))
                and password_hash is not None
            )
        except (VerificationError, InvalidHashError):
            return False


def _plain_password(password: str) -> str:
    """One spelling, whatever keyboard it was typed on [RFC 8265 §4.2.2]."""
    return unicodedata.normalize("NFC", password)


def new_totp_secret() -> str:
    """160 random bits, base32 [RFC 4226 §4]."""
    return pyotp.random_base32()


def otpauth_uri(secret: str, name: str) -> str:
    """What an authenticator's app reads from the QR."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def step_of(secret: str, code: str, *, now: dt.datetime) -> int | None:
    """The time step whose code this is: the present one, or one beside it for clocks that differ [RFC 6238
    §5.2]; else None.
    """
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // _STEP_S
    good = [
        step
        for step in (present - 1, present, present + 1)
        if hmac.compare_digest(totp.generate_otp(step), code)
    ]
    return good[0] if good else None


def plain_code(typed: str) -> str:
    """A code as it is compared: people type spaces, hyphens and capitals."""
    return "".join(char for char in typed.lower() if char.isascii() and char.isalnum())


def new_recovery_codes() -> list[str]:
    """Codes of 10 characters, 49 random bits each, to be used once where the telephone is lost."""
    return ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]


def digest(secret: str) -> str:
    """SHA-256 (hex): how random secrets are kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def subject_digest(issuer: str, subject: str) -> str:
    """By which somebody is known again at an OpenID provider, whatever role he has [OpenID Connect Core
    §5.7].
    """
    return digest(f"subject\n{issuer}\n{subject}")
