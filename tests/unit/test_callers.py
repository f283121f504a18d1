"""Callers' keys: their form, their scope, what a good one is."""

import datetime as dt
import re

import pytest

from certsvc.callers.keys import make_key, require_scope
from certsvc.errors import Forbidden, InputError
from certsvc.models import Role, Scope

NOW = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


def test_a_key_is_long_marked_and_only_its_digest_kept() -> None:
    """A prefix for scanners, 256 bits, a checksum; the row holds nothing of the secret part."""
    key, text = make_key(role=Role.ADMIN, facility_code=None, now=NOW)
    assert re.fullmatch(r"certsvc_[0-9a-f]{8}_[A-Za-z0-9_-]{43}[a-z2-7]{6}", text)
    assert key.prefix == text[:16]
    assert len(key.sha256) == 64
    assert text[17:] not in f"{key.prefix}{key.sha256}"
    assert make_key(role=Role.ADMIN, facility_code=None, now=NOW)[1] != text


@pytest.mark.parametrize("role", Role)
def test_scopes(role: Role) -> None:
    """A facility's key names it, no other does."""
    is_facility = role is Role.FACILITY
    make_key(role=role, facility_code="01801" if is_facility else None, now=NOW)
    with pytest.raises(InputError, match="key_scope"):
        make_key(role=role, facility_code=None if is_facility else "01801", now=NOW)


def test_whom_a_key_may_see() -> None:
    """A facility itself, others everybody."""
    facility, _ = make_key(role=Role.FACILITY, facility_code="01801", now=NOW)
    insurer, _ = make_key(role=Role.INSURER, facility_code=None, now=NOW)
    assert (facility.may_see("01801"), facility.may_see("01802"), insurer.may_see("01802")) == (
        True,
        False,
        True,
    )


def test_expired_and_revoked_keys_are_not_good() -> None:
    """From that very instant."""
    key, _ = make_key(role=Role.ADMIN, facility_code=None, now=NOW, expires_at=NOW + dt.timedelta(days=1))
    assert key.is_good(NOW)
    assert not key.is_good(NOW + dt.timedelta(days=1))
    key.revoked_at = NOW
    assert not key.is_good(NOW)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("role", Role)
def test_only_auditors_may_not_write(role: Role, scope: Scope) -> None:
    """All others may do everything with a key that was not narrowed; but only a facility approves."""
    key, _ = make_key(role=role, facility_code="01801" if role is Role.FACILITY else None, now=NOW)
    if role is Role.AUDITOR and scope is not Scope.READ:
        with pytest.raises(Forbidden, match="read_only"):
            require_scope(key, scope)
    elif role is not Role.FACILITY and scope is Scope.APPROVE:
        with pytest.raises(Forbidden, match="only_facilities"):
            require_scope(key, scope)
    else:
        assert require_scope(key, scope) is key


def test_a_narrowed_key_does_what_its_scopes_say() -> None:
    """And no more; no key has more than its role, or nothing at all."""
    key, _ = make_key(role=Role.INSURER, facility_code=None, now=NOW, scopes=[Scope.READ, Scope.WITHDRAW])
    assert (key.may(Scope.READ), key.may(Scope.WITHDRAW), key.may(Scope.ISSUE)) == (True, True, False)
    with pytest.raises(Forbidden, match="missing_scope"):
        require_scope(key, Scope.ISSUE)
    for role, scopes in ((Role.AUDITOR, [Scope.READ, Scope.ISSUE]), (Role.ADMIN, [])):
        with pytest.raises(InputError, match="beyond_role"):
            make_key(role=role, facility_code=None, now=NOW, scopes=scopes)


def test_only_a_facilitys_key_is_a_practitioners_own() -> None:
    """A licence is of somebody at a facility."""
    key, _ = make_key(role=Role.FACILITY, facility_code="01801", licence="000001/HNO-CCHN", now=NOW)
    assert key.licence == "000001/HNO-CCHN"
    with pytest.raises(InputError, match="licence_without_facility"):
        make_key(role=Role.ADMIN, facility_code=None, licence="000001/HNO-CCHN", now=NOW)


def test_no_key_is_made_that_has_expired() -> None:
    """A slip in the year is told, not found out by a caller."""
    with pytest.raises(InputError, match="already_expired"):
        make_key(role=Role.ADMIN, facility_code=None, now=NOW, expires_at=NOW)
