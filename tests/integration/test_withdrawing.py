"""One certificate withdrawn and reinstated: where its reason and the reason's text are kept, and where they
are not.
"""

import uuid

import pytest
from alembic import command
from sqlalchemy import Connection, select, update

from certsvc.callers.keys import find_caller
from certsvc.clock import utc_now
from certsvc.issuing.withdrawing import changes
from certsvc.issuing.withdrawing.changes import Change
from certsvc.models import Certificate, Event, WithdrawalReason
from tests.integration.test_migrations import alembic_of
from tests.support.recalling import history, issued_papers, waiting
from tests.support.records import record
from tests.support.rig import Rig

TEXT = "đã gọi cho anh Ví Dụ"


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def test_every_change_keeps_its_reason_and_its_text(rig: Rig) -> None:
    """The certificate has those of its last change; they are shown to whoever may see it."""
    paper = await rig.issued(record(1))
    for change, status in (("suspend", "suspended"), ("reinstate", "issued"), ("revoke", "revoked")):
        answer = await rig.call(
            "POST",
            f"/v1/certificates/{paper['id']}/{change}",
            json={"reason": "other", "text": f"{TEXT}: {change}"},
        )
        assert answer.status_code == 200, answer.text
        for told in (answer.json(), await rig.certificate(paper["id"])):
            assert (told["status"], told["reason"], told["reason_text"]) == (
                status,
                "other",
                f"{TEXT}: {change}",
            )


async def test_what_somebody_wrote_never_gets_into_the_event_log(rig: Rig) -> None:
    """It may name a person, and a log is only ever appended to. The reason itself is there."""
    paper = await rig.issued(record(1))
    for change in ("suspend", "reinstate", "replace"):
        await rig.call(
            "POST", f"/v1/certificates/{paper['id']}/{change}", json={"reason": "other", "text": TEXT}
        )
    async with rig.res.db.read() as session:
        events = (await session.scalars(select(Event))).all()
    assert not any(TEXT in str(each.facts) for each in events)
    [suspended, reinstated, replaced] = await history(rig, paper["id"])
    assert (suspended, reinstated) == (
        ("suspended", {"reason": "other"}),
        ("reinstated", {"reason": "other"}),
    )
    assert (replaced[0], set(replaced[1])) == ("replaced", {"reason", "by"})


@pytest.mark.parametrize("change", Change)
async def test_a_preview_is_what_the_change_then_leaves(rig: Rig, change: Change) -> None:
    """State, reason and text, of each change; before it is made nothing is different."""
    now = utc_now()
    paper = await rig.issued(record(1))
    here = f"/v1/certificates/{paper['id']}"
    if change is Change.REINSTATE:
        await rig.call("POST", f"{here}/suspend", json={"reason": "fraud", "text": "trước"})
    before = await rig.certificate(paper["id"])
    caller = await find_caller(rig.res.db, rig.station.keys["admin"], now=now)
    assert caller is not None
    foreseen = await changes.preview(
        rig.res.db,
        uuid.UUID(paper["id"]),
        change,
        reason=WithdrawalReason.OTHER,
        text=TEXT,
        caller=caller,
        now=now,
    )
    assert await rig.certificate(paper["id"]) == before
    await rig.call("POST", f"{here}/{change}", json={"reason": "other", "text": TEXT})
    after = await rig.certificate(paper["id"])
    assert (foreseen.status, foreseen.reason, foreseen.reason_text) == (
        after["status"],
        after["reason"],
        after["reason_text"],
    )
    assert (after["reason"], after["reason_text"]) == ("other", TEXT)


async def test_an_upgrade_takes_the_texts_of_before_out_of_the_event_log(rig: Rig) -> None:
    """What is in force keeps its own; of a certificate that was withdrawn since, and of a recall, another
    text says why.
    """
    _, [kept, revoked, recalled] = await issued_papers(rig, 3)
    for each in (kept, revoked):
        for change in ("suspend", "reinstate"):
            await rig.call(
                "POST", f"/v1/certificates/{each}/{change}", json={"reason": "other", "text": TEXT}
            )
    await rig.call("POST", f"/v1/certificates/{revoked}/revoke", json={"reason": "fraud"})
    recall_id = await waiting(rig, [recalled])
    await rig.call("POST", f"/v1/recalls/{recall_id}/decline", role="insurer", json={"text": TEXT})
    async with rig.res.db.engine.begin() as connection:
        await connection.run_sync(_as_of_before)
    await rig.res.db.migrate()
    for each, more in ((kept, {}), (revoked, {}), (recalled, {"recall": recall_id})):
        assert dict(await history(rig, each))["reinstated"] == {"reason": "other", **more}
    papers = [await rig.certificate(each) for each in (kept, revoked, recalled)]
    assert [(each["reason"], each["reason_text"]) for each in papers] == [
        ("other", TEXT),
        ("fraud", None),
        (None, None),
    ]


def _as_of_before(connection: Connection) -> None:
    """As reinstating was noted until then."""
    command.downgrade(alembic_of(connection), "0014")
    connection.execute(
        update(Certificate).where(Certificate.status == "issued").values(reason=None, reason_text=None)
    )
    for event in connection.execute(select(Event.id, Event.facts).where(Event.name == "reinstated")).all():
        connection.execute(
            update(Event).where(Event.id == event.id).values(facts={**event.facts, "text": TEXT})
        )
