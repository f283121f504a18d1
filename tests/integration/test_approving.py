"""Certificates that wait for their facility's head: held, approved, declined, let go; and who may decide."""

import asyncio
import datetime as dt
import uuid
from collections import Counter
from dataclasses import replace

import pytest

from certsvc.api.v1.events import Streams, stream_batch
from certsvc.callers.keys import create_key
from certsvc.callers.subjects import Subject, find_subject_caller
from certsvc.clock import utc_now
from certsvc.errors import Forbidden
from certsvc.issuing.approval.approving import approve_batch
from certsvc.issuing.approval.delegating import withdraw_delegation
from certsvc.issuing.batches.reading import Steps
from certsvc.issuing.press.producing import has_waiting
from certsvc.models import ApiKey, Batch, Role, Scope
from tests.support.approving import DEPUTY, ELSEWHERE, HEAD, HERE, decide, delegate, history, require, waiting
from tests.support.changing import assert_adds_up, change, outcomes, read_until, refusal, state, unfit
from tests.support.counting import statements
from tests.support.hooks import log_of, subscribe
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress

FILE = as_csv(*(record(number) for number in (1, 2)), record(3, facility=ELSEWHERE))
"""Two cases here, one elsewhere, both papers of each."""


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def _held_batch(rig: Rig, *codes: str, data: bytes = FILE) -> str:
    """A batch of the insurer's, read; the certificates of these stations wait for their heads."""
    await require(rig, *(codes or (HERE,)))
    batch_id: str = (await rig.submit(data)).json()["id"]
    await rig.read()
    return batch_id


async def test_nothing_is_signed_before_the_head_approves(rig: Rig) -> None:
    """The others of the batch are; to a sweep nothing waits, to the world it is not signed yet; one approval
    signs the rest.
    """
    batch_id = await _held_batch(rig)
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["finished_at"]) == ("running", None)
    assert {name: batch["counts"][name] for name in ("issued", "pending", "awaiting_approval")} == {
        "issued": 2,
        "pending": 4,
        "awaiting_approval": 4,
    }
    assert not await has_waiting(rig.res.db, now=utc_now() + dt.timedelta(days=30))
    line = next(each for each in await rig.results(batch_id) if each["outcome"] == "pending")
    report = (await rig.call("GET", f"/v/{line['code']}", role=None)).json()
    assert (report["verdict"], [reason["code"] for reason in report["reasons"]]) == (
        "pending",
        ["not_signed_yet"],
    )
    answer = await decide(rig, f"batches/{batch_id}", "approve")
    assert (answer.status_code, answer.json()) == (
        200,
        {"batch_id": batch_id, "facility_code": HERE, "certificates": 4},
    )
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["counts"]["awaiting_approval"]) == (
        "done",
        6,
        0,
    )
    assert await history(rig, line["certificate_id"]) == ["requested", "approved", "signing", "issued"]


async def test_each_head_sees_and_approves_only_his_part(rig: Rig) -> None:
    """Of a batch that an insurer sent: how many of each kind, since when, and nothing of the other
    station.
    """
    batch_id = await _held_batch(rig, HERE, ELSEWHERE)
    [ours], [theirs] = await waiting(rig), await waiting(rig, f"head {ELSEWHERE}")
    assert {
        name: ours[name]
        for name in (
            "facility_code",
            "batch_id",
            "certificate_id",
            "sick_leave",
            "recovery",
            "days",
            "requested_as",
        )
    } == {
        "facility_code": HERE,
        "batch_id": batch_id,
        "certificate_id": None,
        "sick_leave": 2,
        "recovery": 2,
        "days": 16,
        "requested_as": "insurer",
    }
    assert (theirs["facility_code"], theirs["certificates"]) == (ELSEWHERE, 2)
    assert [each["certificates"] for each in await waiting(rig, "insurer")] == [4, 2]
    assert (await rig.call("GET", f"/v1/batches/{batch_id}", role=HEAD)).status_code == 404
    assert (await decide(rig, f"batches/{batch_id}", "approve")).json()["certificates"] == 4
    assert (await state(rig, batch_id))["counts"]["awaiting_approval"] == 2
    assert await waiting(rig) == []
    assert len(await waiting(rig, f"head {ELSEWHERE}")) == 1


