"""Rejected rows mended in place: judged as any row, issued once, and nothing of the sender's file changed."""

import asyncio
import io
import json
from collections import Counter

import openpyxl
import pytest

from certsvc.models import BatchStatus
from tests.support.changing import assert_adds_up, change, outcomes, state, unfit
from tests.support.mending import handed_in, issue_rehearsal, look, mend, mended, refused, wrong
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress

_BOTH = ["would_issue", "would_issue"]


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def test_a_mended_dry_run_issues_what_was_mended(rig: Rig) -> None:
    """Its rows would then be issued; issuing it takes the mending along, tells of it, and leaves the file as
    it was.
    """
    batch_id = await handed_in(rig, record(1), wrong(2), wrong(3), dry_run=True)
    row = await look(rig, batch_id, 3)
    assert (row["version"], row["mended_at"], row["record"]["positive_on"], row["record"]["case_id"]) == (
        0,
        None,
        "2022-13-45",
        record(2)["case_id"],
    )
    assert await mended(rig, batch_id, 3, row["record"] | {"positive_on": "06/02/2022"}) == _BOTH
    batch = await state(rig, batch_id)
    assert (
        batch["status"],
        batch["counts"]["certificates"],
        batch["counts"]["accepted"],
        batch["counts"]["rejected"],
    ) == ("done", 4, 2, 1)
    again = await look(rig, batch_id, 3)
    assert (again["version"], again["record"]["positive_on"]) == (1, "06/02/2022")
    assert {rule["id"] for line in again["results"] for rule in line["rules"]} == {"W-MENDED"}
    issued = await issue_rehearsal(rig, batch_id)
    assert await outcomes(rig, issued) == Counter(issued=4, rejected=2)
    lines = await rig.results(issued)
    assert {line["row"] for line in lines if "W-MENDED" in {rule["id"] for rule in line["rules"]}} == {3}
    book = openpyxl.load_workbook(
        io.BytesIO((await rig.call("GET", f"/v1/batches/{issued}/results?format=xlsx")).content)
    )
    cells = [str(cell) for cell in next(book.worksheets[0].iter_rows(min_row=3, max_row=3, values_only=True))]
    assert "2022-13-45" in cells
    assert any("đã được sửa trên trang" in cell for cell in cells)
    assert cells.count("Đã cấp") == 2


async def test_a_mended_row_of_a_batch_is_issued_with_it(rig: Rig) -> None:
    """The batch that was done runs again until its papers are signed; archive and counts have them."""
    batch_id = await handed_in(rig, record(1), wrong(2), dry_run=False)
    assert (await state(rig, batch_id))["status"] == "done"
    assert await mended(rig, batch_id, 3, record(2)) == ["pending", "pending"]
    batch = await state(rig, batch_id)
    assert (
        batch["status"],
        batch["finished_at"],
        batch["counts"]["pending"],
        batch["counts"]["rejected"],
    ) == ("running", None, 2, 0)
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["finished_at"] is not None) == ("done", 4, True)
    assert await outcomes(rig, batch_id) == Counter(issued=4)
    assert {line["case_id"] for line in await rig.results(batch_id)} == {
        record(1)["case_id"],
        record(2)["case_id"],
    }
    assert await refused(rig, batch_id, 3, record(2)) == (409, "nothing_to_mend")
    assert await refused(rig, batch_id, 2, record(1)) == (409, "nothing_to_mend")
    listed = (await rig.call("GET", "/v1/certificates")).json()["items"]
    assert len(listed) == 4


async def test_one_paper_of_a_row_stands(rig: Rig) -> None:
    """Only the other is judged anew, and what was issued stays as it is."""
    batch_id = await handed_in(rig, record(1, outcome="active", employer="Công ty A"), dry_run=False)
    assert await outcomes(rig, batch_id) == Counter(issued=1, rejected=1)
    before = [line for line in await rig.results(batch_id) if line["outcome"] == "issued"]
    assert await mended(rig, batch_id, 2, record(1, employer="Công ty B")) == ["issued", "pending"]
    await rig.work()
    after = await rig.results(batch_id)
    assert [line for line in after if line["kind"] == "sick_leave"] == before
    assert [line["outcome"] for line in after] == ["issued", "issued"]


async def test_what_is_still_wrong_changes_nothing(rig: Rig) -> None:
    """Each field is told with its rule and row; unknown fields are told as everywhere. A row that asks for
    nothing any more is taken.
    """
    batch_id = await handed_in(rig, record(1), wrong(2), dry_run=False)
    before = (await state(rig, batch_id), await rig.results(batch_id))
    answer = await mend(rig, batch_id, 3, record(2, phone="1", sex="9"))
    assert (answer.status_code, answer.json()["code"]) == (422, "rejected")
    assert [(each["field"], each["rule"], each["row"]) for each in answer.json()["errors"]] == [
        ("sex", "V-SEX", 3),
        ("phone", "V-PHONE", 3),
    ]
    assert await refused(rig, batch_id, 3, record(2) | {"sexx": "1"}) == (422, "unknown_fields")
    assert (await state(rig, batch_id), await rig.results(batch_id)) == before
    assert (await look(rig, batch_id, 3))["version"] == 0
    assert await mended(rig, batch_id, 3, wrong(2, wants_sick_leave="0", wants_recovery="0")) == [
        "none",
        "none",
    ]
    assert (await state(rig, batch_id))["counts"]["none"] == 1


