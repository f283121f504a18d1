"""How a file is read: sick leaves first, recoveries then, so that what stands further down is known in
time.
"""

import io
import json
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from certsvc.clock import utc_now
from certsvc.errors import Conflict
from certsvc.issuing.batches.reading import Steps
from certsvc.models import Episode
from tests.support.changing import change, read_until, state
from tests.support.records import as_csv, record
from tests.support.rig import Rig

RECOVERED = record(1)
SAME_PERSON = {
    name: RECOVERED[name]
    for name in (
        "full_name",
        "birth_date",
        "citizen_id",
        "social_insurance_no",
        "health_insurance_card",
        "phone",
    )
}
ILL_AGAIN = record(2) | SAME_PERSON
ILL_AGAIN |= {
    "positive_on": "2022-02-27",
    "isolation_from": "2022-02-27",
    "isolation_to": "2022-03-06",
    "examined_on": "2022-02-27",
    "outcome": "active",
}
ILL_AGAIN |= {
    "last_test_on": "",
    "last_test_result": "",
    "last_test_by": "",
    "wants_sick_leave": "0",
    "wants_recovery": "0",
}
ON_LEAVE_TWICE = record(3) | SAME_PERSON
ON_LEAVE_TWICE |= {
    "facility_code": "01802",
    "practitioner_licence": "000012/HNO-CCHN",
}  # at one station it would be one examination too many
OTHERS = [record(number) for number in range(11, 15)]


@pytest.fixture
def steps() -> Steps:
    """So that a file of a few rows takes several transactions."""
    return Steps(first=2, most=2)


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def _fates(rig: Rig, batch_id: str, case_id: str) -> dict[str, tuple[str, list[str]]]:
    lines = [line for line in await rig.results(batch_id) if line["case_id"] == case_id]
    return {line["kind"]: (line["outcome"], [rule["id"] for rule in line["rules"]]) for line in lines}


async def _at_chunk(rig: Rig, batch_id: str, chunk: int) -> list[dict[str, Any]]:
    """The results as they are after so many chunks; the file is read to its end."""
    seen: list[dict[str, Any]] = []

    async def look() -> None:
        seen.extend(await rig.results(batch_id))

    await read_until(rig, batch_id, chunk, look)
    return seen


async def test_the_first_rows_can_be_signed_while_the_rest_is_unread(rig: Rig) -> None:
    """After the first chunk its sick leaves are asked for; recoveries come when every row was seen."""
    batch_id = (await rig.submit(as_csv(*OTHERS))).json()["id"]
    lines = await _at_chunk(rig, batch_id, 1)
    assert [(line["row"], line["kind"], line["outcome"]) for line in lines] == [
        (2, "sick_leave", "pending"),
        (3, "sick_leave", "pending"),
    ]
    assert [(line["row"], line["kind"]) for line in await rig.results(batch_id)] == [
        (row, kind) for row in range(2, 6) for kind in ("sick_leave", "recovery")
    ]


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_who_is_ill_again_further_down_gets_no_recovery(rig: Rig, dry_run: str) -> None:
    """However far down it stands; the leave of the first illness is good."""
    batch_id = (await rig.submit(as_csv(RECOVERED, *OTHERS, ILL_AGAIN), dry_run=dry_run)).json()["id"]
    await rig.work()
    fates = await _fates(rig, batch_id, RECOVERED["case_id"])
    assert fates["sick_leave"][0] == ("would_issue" if dry_run == "true" else "issued")
    assert fates["recovery"] == ("rejected", ["R-REINFECTION"])
    assert (await state(rig, batch_id))["counts"]["certificates"] == 2 * len(OTHERS) + 1


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 5])
async def test_a_reader_that_goes_on_knows_what_the_first_one_knew(rig: Rig, chunk: int) -> None:
    """Wherever it stopped, also when all leaves were judged; none is judged twice."""
    batch_id = (await rig.submit(as_csv(RECOVERED, *OTHERS, ILL_AGAIN))).json()["id"]
    with pytest.raises(Conflict, match="batch_cancelled"):
        await read_until(rig, batch_id, chunk, lambda: change(rig, batch_id, "cancel"))
    await change(rig, batch_id, "resume")
    await rig.work()
    assert (await _fates(rig, batch_id, RECOVERED["case_id"]))["recovery"] == ("rejected", ["R-REINFECTION"])
    assert (await state(rig, batch_id))["counts"]["issued"] == 2 * len(OTHERS) + 1


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 5])
async def test_a_dry_run_that_goes_on_knows_what_it_knew(rig: Rig, chunk: int) -> None:
    """Though nothing of it is in the database but what became of its rows."""
    batch_id = (await rig.submit(as_csv(RECOVERED, *OTHERS, ON_LEAVE_TWICE), dry_run="true")).json()["id"]
    with pytest.raises(Conflict, match="batch_cancelled"):
        await read_until(rig, batch_id, chunk, lambda: change(rig, batch_id, "cancel"))
    await change(rig, batch_id, "resume")
    await rig.work()
    assert (await _fates(rig, batch_id, ON_LEAVE_TWICE["case_id"]))["sick_leave"] == (
        "would_issue",
        ["A-OVERLAP"],
    )
    assert (await state(rig, batch_id))["counts"]["rows"] == len(OTHERS) + 2


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_an_illness_that_the_file_says_is_over_stands_in_nobodys_way(rig: Rig, dry_run: str) -> None:
    """Known as open from an earlier file; the row that says otherwise may stand further down."""
    await rig.submit(as_csv(ILL_AGAIN))
    await rig.work()
    over = ILL_AGAIN | {"outcome": "recovered"}
    batch_id = (await rig.submit(as_csv(RECOVERED, *OTHERS, over), dry_run=dry_run)).json()["id"]
    await rig.work()
    assert (await _fates(rig, batch_id, RECOVERED["case_id"]))["recovery"][0] == (
        "would_issue" if dry_run == "true" else "issued"
    )
    untouched = (await rig.submit(as_csv(RECOVERED), dry_run="true")).json()["id"]
    await rig.work()
    again = (await _fates(rig, untouched, RECOVERED["case_id"]))["recovery"]
    assert again == (("rejected", ["R-REINFECTION"]) if dry_run == "true" else ("existing", []))