async def test_the_list_is_paged(rig: Rig) -> None:
    """The longest waiting first; a batch of several stations is not lost where a page ends within it."""
    batch_id = await _held_batch(rig, HERE, ELSEWHERE)
    singles = [(await rig.request(record(number))).json()["id"] for number in (10, 11)]
    found, cursor = [], None
    while True:
        page = (
            await rig.call(
                "GET",
                "/v1/approvals",
                role="admin",
                params={"limit": 1} | ({"cursor": cursor} if cursor else {}),
            )
        ).json()
        found += [
            (each["batch_id"] or each["certificate_id"], each["facility_code"]) for each in page["items"]
        ]
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == [(batch_id, HERE), (batch_id, ELSEWHERE), (singles[0], HERE), (singles[1], HERE)]


async def test_a_single_certificate_waits_too(rig: Rig) -> None:
    """It says so; approved it is signed; then there is nothing to approve."""
    await require(rig, HERE)
    asked = (await rig.request(record(1))).json()
    assert (asked["status"], asked["awaits_approval"]) == ("requested", True)
    assert await rig.issue() == 0
    assert [each["certificate_id"] for each in await waiting(rig)] == [asked["id"]]
    answer = await decide(rig, f"certificates/{asked['id']}", "approve")
    assert (answer.status_code, answer.json()["awaits_approval"]) == (200, False)
    await rig.work()
    assert (await rig.certificate(asked["id"]))["status"] == "issued"
    for decision in ("approve", "decline"):
        refused = await decide(rig, f"certificates/{asked['id']}", decision)
        assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_approve")


async def test_what_is_declined_may_be_mended_and_sent_again(rig: Rig) -> None:
    """`failed` with the words of the head; the batch ends, a replay does not bring it back, the case is
    free.
    """
    batch_id = await _held_batch(rig, data=as_csv(record(1)))
    assert (await decide(rig, f"batches/{batch_id}", "decline", json={"text": "  "})).status_code == 422
    answer = await decide(rig, f"batches/{batch_id}", "decline")
    assert (answer.status_code, answer.json()["certificates"]) == (200, 2)
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["failed"], batch["counts"]["pending"]) == ("done", 2, 0)
    assert {(line["outcome"], line["reason"]) for line in await rig.results(batch_id)} == {
        ("failed", "declined")
    }
    certificate = await rig.certificate((await rig.results(batch_id))[0]["certificate_id"])
    assert (certificate["status"], certificate["reason"], certificate["reason_text"]) == (
        "failed",
        "declined",
        "sai ngày khám",
    )
    assert await history(rig, certificate["id"]) == ["requested", "declined"]
    assert await refusal(rig, batch_id, "replay") == (409, "nothing_to_replay")
    again = await _held_batch(rig, data=as_csv(record(1, visit_no="77")))
    assert await outcomes(rig, again) == {"pending": 2}
    assert (await waiting(rig))[0]["batch_id"] == again


async def test_one_of_a_batch_is_decided_by_itself(rig: Rig) -> None:
    """The head leaves out one row, and approves the rest; the batch ends with the last."""
    batch_id = await _held_batch(rig)
    await rig.work()
    ours = [line["certificate_id"] for line in await rig.results(batch_id) if line["outcome"] == "pending"]
    assert (await decide(rig, f"certificates/{ours[0]}", "decline")).json()["status"] == "failed"
    assert (await decide(rig, f"certificates/{ours[1]}", "approve")).status_code == 200
    assert (await decide(rig, f"batches/{batch_id}", "approve")).json()["certificates"] == 2
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["counts"]["failed"]) == ("done", 5, 1)
    last = await _held_batch(rig, data=as_csv(record(20, wants_recovery="0")))
    [line, _] = await rig.results(last)
    await decide(rig, f"certificates/{line['certificate_id']}", "decline")
    await rig.work()
    assert (await state(rig, last))["status"] == "done"