async def test_a_case_that_another_row_has_stays_a_duplicate(rig: Rig) -> None:
    """Of an earlier row, rejected or not, and of a later one that is good; but not of a later one that was
    rejected as its duplicate.
    """
    batch_id = await handed_in(
        rig, wrong(1), wrong(2), record(3), record(2, phone="0900000009"), dry_run=True
    )
    assert [line["outcome"] for line in (await look(rig, batch_id, 5))["results"]] == ["rejected", "rejected"]
    for row, case in ((3, 1), (3, 3), (5, 2)):
        answer = await mend(rig, batch_id, row, record(row * 10, case_id=record(case)["case_id"]))
        assert [each["rule"] for each in answer.json()["errors"]] == ["V-DUPLICATE"], (row, case)
    assert await mended(rig, batch_id, 3, record(2)) == _BOTH
    assert await mended(rig, batch_id, 5, record(4)) == _BOTH
    assert await outcomes(rig, await issue_rehearsal(rig, batch_id)) == Counter(issued=6, rejected=2)


async def test_a_dry_runs_other_rows_are_known(rig: Rig) -> None:
    """A leave of the same person that would be issued is warned of; an illness that is not over rejects the
    recovery.
    """
    other_leave = record(
        1,
        case_id="TH-220301-1",
        positive_on="2022-02-10",
        isolation_from="2022-02-10",
        isolation_to="2022-02-17",
        examined_on="2022-02-10",
        last_test_on="2022-02-17",
    )
    batch_id = await handed_in(rig, wrong(1), other_leave, dry_run=True)
    results = (await mend(rig, batch_id, 2, record(1))).json()["results"]
    assert [rule["id"] for line in results for rule in line["rules"] if rule["id"] != "W-MENDED"] == [
        "A-OVERLAP"
    ]
    ill_again = record(
        1,
        case_id="TH-220501-1",
        positive_on="2022-05-01",
        wants_sick_leave="0",
        wants_recovery="0",
        outcome="active",
        sex="9",
    )
    batch_id = await handed_in(rig, wrong(1), ill_again, dry_run=True)
    assert await mended(rig, batch_id, 2, record(1)) == ["would_issue", "rejected"]
    issued = await issue_rehearsal(rig, batch_id)
    assert await outcomes(rig, issued) == Counter(issued=1, rejected=1, none=2)


async def test_an_illness_that_a_dry_runs_other_row_says_is_over_is_over(rig: Rig) -> None:
    """Known as open from an earlier file."""
    ill_again = record(
        1,
        case_id="TH-220501-1",
        positive_on="2022-05-01",
        wants_sick_leave="0",
        wants_recovery="0",
        outcome="active",
    )
    over = record(1, case_id="TH-220501-1", wants_sick_leave="0", wants_recovery="0")
    await handed_in(rig, ill_again, dry_run=False)
    batch_id = await handed_in(rig, wrong(1), dry_run=True)
    assert await mended(rig, batch_id, 2, record(1)) == ["would_issue", "rejected"]
    batch_id = await handed_in(rig, wrong(1), over, dry_run=True)
    assert await mended(rig, batch_id, 2, record(1)) == _BOTH


async def test_a_batchs_history_is_known(rig: Rig) -> None:
    """An illness of the same file that is not over rejects a mended recovery, as it would have in its
    turn.
    """
    ill_again = record(
        1,
        case_id="TH-220501-1",
        positive_on="2022-05-01",
        wants_sick_leave="0",
        wants_recovery="0",
        outcome="active",
    )
    batch_id = await handed_in(rig, wrong(1), ill_again, dry_run=False)
    assert await mended(rig, batch_id, 2, record(1)) == ["pending", "rejected"]
    assert await refused(rig, batch_id, 2, record(1)) == (422, "rejected")


async def test_a_case_issued_meanwhile_is_existing(rig: Rig) -> None:
    """Nothing is issued twice: the row leads to the paper that is there, or is a duplicate where that says
    something else.
    """
    batch_id = await handed_in(rig, wrong(1), wrong(2), dry_run=False)
    elsewhere = await handed_in(rig, record(1), record(2, employer="Công ty khác"), dry_run=False)
    assert await mended(rig, batch_id, 2, record(1)) == ["existing", "existing"]
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["existing"], batch["counts"]["certificates"]) == ("done", 2, 0)
    answer = await mend(rig, batch_id, 3, record(2))
    assert [each["rule"] for each in answer.json()["errors"]] == ["V-DUPLICATE"]
    assert await outcomes(rig, elsewhere) == Counter(issued=4)


