"""Recalls: up to 20 certificates at once, more only with a second person; who may, and what becomes of
each.
"""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from certsvc.callers.subjects import Subject, find_subject_caller
from certsvc.clock import utc_now
from certsvc.errors import Forbidden
from certsvc.issuing.withdrawing import recalling
from certsvc.issuing.withdrawing.recalling import Order
from certsvc.models import ApiKey, Certificate, Role, WithdrawalReason
from certsvc.store.recalls import Choice
from tests.support.hooks import log_of, subscribe
from tests.support.recalling import (
    ASKER,
    SECOND,
    STRANGER,
    approve,
    decline,
    history,
    issued_papers,
    preview,
    recall,
    refusal,
    statuses,
    waiting,
)
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def verdict(rig: Rig, certificate_id: str) -> str:
    """What whoever checks the paper's code reads."""
    code = (await rig.certificate(certificate_id))["code"]
    found: str = (await rig.call("GET", f"/v/{code}", role=None)).json()["verdict"]
    return found


async def test_twenty_are_revoked_at_once(rig: Rig) -> None:
    """By one person, in one go, with the reason in each history."""
    _, ids = await issued_papers(rig, 20)
    answer = await recall(rig, certificate_ids=ids, reason="other", text="nhập nhầm danh sách")
    assert answer.status_code == 201, answer.text
    done = answer.json()
    assert answer.headers["Location"] == f"/v1/recalls/{done['id']}"
    assert (
        done["status"],
        done["decided_by"],
        done["counts"]["revoked"],
        done["counts"]["certificates"],
    ) == ("revoked", None, 20, 20)
    assert await statuses(rig, ids) == {"revoked": 20}
    assert await verdict(rig, ids[0]) == "revoked"
    paper = await rig.certificate(ids[7])
    assert (paper["reason"], paper["reason_text"]) == ("other", "nhập nhầm danh sách")
    assert await history(rig, ids[7]) == [("revoked", {"reason": "other", "recall": done["id"]})]
    assert refusal(await approve(rig, done["id"])) == (409, "recall_decided")
    assert refusal(await decline(rig, done["id"])) == (409, "recall_decided")


async def test_twenty_one_wait_for_a_second_person(rig: Rig) -> None:
    """Suspended at once for everybody; revoked when another approves, never when the same one does."""
    batch_id, ids = await issued_papers(rig, 21)
    asked = (await recall(rig, batch_id=batch_id)).json()
    assert (asked["status"], asked["chosen"], asked["counts"]["waiting"], asked["decided_at"]) == (
        "waiting",
        {"batch_id": batch_id},
        21,
        None,
    )
    assert await statuses(rig, ids) == {"suspended": 21}
    assert await verdict(rig, ids[0]) == "suspended"
    assert refusal(await approve(rig, asked["id"], role=ASKER)) == (403, "second_person_needed")
    assert await statuses(rig, ids) == {"suspended": 21}
    done = (await approve(rig, asked["id"])).json()
    assert (done["status"], done["counts"]["revoked"], done["counts"]["waiting"]) == ("revoked", 21, 0)
    assert done["decided_by"]["caller"] != done["asked_by"]["caller"]
    assert await statuses(rig, ids) == {"revoked": 21}
    assert await verdict(rig, ids[0]) == "revoked"
    told = [
        ("suspended", {"reason": "key_compromise", "recall": asked["id"]}),
        ("revoked", {"reason": "key_compromise", "recall": asked["id"]}),
    ]
    assert await history(rig, ids[20]) == told
    assert refusal(await approve(rig, asked["id"])) == (409, "recall_decided")


async def test_the_operator_says_how_many_one_person_may_revoke(rig: Rig) -> None:
    """With 0 every recall needs a second person."""
    _, ids = await issued_papers(rig, 2)
    for revoke_alone, certificate_id, status in ((1, ids[0], "revoked"), (0, ids[1], "waiting")):
        rig.app.state.resources = replace(
            rig.res, settings=rig.res.settings.model_copy(update={"revoke_alone": revoke_alone})
        )
        assert (await recall(rig, certificate_ids=[certificate_id])).json()["status"] == status


async def test_declined_everything_is_as_it_was(rig: Rig) -> None:
    """What the recall suspended is in force again; what was suspended before stays so, for its own reason."""
    _, ids = await issued_papers(rig, 3)
    await rig.call("POST", f"/v1/certificates/{ids[0]}/suspend", json={"reason": "fraud"})
    recall_id = await waiting(rig, ids)
    assert await statuses(rig, ids) == {"suspended": 3}
    done = (await decline(rig, recall_id)).json()
    assert (done["status"], done["decision_text"]) == ("declined", "xem lại")
    assert {name: done["counts"][name] for name in ("reinstated", "unchanged", "waiting", "revoked")} == {
        "reinstated": 2,
        "unchanged": 1,
        "waiting": 0,
        "revoked": 0,
    }
    papers = [await rig.certificate(each) for each in ids]
    assert [(each["status"], each["reason"]) for each in papers] == [
        ("suspended", "fraud"),
        ("issued", None),
        ("issued", None),
    ]
    assert await verdict(rig, ids[1]) == "valid"
    assert [name for name, _ in await history(rig, ids[0])] == ["suspended"]
    assert (await history(rig, ids[1]))[-1] == ("reinstated", {"reason": "other", "recall": recall_id})
    assert (await recall(rig, certificate_ids=ids)).json()["status"] == "revoked"


