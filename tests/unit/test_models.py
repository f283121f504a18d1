"""Certificates move only along legal transitions, whatever is asked of them."""

import datetime as dt
import uuid
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.errors import Conflict
from certsvc.models import Certificate, Status

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


def certificate(status: Status = Status.REQUESTED) -> Certificate:
    return Certificate(
        id=uuid.uuid4(),
        status=status,
        attempts=0,
        warnings=[],
        lease_token="t" if status is Status.SIGNING else None,
    )


MOVES: dict[str, tuple[Callable[[Certificate], None], frozenset[Status], Status]] = {
    "claim": (
        lambda each: each.claim(NOW, lease_until=NOW, token="t"),
        frozenset({Status.REQUESTED, Status.SIGNING}),
        Status.SIGNING,
    ),
    "release": (lambda each: each.release(NOW), frozenset({Status.SIGNING}), Status.REQUESTED),
    "issue": (
        lambda each: each.mark_issued(
            NOW, signed_at=NOW, sha256="0" * 64, size=1, level="B-LT", design="d", warnings=[]
        ),
        frozenset({Status.SIGNING}),
        Status.ISSUED,
    ),
    "fail": (
        lambda each: each.fail(NOW, "no_identity"),
        frozenset({Status.REQUESTED, Status.SIGNING}),
        Status.FAILED,
    ),
    "suspend": (lambda each: each.suspend(NOW, "fraud", None), frozenset({Status.ISSUED}), Status.SUSPENDED),
    "reinstate": (
        lambda each: each.reinstate(NOW, "other", "checked"),
        frozenset({Status.SUSPENDED}),
        Status.ISSUED,
    ),
    "revoke": (
        lambda each: each.revoke(NOW, "fraud", None),
        frozenset({Status.ISSUED, Status.SUSPENDED}),
        Status.REVOKED,
    ),
    "replace": (
        lambda each: each.replace(NOW, "lost", None),
        frozenset({Status.ISSUED, Status.SUSPENDED}),
        Status.REPLACED,
    ),
}


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("name", list(MOVES))
def test_a_move_is_made_where_it_is_legal_and_refused_elsewhere(name: str, status: Status) -> None:
    """A refused move leaves the certificate as it was."""
    move, legal_from, to = MOVES[name]
    moved = certificate(status)
    if status in legal_from:
        move(moved)
        assert (moved.status, moved.changed_at) == (to, NOW)
    else:
        with pytest.raises(Conflict, match="illegal_transition"):
            move(moved)
        assert moved.status is status
        assert vars(moved).get("changed_at") is None


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=20))
def test_no_sequence_of_calls_reaches_an_illegal_state(names: list[str]) -> None:
    """A lease token is held exactly while signing; the ends are final; only what was signed is ever
    published.
    """
    moved, seen = certificate(), [Status.REQUESTED]
    for name in names:
        try:
            MOVES[name][0](moved)
        except Conflict:
            continue
        seen.append(moved.status)
        assert (moved.status is Status.SIGNING) == (moved.lease_token is not None)
    for before, after in pairwise(seen):
        assert before not in {Status.REVOKED, Status.REPLACED, Status.FAILED}
        assert after is not Status.ISSUED or before in {Status.SIGNING, Status.SUSPENDED}


def test_a_certificate_keeps_its_first_serial() -> None:
    """Numbering twice is refused: a serial is never given up for another."""
    numbered = certificate()
    numbered.number("018012600001", year=2026, sequence=1)
    with pytest.raises(Conflict, match="already_numbered"):
        numbered.number("018012600002", year=2026, sequence=2)
    assert numbered.serial == "018012600001"