@pytest.mark.parametrize("dry_run", [True, False])
async def test_of_two_at_the_same_moment_one_wins(rig: Rig, dry_run: bool) -> None:
    """The others are told; the row is what the winner wrote."""
    batch_id = await handed_in(rig, wrong(1), dry_run=dry_run)
    answers = await asyncio.gather(
        *(mend(rig, batch_id, 2, record(1, employer=f"Công ty {number}")) for number in range(5))
    )
    assert Counter(answer.status_code for answer in answers) == Counter({200: 1, 409: 4})
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"nothing_to_mend"}
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 200)
    assert (await look(rig, batch_id, 2))["record"]["employer"] == f"Công ty {winner}"
    await rig.work()
    assert_adds_up(await state(rig, batch_id))
    assert len((await rig.call("GET", "/v1/certificates")).json()["items"]) == (0 if dry_run else 2)


async def test_who_looked_at_an_older_version_is_told(rig: Rig) -> None:
    """Where a row was mended in part, and is still open."""
    batch_id = await handed_in(rig, wrong(1), dry_run=True)
    assert await mended(rig, batch_id, 2, record(1, outcome="active"), version=0) == [
        "would_issue",
        "rejected",
    ]
    assert await refused(rig, batch_id, 2, record(1), version=0) == (409, "row_changed")
    assert await mended(rig, batch_id, 2, record(1), version=1) == _BOTH


async def test_the_same_key_mends_once(rig: Rig) -> None:
    """The stored answer holds nothing of the record."""
    batch_id = await handed_in(rig, wrong(1), dry_run=False)
    key = {"Idempotency-Key": "mend"}
    first, second = [await mend(rig, batch_id, 2, record(1), headers=key) for _ in range(2)]
    assert (first.status_code, second.headers.get("Idempotent-Replayed"), first.json()) == (
        200,
        "true",
        second.json(),
    )
    assert record(1)["full_name"] not in first.text
    assert await refused(rig, batch_id, 2, record(3), headers=key) == (422, "idempotency_key_reused")


async def test_what_is_not_read_whole_is_not_mended(rig: Rig) -> None:
    """Being read, cancelled, failed: refused, each with its own words; resumed it can be mended."""
    reading = (await rig.submit(as_csv(wrong(1)))).json()["id"]
    assert await refused(rig, reading, 2, record(1)) == (409, "still_being_read")
    await rig.read()
    await change(rig, batch_id := (await rig.submit(as_csv(wrong(5), record(6)))).json()["id"], "cancel")
    assert await refused(rig, batch_id, 2, record(5)) == (409, "batch_cancelled")
    assert (await rig.call("GET", f"/v1/batches/{batch_id}/rows/2")).json()["code"] == "no_such_row"
    await change(rig, batch_id, "resume")
    await rig.work()
    assert await mended(rig, batch_id, 2, record(5)) == ["pending", "pending"]
    broken = await handed_in(
        rig,
        dry_run=False,
        data=json.dumps([wrong(8), *(record(number) for number in range(101, 130))]).encode()[:-20],
    )
    assert (await state(rig, broken))["status"] == BatchStatus.FAILED
    assert await refused(rig, broken, 1, record(8)) == (409, "not_read_whole")


async def test_who_may_look_and_who_may_mend(rig: Rig) -> None:
    """Auditors see no cells and no code; admins see, and do not mend; to other stations and insurers there is
    no such batch.
    """
    batch_id = await handed_in(rig, record(1), wrong(2), dry_run=False, role="facility")
    seen = await look(rig, batch_id, 2, role="auditor")
    assert (seen["record"], {line["code"] for line in seen["results"]}) == (None, {None})
    assert (await look(rig, batch_id, 3, role="admin"))["record"]["phone"] == record(2)["phone"]
    assert await refused(rig, batch_id, 3, record(2), role="auditor") == (403, "read_only")
    assert await refused(rig, batch_id, 3, record(2), role="admin") == (403, "not_yours")
    assert await refused(rig, batch_id, 3, record(2), role="insurer") == (404, "no_such_batch")
    assert (await rig.call("GET", f"/v1/batches/{batch_id}/rows/3")).status_code == 404
    answer = await mend(rig, batch_id, 3, record(2, facility="01802"), role="facility")
    assert [each["rule"] for each in answer.json()["errors"]] == ["V-FACILITY"]
    assert await mended(rig, batch_id, 3, record(2), role="facility") == ["pending", "pending"]
    assert await refused(rig, batch_id, 99, record(2), role="facility") == (404, "no_such_row")


async def test_a_mended_paper_that_fails_is_replayed(rig: Rig) -> None:
    """With the batch, as any of its papers."""
    batch_id = await handed_in(rig, record(1), wrong(2), dry_run=False)
    await mended(rig, batch_id, 3, record(2))
    await rig.issue(press=StandInPress(refuse=lambda _: unfit()))
    await rig.work()
    assert (await state(rig, batch_id))["counts"]["failed"] == 2
    await change(rig, batch_id, "replay")
    await rig.work()
    assert (await state(rig, batch_id))["counts"]["issued"] == 4