async def test_approved_what_was_suspended_before_is_revoked_too(rig: Rig) -> None:
    _, ids = await issued_papers(rig, 2)
    await rig.call("POST", f"/v1/certificates/{ids[0]}/suspend", json={"reason": "fraud"})
    assert (await approve(rig, await waiting(rig, ids))).json()["counts"]["revoked"] == 2
    assert (await rig.certificate(ids[0]))["reason"] == "key_compromise"


async def test_whoever_asked_may_take_it_back(rig: Rig) -> None:
    _, ids = await issued_papers(rig, 1)
    done = (await decline(rig, await waiting(rig, ids), role=ASKER)).json()
    assert (done["status"], done["decided_by"]) == ("declined", done["asked_by"])
    assert await statuses(rig, ids) == {"issued": 1}
    empty = await rig.call("POST", f"/v1/recalls/{done['id']}/decline", role=ASKER, json={"text": "  "})
    assert empty.status_code == 422


async def test_who_may_be_the_second_person(rig: Rig) -> None:
    """Another key of the same organisation, or an admin; others learn nothing of the recall, auditors only
    read it.
    """
    _, ids = await issued_papers(rig, 2)
    recall_id = await waiting(rig, ids[:1])
    for role in (STRANGER, "facility", "facility 01802"):
        assert refusal(await approve(rig, recall_id, role=role)) == (404, "no_such_recall")
        assert refusal(await decline(rig, recall_id, role=role)) == (404, "no_such_recall")
        for path in ("", "/certificates"):
            assert (await rig.call("GET", f"/v1/recalls/{recall_id}{path}", role=role)).status_code == 404
        assert (await rig.call("GET", "/v1/recalls", role=role)).json()["items"] == []
    assert refusal(await approve(rig, recall_id, role="auditor")) == (403, "read_only")
    assert (await rig.call("GET", f"/v1/recalls/{recall_id}", role="auditor")).json()["status"] == "waiting"
    assert await statuses(rig, ids) == {"suspended": 1, "issued": 1}
    assert (await approve(rig, recall_id, role="admin")).json()["status"] == "revoked"
    asked_by_admin = await waiting(rig, ids[1:], role="admin")
    assert refusal(await approve(rig, asked_by_admin, role="admin")) == (403, "second_person_needed")
    assert refusal(await approve(rig, asked_by_admin)) == (404, "no_such_recall")


async def test_one_person_in_two_roles_is_no_second_person(rig: Rig) -> None:
    """A subject of the OpenID provider is known again when its role changes, also one that came before
    subjects were kept.
    """
    _, ids = await issued_papers(rig, 1)
    res, now = rig.res, utc_now()

    async def caller(subject: str, role: Role) -> Any:
        return await find_subject_caller(
            res.db, Subject("https://id.example", subject, role, None, None, subject), now=now
        )

    early = await caller("mai", Role.INSURER)
    async with res.db.begin() as session:
        (await session.get_one(ApiKey, early.id)).subject = None
    asker = await caller("mai", Role.INSURER)
    assert asker.id == early.id
    order = Order(Choice(tuple(map(uuid.UUID, ids))), WithdrawalReason.FRAUD, needs_approval=True)
    started = await recalling.start(res.db, order, caller=asker, revoke_alone=20, now=now)
    promoted = await caller("mai", Role.ADMIN)
    assert promoted.id != asker.id
    with pytest.raises(Forbidden, match="second_person_needed"):
        await recalling.approve(res.db, started.id, caller=promoted, now=now)
    await recalling.approve(res.db, started.id, caller=await caller("an", Role.ADMIN), now=now)
    assert await statuses(rig, ids) == {"revoked": 1}


async def test_while_it_waits_nobody_changes_its_papers_one_by_one(rig: Rig) -> None:
    """409 that names the recall, whoever tries; nor is a paper in two recalls."""
    _, ids = await issued_papers(rig, 2)
    recall_id = await waiting(rig, ids[:1])
    for role in (ASKER, SECOND, "admin", "facility"):
        for change in ("reinstate", "revoke", "replace", "suspend"):
            answer = await rig.call(
                "POST", f"/v1/certificates/{ids[0]}/{change}", role=role, json={"reason": "lost"}
            )
            assert (*refusal(answer), answer.json()["recall_id"]) == (409, "under_recall", recall_id)
    assert await statuses(rig, ids) == {"suspended": 1, "issued": 1}
    assert (await preview(rig, certificate_ids=ids))["left_out"] == {"under_recall": 1}
    again = (await recall(rig, certificate_ids=ids)).json()
    assert (again["counts"]["certificates"], again["left_out"]) == (1, {"under_recall": 1})
    assert refusal(await recall(rig, certificate_ids=ids)) == (409, "nothing_to_recall")
    await decline(rig, recall_id)
    assert (await rig.call("POST", f"/v1/certificates/{ids[0]}/revoke", json={"reason": "fraud"})).json()[
        "status"
    ] == "revoked"