async def test_only_who_may_represent_the_station_approves(rig: Rig) -> None:
    """A key of nobody, an examiner's, one narrowed to less, another station's head, other roles: each is told
    why.
    """
    batch_id = await _held_batch(rig)
    one = next(line for line in await rig.results(batch_id) if line["outcome"] == "pending")
    keys = rig.station.keys
    for name, licence, scopes in (
        ("examiner", DEPUTY, None),
        ("reads", "000001/HNO-CCHN", [Scope.READ, Scope.ISSUE]),
    ):
        keys[name] = await create_key(
            rig.res.db, role=Role.FACILITY, facility_code=HERE, licence=licence, scopes=scopes, now=utc_now()
        )
    for what in (f"batches/{batch_id}", f"certificates/{one['certificate_id']}"):
        told = {
            role: (await decide(rig, what, "approve", role=role)).json()["code"]
            for role in ("facility", "examiner", "reads", "insurer", "admin", "auditor")
        }
        assert told == {
            "facility": "not_representative",
            "examiner": "not_representative",
            "reads": "missing_scope",
            "insurer": "only_facilities",
            "admin": "only_facilities",
            "auditor": "read_only",
        }
        for decision in ("approve", "decline"):
            assert (await decide(rig, what, decision, role=f"facility {ELSEWHERE}")).json()["code"] in {
                "not_representative",
                "no_such_certificate",
            }
    other = await decide(rig, f"certificates/{one['certificate_id']}", "approve", role=f"head {ELSEWHERE}")
    assert (other.status_code, other.json()["code"]) == (404, "no_such_certificate")
    assert (await decide(rig, f"batches/{uuid.uuid4()}", "approve")).status_code == 404
    assert (await state(rig, batch_id))["counts"]["awaiting_approval"] == 4


async def test_who_is_delegated_approves_for_those_days(rig: Rig) -> None:
    """Not before, not after, not once it is withdrawn; the head may all the while."""
    rig.set_clock(utc_now())  # one day, also where midnight comes
    await require(rig, HERE)
    rig.station.keys["deputy"] = await create_key(
        rig.res.db, role=Role.FACILITY, facility_code=HERE, licence=DEPUTY, now=utc_now()
    )
    asked = [(await rig.request(record(number))).json()["id"] for number in range(1, 5)]

    async def told(certificate_id: str, role: str = "deputy") -> int:
        return (await decide(rig, f"certificates/{certificate_id}", "approve", role=role)).status_code

    await delegate(rig, DEPUTY, first=-9, last=-1)
    await delegate(rig, DEPUTY, first=1)
    assert await told(asked[0]) == 403
    now_id = await delegate(rig, DEPUTY, first=0, last=0)
    assert (await told(asked[0]), await told(asked[1], HEAD)) == (200, 200)
    await withdraw_delegation(rig.res.db, now_id, now=utc_now())
    assert (await told(asked[2]), await told(asked[2], HEAD)) == (403, 200)


async def test_whom_the_provider_names_by_licence_approves(rig: Rig) -> None:
    """An OpenID subject is the practitioner that its token says; without that claim it is another caller, who
    may not.
    """
    batch_id = uuid.UUID(await _held_batch(rig))
    head = Subject("https://id.example", "7", Role.FACILITY, HERE, None, "An", "000001/HNO-CCHN")
    nobody = await find_subject_caller(rig.res.db, replace(head, licence=None), now=utc_now())
    with pytest.raises(Forbidden, match="not_representative"):
        await approve_batch(rig.res.db, batch_id, caller=nobody, now=utc_now())
    assert (
        await approve_batch(
            rig.res.db,
            batch_id,
            caller=await find_subject_caller(rig.res.db, head, now=utc_now()),
            now=utc_now(),
        )
        == 4
    )


async def test_an_ended_authority_of_the_station_stops_signing_until_it_is_mended(rig: Rig) -> None:
    """`failed` with words that say what to do; a replay after the new one is entered issues it."""
    await delegate(rig, None, first=-9, last=-1)
    batch_id = (await rig.submit(as_csv(record(1)))).json()["id"]
    await rig.work()
    assert {line["reason"] for line in await rig.results(batch_id)} == {"no_authority"}
    certificate = await rig.certificate((await rig.results(batch_id))[0]["certificate_id"])
    assert "delegations add" in certificate["reason_text"]
    await delegate(rig, None, first=0)
    await change(rig, batch_id, "replay")
    rig.bench.rosters._kept.clear()  # known within five seconds
    await rig.work()
    assert await outcomes(rig, batch_id) == {"issued": 2}


async def test_a_cancelled_batch_waits_no_more_and_again_when_it_is_resumed(rig: Rig) -> None:
    batch_id = await _held_batch(rig)
    await change(rig, batch_id, "cancel")
    refused = await decide(rig, f"batches/{batch_id}", "approve")
    assert (refused.status_code, refused.json()["code"], await waiting(rig)) == (
        409,
        "nothing_to_approve",
        [],
    )
    resumed = await change(rig, batch_id, "resume")
    assert (resumed["counts"]["pending"], resumed["counts"]["awaiting_approval"]) == (6, 4)
    await decide(rig, f"batches/{batch_id}", "approve")
    await rig.work()
    assert (await state(rig, batch_id))["counts"]["issued"] == 6


