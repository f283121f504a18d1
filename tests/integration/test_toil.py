"""The work that a file of cases asks for is bounded: rows that repeat, errors to write down, and one
organisation's files.
"""

import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from certsvc import worker
from certsvc.issuing.batches import reading
from certsvc.records.columns import CASES
from certsvc.store import batches
from tests.support.ods import content, row, sheet, write_ods
from tests.support.records import as_csv, record
from tests.support.rig import Rig

TITLES = [column.name for column in CASES.columns]


def _repeated(path: Path, times: int, columns: int) -> bytes:
    """A spreadsheet of a few kilobytes: one good row, then one that is repeated."""
    wide = f'<table:table-row table:number-rows-repeated="{times}"><table:table-cell'
    wide += f' office:value-type="string" table:number-columns-repeated="{columns}"><text:p>x</text:p>'
    wide += "</table:table-cell></table:table-row>"
    good = record(7)
    body = content(sheet(row(TITLES), row([good.get(name, "") for name in TITLES]), wide))
    return write_ods(path, body).read_bytes()


async def test_a_row_repeated_a_million_times_breaks_off(dummy_rig: Rig, tmp_path: Path) -> None:
    """After a thousand; what was before stands, and the answer says at which row."""
    data = _repeated(tmp_path / "wide.ods", 1_000_000, 16_384)
    assert len(data) < 4096
    batch = (await dummy_rig.submit(data)).json()
    await dummy_rig.read()
    state = (await dummy_rig.call("GET", f"/v1/batches/{batch['id']}")).json()
    assert (state["status"], state["problem"]["code"]) == ("failed", "repeated_rows")
    assert state["counts"]["accepted"] == 1
    assert reading.MOST_REPEATS <= state["counts"]["rejected"] <= 2 * reading.MOST_REPEATS
    assert "1003" in state["problem"]["message_vi"] or "1004" in state["problem"]["message_vi"]


async def test_equal_rows_of_a_usual_file_are_read(dummy_rig: Rig, tmp_path: Path) -> None:
    """A few hundred that somebody dragged down too far are rows like any other."""
    data = _repeated(tmp_path / "some.ods", 300, 5)
    batch = (await dummy_rig.submit(data)).json()
    await dummy_rig.read()
    state = (await dummy_rig.call("GET", f"/v1/batches/{batch['id']}")).json()
    assert (state["status"], state["counts"]["rows"]) == ("running", 301)


async def test_errors_beyond_number_break_off(dummy_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written down of a file is bounded, however its rows differ."""
    monkeypatch.setattr(reading, "MOST_ERRORS", 100)
    rows = [record(number, full_name="", sex="?", positive_on="x") for number in range(1, 60)]
    batch = (await dummy_rig.submit(as_csv(*rows))).json()
    await dummy_rig.read()
    state = (await dummy_rig.call("GET", f"/v1/batches/{batch['id']}")).json()
    assert (state["status"], state["problem"]["code"]) == ("failed", "too_many_errors")
    assert 0 < state["counts"]["rejected"] < 59


@pytest.mark.parametrize(("under_way", "is_read"), [(1, True), (2, False)])
async def test_one_organisation_reads_two_files_at_a_time(
    dummy_rig: Rig, under_way: int, is_read: bool
) -> None:
    """A third waits for the sweep, whoever's else is read meanwhile."""
    batch = (await dummy_rig.submit(as_csv(record(7)))).json()
    async with dummy_rig.res.db.read() as session:
        owner = await batches.owner_of(session, uuid.UUID(batch["id"]))
    reads = Counter({owner: under_way})
    ctx: dict[str, Any] = {"res": dummy_rig.res, "reading": reads, "job_id": "x"}
    await worker._read_batch(ctx, batch["id"])
    state = (await dummy_rig.call("GET", f"/v1/batches/{batch['id']}")).json()
    assert (state["status"] != "reading") is is_read
    assert reads[owner] == under_way