async def test_what_changed_meanwhile_by_other_hands_is_left_alone(rig: Rig) -> None:
    """As where an operator mends the database: it keeps its state, and the answer tells."""
    _, ids = await issued_papers(rig, 3)
    for number, (decide, done) in enumerate(((approve, "revoked"), (decline, "reinstated"))):
        papers = ids[:3] if number == 0 else (await issued_papers(rig, 3, first=50))[1]
        recall_id = await waiting(rig, papers)
        async with rig.res.db.begin() as session:
            (await session.get_one(Certificate, uuid.UUID(papers[0]))).reinstate(utc_now(), "other", None)
            (await session.get_one(Certificate, uuid.UUID(papers[1]))).replace(utc_now(), "lost", None)
        answer = (await decide(rig, recall_id)).json()
        assert (answer["counts"][done], answer["counts"]["unchanged"]) == (1, 2)
        assert [(await rig.certificate(each))["status"] for each in papers[:2]] == ["issued", "replaced"]
        left = (
            await rig.call("GET", f"/v1/recalls/{recall_id}/certificates", params={"outcome": "unchanged"})
        ).json()["items"]
        assert {each["certificate_id"] for each in left} == set(papers[:2])


async def test_one_key_asks_once(rig: Rig) -> None:
    """The stored answer, for asking and for approving."""
    _, ids = await issued_papers(rig, 1)
    key = {"Idempotency-Key": "recall"}
    first, second = [
        await recall(rig, certificate_ids=ids, needs_approval=True, headers=key) for _ in range(2)
    ]
    assert (second.json(), second.headers["Idempotent-Replayed"]) == (first.json(), "true")
    answers = [await approve(rig, first.json()["id"], headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].json()["status"] == "revoked"


async def test_lists_go_on_page_by_page(rig: Rig) -> None:
    """Recalls newest first, by status; a recall's papers, by what came of them."""
    _, ids = await issued_papers(rig, 5)
    first = await waiting(rig, ids[:3])
    await recall(rig, certificate_ids=ids[3:4])
    await recall(rig, certificate_ids=ids[4:])
    page = (await rig.call("GET", "/v1/recalls", params={"limit": 2})).json()
    rest = (await rig.call("GET", "/v1/recalls", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert ([len(page["items"]), [each["id"] for each in rest["items"]], rest["next_cursor"]]) == [
        2,
        [first],
        None,
    ]
    assert [
        each["id"]
        for each in (await rig.call("GET", "/v1/recalls", params={"status": "waiting"}, role="admin")).json()[
            "items"
        ]
    ] == [first]
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        papers = (await rig.call("GET", f"/v1/recalls/{first}/certificates", params=query)).json()
        seen += [each["certificate_id"] for each in papers["items"]]
        cursor = papers["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(ids[:3])
    assert {(each["before"], each["outcome"], each["status"]) for each in papers["items"]} == {
        ("issued", "waiting", "suspended")
    }
    assert (await rig.call("GET", f"/v1/recalls/{first}/certificates", params={"outcome": "revoked"})).json()[
        "items"
    ] == []


async def test_webhooks_tell_of_each_paper(rig: Rig) -> None:
    """Suspended, then revoked or reinstated, as for single changes; not to another station."""
    _, ids = await issued_papers(rig, 2)
    hook = await subscribe(
        rig,
        "https://receiver.example/hook",
        events=["certificate.suspended", "certificate.revoked", "certificate.reinstated"],
    )
    deaf = await subscribe(rig, "https://receiver.example/other", role="facility 01802")
    first, second = await waiting(rig, ids[:1]), await waiting(rig, ids[1:])
    await approve(rig, first)
    await decline(rig, second)
    told = [
        (entry["event"], entry["payload"]["data"]["id"], entry["payload"]["data"]["status"])
        for entry in await log_of(rig, hook)
    ]
    assert sorted(told) == sorted(
        [
            ("certificate.suspended", ids[0], "suspended"),
            ("certificate.suspended", ids[1], "suspended"),
            ("certificate.revoked", ids[0], "revoked"),
            ("certificate.reinstated", ids[1], "issued"),
        ]
    )
    assert await log_of(rig, deaf) == []


async def test_more_papers_take_no_more_statements(rig: Rig) -> None:
    """The database is asked as often for thirty as for three: to suspend, to approve, and to decline."""
    _, ids = await issued_papers(rig, 34)
    await decline(rig, await waiting(rig, ids[33:]))  # both keys' last use is noted by now
    asked: list[str] = []
    event.listen(
        rig.res.db.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_: asked.append(statement),
    )

    async def statements(papers: list[str]) -> list[int]:
        counted = []
        for decide in (decline, approve):
            asked.clear()
            recall_id = await waiting(rig, papers)
            counted.append(len(asked))
            asked.clear()
            assert (await decide(rig, recall_id)).status_code == 200
            counted.append(len(asked))
        return counted

    few = await statements(ids[:3])
    assert await statements(ids[3:33]) == few
