"""What a recall takes: previews, the ways to choose, and what a caller may not choose."""

import datetime as dt
import uuid
from typing import Any

import pytest

from certsvc.models import Certificate
from tests.support.recalling import (
    ASKER,
    SECOND,
    STRANGER,
    decline,
    issued_papers,
    preview,
    recall,
    refusal,
    statuses,
    waiting,
)
from tests.support.records import as_csv, record
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def test_a_preview_says_what_would_happen(rig: Rig) -> None:
    """By kind and state, what cannot be revoked and why; and changes nothing."""
    await rig.submit(as_csv(record(1), record(2), record(3, wants_recovery="")), role=ASKER)
    await rig.work()
    ids = [each["id"] for each in (await rig.call("GET", "/v1/certificates")).json()["items"]]
    _, foreign = await issued_papers(rig, 1, first=40, role="facility")
    unsigned = (await rig.request(record(60))).json()["id"]
    for certificate_id, change in ((ids[0], "suspend"), (ids[1], "revoke"), (ids[2], "replace")):
        assert (
            await rig.call(
                "POST", f"/v1/certificates/{certificate_id}/{change}", json={"reason": "wrong_data"}
            )
        ).is_success
    shown = await preview(rig, certificate_ids=[*ids, *foreign, unsigned])
    assert (shown["status"], shown["count"], shown["revoke_alone"]) == ("revoked", 3, 20)
    assert sum(shown["by_kind"].values()) == 3
    assert shown["by_status"] == {"issued": 2, "suspended": 1}
    assert shown["left_out"] == {"already_revoked": 1, "already_replaced": 1, "not_yours": 1, "not_issued": 1}
    assert {each["certificate_id"]: each["why"] for each in shown["left_out_certificates"]}[
        foreign[0]
    ] == "not_yours"
    assert (await preview(rig, certificate_ids=ids, needs_approval=True))["status"] == "waiting"
    assert (await rig.call("GET", "/v1/recalls")).json()["items"] == []
    assert refusal(await recall(rig, certificate_ids=ids, expected_count=4)) == (409, "choice_changed")
    assert (await recall(rig, certificate_ids=ids, expected_count=3)).json()["counts"]["revoked"] == 3


async def test_a_choice_by_station_and_days(rig: Rig) -> None:
    """Days are those of Hanoi, both included; a station's key chooses among its own only."""
    _, ids = await issued_papers(rig, 2, role="facility")
    late = dt.datetime(2026, 3, 1, 16, 59, tzinfo=dt.UTC)  # 23:59 on 1 March in Hanoi
    async with rig.res.db.begin() as session:
        (await session.get_one(Certificate, uuid.UUID(ids[0]))).signed_at = late
        (await session.get_one(Certificate, uuid.UUID(ids[1]))).signed_at = late + dt.timedelta(minutes=1)
    counted = {
        days: (await preview(rig, role="admin", facility="01801", signed_from=days[0], signed_to=days[1]))[
            "count"
        ]
        for days in (
            ("2026-03-01", "2026-03-01"),
            ("2026-03-02", "2026-03-02"),
            ("2026-02-01", "2026-03-02"),
            ("2026-03-03", "2026-03-09"),
        )
    }
    assert list(counted.values()) == [1, 1, 2, 0]
    assert (await preview(rig, role="admin", facility="01801", kind="recovery"))["count"] == 0
    assert (await preview(rig, role="facility", signed_from="2026-03-01"))["count"] == 2
    choices: tuple[dict[str, Any], ...] = ({"facility": "01801"}, {"signed_from": "2026-01-01"})
    for body in choices:
        assert (await preview(rig, role="facility 01802", **body))["count"] == 0
        assert refusal(await recall(rig, role="facility 01802", **body)) == (409, "nothing_to_recall")
    done = (await recall(rig, role="facility", facility="01801", signed_to="2026-03-01")).json()
    assert (done["counts"]["revoked"], done["chosen"]) == (
        1,
        {"facility": "01801", "signed_to": "2026-03-01"},
    )


async def test_strange_words_and_days_break_nothing(rig: Rig) -> None:
    """The first and the last day there are, a zero byte in a text, digits that are none."""
    _, ids = await issued_papers(rig, 1)
    assert (await preview(rig, signed_from="0001-01-01", signed_to="9999-12-31"))["count"] == 1
    assert (await preview(rig, signed_from="9999-12-31"))["count"] == 0
    assert (await recall(rig, facility="01801\0")).status_code == 422
    recall_id = await waiting(rig, ids, reason="other", text="sai\0 danh sách")
    declined = (await decline(rig, recall_id, role=ASKER)).json()
    assert (declined["text"], declined["status"]) == ("sai danh sách", "declined")
    assert (
        await rig.call("POST", f"/v1/certificates/{ids[0]}/suspend", json={"reason": "other", "text": "\0"})
    ).status_code == 422


async def test_a_choice_is_made_in_one_way(rig: Rig) -> None:
    """Ids, or a batch, or a station or days; a kind alone is no choice, and a reason in words needs words."""
    batch_id, ids = await issued_papers(rig, 1)
    choices: tuple[dict[str, Any], ...] = (
        {},
        {"kind": "recovery"},
        {"certificate_ids": ids, "batch_id": batch_id},
        {"batch_id": batch_id, "kind": "sick_leave"},
        {"certificate_ids": []},
    )
    for body in choices:
        assert refusal(await recall(rig, **body)) == (422, "nothing_chosen"), body
    assert refusal(await recall(rig, certificate_ids=ids, reason="other")) == (422, "text_needed")
    assert (await recall(rig, certificate_ids=ids, reason="bored")).status_code == 422
    assert (await recall(rig, certificate_ids=[str(uuid.uuid4())] * 3001)).status_code == 422
    assert await statuses(rig, ids) == {"issued": 1}


async def test_one_foreign_paper_refuses_the_whole(rig: Rig) -> None:
    """Another station's, or one that does not exist: 404, and nothing changes. An insurer's batch is nobody
    else's.
    """
    batch_id, ids = await issued_papers(rig, 2)
    own = (await rig.request(record(70, facility="01802"), role="facility 01802")).json()["id"]
    await rig.work()
    assert refusal(await recall(rig, role="facility 01802", certificate_ids=[own, *ids])) == (
        404,
        "no_such_certificate",
    )
    assert refusal(await recall(rig, certificate_ids=[*ids, str(uuid.uuid4())])) == (
        404,
        "no_such_certificate",
    )
    assert refusal(await recall(rig, role="facility", batch_id=batch_id)) == (404, "no_such_batch")
    assert refusal(await recall(rig, role="auditor", certificate_ids=ids)) == (403, "read_only")
    assert await statuses(rig, [own, *ids]) == {"issued": 3}
    assert (await rig.call("GET", "/v1/recalls", role="admin")).json()["items"] == []


async def test_an_insurer_recalls_only_what_it_asked_for(rig: Rig) -> None:
    _, ids = await issued_papers(rig, 2)
    assert (await preview(rig, role=STRANGER, certificate_ids=ids))["left_out"] == {"not_yours": 2}
    assert refusal(await recall(rig, role=STRANGER, certificate_ids=ids)) == (409, "nothing_to_recall")
    assert (await preview(rig, role=STRANGER, facility="01801"))["count"] == 0
    assert await statuses(rig, ids) == {"issued": 2}
    assert (await recall(rig, role=SECOND, certificate_ids=ids)).json()["counts"]["revoked"] == 2