@pytest.mark.parametrize("role", ["facility 01802", "insurer"])
async def test_of_another_facilitys_illnesses_a_file_says_nothing(rig: Rig, role: str) -> None:
    """A row that is rejected because of whose it is begins no illness under that facility's code, and ends
    none; an insurer's file without a facility does.
    """
    await rig.submit(as_csv(ILL_AGAIN), role=role, facility="01802")
    await rig.work()
    single = await rig.request(ILL_AGAIN | {"outcome": "active"}, role="facility 01802")
    assert single.status_code == 422
    assert await _illnesses(rig) == []
    await rig.submit(as_csv(ILL_AGAIN), role="facility")
    await rig.work()
    await rig.submit(as_csv(ILL_AGAIN | {"outcome": "recovered"}), role=role, facility="01802")
    await rig.work()
    assert await _illnesses(rig) == [("01801", ILL_AGAIN["case_id"])]
    await rig.submit(as_csv(ILL_AGAIN | {"outcome": "recovered"}))
    await rig.work()
    assert await _illnesses(rig) == []


async def _illnesses(rig: Rig) -> list[tuple[str, str]]:
    async with rig.res.db.read() as session:
        return [(each.facility_code, each.case_id) for each in await session.scalars(select(Episode))]


async def test_of_a_file_that_breaks_off_both_papers_of_the_rows_before_stand(rig: Rig) -> None:
    """The batch has failed and says why; what was judged is issued."""
    rig = replace(rig, steps=Steps(first=2, most=100))
    whole = json.dumps([record(number) for number in range(1, 202)]).encode()
    batch_id = (await rig.submit(whole[: whole.rindex(b"{") + 9])).json()["id"]
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["problem"]["code"]) == ("failed", "broken_json")
    assert (batch["counts"]["rows"], batch["counts"]["issued"]) == (200, 400)


async def test_a_workbook_given_back_says_which_paper_was_not_judged(rig: Rig) -> None:
    """Cancelled among the sick leaves: the recovery of a judged row is as open as a row that was not
    reached.
    """
    batch_id = (await rig.submit(as_csv(*OTHERS))).json()["id"]
    with pytest.raises(Conflict, match="batch_cancelled"):
        await read_until(rig, batch_id, 1, lambda: change(rig, batch_id, "cancel"))
    answer = await rig.call("GET", f"/v1/batches/{batch_id}/results", params={"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    width = len(OTHERS[0])
    told = [[cell.value for cell in row[width : width + 3]] for row in sheet.iter_rows(min_row=2)]
    why = "Đã huỷ trước khi ký: hãy cho lô chạy tiếp (resume), hoặc gửi lại hồ sơ này."
    assert told == [["Đã huỷ", "Chưa xét", why]] * 2 + [["Chưa xét", "Chưa xét", None]] * 2


async def test_reading_twice_at_once_leaves_one_reader(rig: Rig) -> None:
    """Whoever comes second, in whichever pass, finds the row judged and stops."""
    batch_id = (await rig.submit(as_csv(*OTHERS))).json()["id"]

    async def overtake() -> None:
        await change(rig, batch_id, "cancel")
        await change(rig, batch_id, "resume")
        await rig.read(clock=utc_now)

    with pytest.raises(Conflict, match="taken_over"):
        await read_until(rig, batch_id, 3, overtake)
    await rig.work()
    assert (await state(rig, batch_id))["counts"]["issued"] == 2 * len(OTHERS)
