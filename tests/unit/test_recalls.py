"""Recalls: who may decide them, once; and what the models say twice agrees."""

import datetime as dt
import uuid

import pytest

from certsvc.api.words import console
from certsvc.errors import Conflict, Forbidden
from certsvc.issuing.withdrawing.recalling import LeftOut
from certsvc.models import REVOCABLE, ApiKey, Certificate, Recall, RecallOutcome, RecallStatus
from certsvc.states import Role, Status

NOW = dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)


def key(subject: str | None = None) -> ApiKey:
    return ApiKey(id=uuid.uuid4(), role=Role.INSURER, holder="insurer", subject=subject)


def recall(asked_by: ApiKey, status: RecallStatus = RecallStatus.WAITING) -> Recall:
    return Recall(id=uuid.uuid4(), status=status, reason="fraud", asked_by_id=asked_by.id, asked_at=NOW)


def test_a_second_person_approves() -> None:
    asked_by, other = key("a"), key("b")
    approved = recall(asked_by)
    approved.approve(NOW, by=other, asked_by=asked_by)
    assert (approved.status, approved.decided_by_id, approved.decided_at) == (
        RecallStatus.REVOKED,
        other.id,
        NOW,
    )


@pytest.mark.parametrize("is_other_row", [False, True])
def test_nobody_approves_what_he_asked_for(is_other_row: bool) -> None:
    """Neither the same caller, nor the same subject as another caller; the recall waits on. He may take it
    back.
    """
    asked_by = key("a")
    by = key("a") if is_other_row else asked_by
    own = recall(asked_by)
    with pytest.raises(Forbidden, match="second_person_needed"):
        own.approve(NOW, by=by, asked_by=asked_by)
    assert (own.status, own.decided_by_id) == (RecallStatus.WAITING, None)
    own.decline(NOW, by=by, text="nhầm")
    assert (own.status, own.decision_text) == (RecallStatus.DECLINED, "nhầm")


def test_keys_without_a_subject_are_told_apart_by_themselves() -> None:
    """Two keys are two callers: that nothing is known of both makes them nobody's."""
    one, other = key(), key()
    assert one.is_same_person(one)
    assert not one.is_same_person(other)
    assert not one.is_same_person(key("a"))


@pytest.mark.parametrize("status", [RecallStatus.REVOKED, RecallStatus.DECLINED])
def test_a_recall_is_decided_once(status: RecallStatus) -> None:
    asked_by, other = key(), key()
    decided = recall(asked_by, status)
    with pytest.raises(Conflict, match="recall_decided"):
        decided.approve(NOW, by=other, asked_by=asked_by)
    with pytest.raises(Conflict, match="recall_decided"):
        decided.decline(NOW, by=other, text="x")
    assert decided.status is status


@pytest.mark.parametrize("status", list(Status))
def test_what_can_be_recalled_is_what_can_be_revoked(status: Status) -> None:
    """Many are changed past the entity, which says the same of one."""
    paper = Certificate(id=uuid.uuid4(), status=status)
    if status in REVOCABLE:
        paper.revoke(NOW, "fraud", None)
        assert paper.status is Status.REVOKED
    else:
        with pytest.raises(Conflict, match="illegal_transition"):
            paper.revoke(NOW, "fraud", None)


def test_every_word_of_recalls_has_words_for_people() -> None:
    """Else a page breaks on it."""
    assert (set(console.LEFT_OUT), set(console.RECALLS), set(console.RECALL_OUTCOMES)) == (
        set(LeftOut),
        set(RecallStatus),
        set(RecallOutcome),
    )