async def test_what_failed_after_its_approval_is_approved_again(rig: Rig) -> None:
    """A replay asks anew, for the same certificates."""
    batch_id = await _held_batch(rig, data=as_csv(record(1)))
    await decide(rig, f"batches/{batch_id}", "approve")
    await rig.issue(press=StandInPress(refuse=lambda _: unfit()))
    assert (await change(rig, batch_id, "replay"))["counts"]["awaiting_approval"] == 2
    assert await rig.issue() == 0
    await decide(rig, f"batches/{batch_id}", "approve")
    await rig.work()
    assert await outcomes(rig, batch_id) == {"issued": 2}


async def test_a_replacement_waits_too(rig: Rig) -> None:
    """The old paper is dead at once all the same."""
    old = await rig.issued(record(1))
    await require(rig, HERE)
    new = (await rig.call("POST", f"/v1/certificates/{old['id']}/replace", json={"reason": "lost"})).json()
    assert (new["awaits_approval"], (await rig.certificate(old["id"]))["status"], await rig.issue()) == (
        True,
        "replaced",
        0,
    )
    await decide(rig, f"certificates/{new['id']}", "approve")
    await rig.work()
    assert (await rig.certificate(new["id"]))["status"] == "issued"


async def test_turning_the_requirement_off_lets_go_what_waits(rig: Rig) -> None:
    """At that station alone; turning it on holds nothing that was asked for before."""
    batch_id = await _held_batch(rig, HERE, ELSEWHERE)
    assert await require(rig, HERE, required=False) == 4
    assert (await state(rig, batch_id))["counts"]["awaiting_approval"] == 2
    ours = (await rig.results(batch_id))[0]["certificate_id"]
    assert await history(rig, ours) == ["requested", "released"]
    assert await require(rig, HERE) == 0
    await rig.work()
    assert (await state(rig, batch_id))["counts"]["issued"] == 4


async def test_a_file_is_approved_when_it_is_read(rig: Rig) -> None:
    """Nobody approves rows that nobody has judged."""
    rig = replace(rig, steps=Steps(first=1))
    await require(rig, HERE)
    batch_id = (await rig.submit(FILE)).json()["id"]
    told = []

    async def approve() -> None:
        told.append((await decide(rig, f"batches/{batch_id}", "approve")).json()["code"])

    await read_until(rig, batch_id, 1, approve)
    assert told == ["batch_being_read"]
    assert (await decide(rig, f"batches/{batch_id}", "approve")).json()["certificates"] == 4


