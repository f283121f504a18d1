"""Several decide or ask at the same moment: one of them does it, and no paper comes to two ends."""

import asyncio
from collections import Counter

import pytest

from certsvc.models import RecallOutcome
from tests.support.recalling import (
    ASKER,
    SECOND,
    approve,
    decline,
    history,
    issued_papers,
    recall,
    statuses,
    waiting,
)
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def test_two_decide_at_once(rig: Rig) -> None:
    """One decision counts, whichever; all papers follow that one, each with one line in its history."""
    _, ids = await issued_papers(rig, 6)
    for begin in (0, 2, 4):
        papers = ids[begin : begin + 2]
        recall_id = await waiting(rig, papers)
        deciding = (
            approve(rig, recall_id),
            decline(rig, recall_id),
            approve(rig, recall_id, role="admin"),
            decline(rig, recall_id, role=ASKER),
        )
        answers = await asyncio.gather(*deciding)
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 3}
        [decided] = [answer.json() for answer in answers if answer.status_code == 200]
        became = {"revoked": "revoked", "declined": "issued"}[decided["status"]]
        assert await statuses(rig, papers) == {became: 2}
        assert [len(await history(rig, each)) for each in papers] == [2, 2]


async def test_two_recalls_of_the_same_papers_at_once(rig: Rig) -> None:
    """Each paper is in one of them that waits; the other leaves it out, or is refused."""
    _, ids = await issued_papers(rig, 4)
    chosen = (ids, list(reversed(ids)), ids[:2], ids[2:])
    answers = await asyncio.gather(
        *(
            recall(rig, certificate_ids=each, needs_approval=True, role=role)
            for each in chosen
            for role in (ASKER, SECOND)
        )
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    started = [answer.json() for answer in answers if answer.status_code == 201]
    assert sum(each["counts"]["waiting"] for each in started) == 4
    assert await statuses(rig, ids) == {"suspended": 4}
    for each in started:
        assert (await approve(rig, each["id"], role="admin")).status_code == 200
    assert await statuses(rig, ids) == {"revoked": 4}


async def test_a_recall_and_single_changes_at_once(rig: Rig) -> None:
    """Whatever comes first: a paper that was changed is left out or comes along, and nobody gets past a
    recall that waits.
    """
    _, ids = await issued_papers(rig, 3)
    changes = [
        rig.call("POST", f"/v1/certificates/{each}/{change}", json={"reason": "fraud"})
        for each, change in zip(ids, ("suspend", "revoke", "suspend"), strict=True)
    ]
    answer, *singles = await asyncio.gather(recall(rig, certificate_ids=ids, needs_approval=True), *changes)
    assert answer.status_code == 201, answer.text
    assert {each.status_code for each in singles} <= {200, 409}
    asked = answer.json()
    assert (
        sum(asked["counts"][str(outcome)] for outcome in RecallOutcome)
        == asked["counts"]["certificates"]
        >= 2
    )
    assert (await approve(rig, asked["id"])).json()["counts"]["unchanged"] == 0
    assert await statuses(rig, ids) == {"revoked": 3}