async def test_the_first_of_two_decisions_counts(rig: Rig) -> None:
    """Approved and declined, or approved twice, or approved and cancelled at the same moment: one is done,
    the other refused, and counts add up.
    """
    for number, (first, second) in enumerate(
        (("approve", "approve"), ("approve", "decline"), ("decline", "decline"))
    ):
        batch_id = await _held_batch(rig, data=as_csv(*(record(10 * number + each) for each in (1, 2, 3))))
        answers = await asyncio.gather(
            *(decide(rig, f"batches/{batch_id}", each) for each in (first, second))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        await rig.work()
        batch = await state(rig, batch_id)
        assert (batch["status"], {batch["counts"]["issued"], batch["counts"]["failed"]}) == ("done", {0, 6})
    batch_id = await _held_batch(rig, data=as_csv(*(record(each) for each in (51, 52, 53))))
    approved, cancelled = await asyncio.gather(
        decide(rig, f"batches/{batch_id}", "approve"), rig.call("POST", f"/v1/batches/{batch_id}/cancel")
    )
    assert (approved.status_code in {200, 409}, cancelled.status_code) == (True, 200)
    assert_adds_up(await state(rig, batch_id))
    await rig.work()
    assert (await state(rig, batch_id))["counts"]["cancelled"] == 6


async def test_one_certificate_and_its_batch_decided_at_the_same_moment(rig: Rig) -> None:
    """Each certificate is decided once, whichever came first."""
    batch_id = await _held_batch(rig, data=as_csv(*(record(each) for each in range(1, 9))))
    one = (await rig.results(batch_id))[0]["certificate_id"]
    alone, all_of_it = await asyncio.gather(
        decide(rig, f"certificates/{one}", "decline"), decide(rig, f"batches/{batch_id}", "approve")
    )
    assert all_of_it.status_code == 200
    await rig.work()
    counts = (await state(rig, batch_id))["counts"]
    assert (counts["failed"], counts["issued"]) == ((1, 15) if alone.status_code == 200 else (0, 16))
    decided = [
        Counter(
            name for name in await history(rig, line["certificate_id"]) if name in {"approved", "declined"}
        )
        for line in await rig.results(batch_id)
    ]
    assert {each.total() for each in decided} == {1}


async def test_an_approval_is_a_few_statements(rig: Rig) -> None:
    """As many for sixty certificates as for four; the same of declining where nobody listens."""
    counts = {}
    await waiting(rig)  # that the key was used is written down once a minute
    for decision in ("approve", "decline"):
        for first, size in ((100, 2), (200, 30)):
            begin = first if decision == "approve" else first + 500
            batch_id = await _held_batch(rig, data=as_csv(*(record(begin + each) for each in range(size))))
            with statements(rig) as told:
                assert (await decide(rig, f"batches/{batch_id}", decision)).json()["certificates"] == 2 * size
            counts[decision, size] = len(told)
    assert counts["approve", 2] == counts["approve", 30] < 20
    assert counts["decline", 2] == counts["decline", 30] < 30


async def test_webhooks_tell_what_was_declined(rig: Rig) -> None:
    """Each certificate to who asked for a batch's certificates, the batch's end to all; approving tells
    nothing yet.
    """
    each = await subscribe(rig, "https://receiver.example/each", batch_certificates=True)
    batches = await subscribe(rig, "https://receiver.example/batches")
    batch_id = await _held_batch(rig, data=as_csv(record(1)))
    await decide(rig, f"batches/{batch_id}", "decline")
    assert Counter(entry["event"] for entry in await log_of(rig, each)) == {
        "certificate.failed": 2,
        "batch.finished": 1,
    }
    assert [entry["event"] for entry in await log_of(rig, batches)] == ["batch.finished"]
    alone = (await rig.request(record(2))).json()["id"]
    await decide(rig, f"certificates/{alone}", "decline")
    assert "certificate.failed" in [entry["event"] for entry in await log_of(rig, batches)]


async def test_one_key_approves_once(rig: Rig) -> None:
    """The stored answer, although nothing waits any more."""
    batch_id = await _held_batch(rig)
    key = {"Idempotency-Key": "yes"}
    first = await decide(rig, f"batches/{batch_id}", "approve", headers=key)
    again = await decide(rig, f"batches/{batch_id}", "approve", headers=key)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")


async def test_figures_tell_what_is_held(rig: Rig) -> None:
    """Within what is requested, so that nobody takes it for stuck."""
    await _held_batch(rig)
    stats = (await rig.call("GET", "/v1/stats", role="admin")).json()["items"]
    assert {(each["facility_code"], each["kind"]): each["awaiting_approval"] for each in stats} == {
        (HERE, "sick_leave"): 2,
        (HERE, "recovery"): 2,
        (ELSEWHERE, "sick_leave"): 0,
        (ELSEWHERE, "recovery"): 0,
    }
    assert (
        'certsvc_certificates_awaiting_approval{kind="sick_leave"} 2.0'
        in (await rig.call("GET", "/metrics", role=None)).text
    )


async def test_events_tell_that_it_was_approved(rig: Rig) -> None:
    """Whoever follows the batch hears of it; no end is foretold while all that is left waits."""
    batch_id = await _held_batch(rig)
    await rig.work()
    async with rig.res.db.read() as session:
        batch = await session.get_one(Batch, uuid.UUID(batch_id))
        caller = await session.get_one(ApiKey, batch.owner_id)
    heard = stream_batch(rig.res, batch.id, caller=caller, known=None, streams=Streams(), clock=utc_now)
    try:
        held = [await anext(heard) for _ in ("the time to retry", "the state")][1].decode()
        await decide(rig, f"batches/{batch_id}", "approve")
        approved = (await anext(heard)).decode()
    finally:
        await heard.aclose()
    assert (
        '"awaiting_approval":4' in held,
        '"estimated_end_at":null' in held,
        '"awaiting_approval":0' in approved,
    ) == (True, True, True)
