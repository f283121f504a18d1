"""What a batch tells: lines, CSV that no spreadsheet runs, an archive of the very files, counts that add
up.
"""

import csv
import gc
import hashlib
import io
import json
import uuid
import zipfile
from pathlib import Path

import pytest

from certsvc.clock import day_in_hanoi, utc_now
from certsvc.issuing.batches import results
from certsvc.store.batches import LINES_AT_ONCE
from tests import make_f0_cases as maker
from tests.support.expectation import expected_in, fates_of
from tests.support.ods import as_ods
from tests.support.records import as_csv, record
from tests.support.rig import Rig

SAMPLE = Path(__file__).parent.parent / "data" / "f0_sample"


@pytest.mark.parametrize("dry_run", ["true", "false"])
@pytest.mark.parametrize(
    "form", ["f0_cases.csv", "f0_cases_vi.csv", "f0_cases_vi.xlsx", "ods", "json", "ndjson"]
)
async def test_the_sample_comes_out_as_expected(rig: Rig, form: str, dry_run: str, tmp_path: Path) -> None:
    """Outcome of every row and kind, days, warnings, in each form, tried and in earnest, on a register that
    knows none of them.
    """
    batch_id = (await rig.submit(sample_as(form, tmp_path), dry_run=dry_run)).json()["id"]
    await rig.read()
    lines = await rig.results(batch_id)
    assert fates_of(lines) == expected_in(SAMPLE)
    assert {line["outcome"] for line in lines} == {
        "would_issue" if dry_run == "true" else "pending",
        "none",
        "rejected",
    }
    batch = (await rig.call("GET", f"/v1/batches/{batch_id}")).json()
    assert (batch["counts"]["rows"], batch["counts"]["certificates"], batch["counts"]["rejected"]) == (
        200,
        264,
        21,
    )
    counts = batch["counts"]
    assert counts["rows"] == counts["accepted"] + counts["rejected"] + counts["none"]
    assert batch["status"] == ("done" if dry_run == "true" else "running")
    assert len((await rig.call("GET", "/v1/certificates?limit=200")).json()["items"]) == (
        0 if dry_run == "true" else 200
    )


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_people_who_are_ill_today_come_out_as_expected(rig: Rig, dry_run: str, tmp_path: Path) -> None:
    """So do a thousand made cases, three in ten of people whose leave runs on from today: tried and in
    earnest.
    """
    made = maker.make(rows=1000, seed=1, living=0.3, today=day_in_hanoi(utc_now()))
    maker.write(tmp_path, made)
    batch_id = (await rig.submit((tmp_path / "f0_cases.csv").read_bytes(), dry_run=dry_run)).json()["id"]
    await rig.read()
    found = fates_of(await rig.results(batch_id))
    assert found == expected_in(tmp_path)
    living = [case["case_id"] for case in made.cases if case["positive_on"] > "2026"]
    assert len(living) == 300
    assert {found[case_id].sick_leave for case_id in living} == {"issue"}


def sample_as(form: str, folder: Path) -> bytes:
    """The sample in one of its forms, or written in another format."""
    if (SAMPLE / form).exists():
        return (SAMPLE / form).read_bytes()
    with (SAMPLE / "f0_cases.csv").open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.DictReader(file))
    if form == "ods":
        return as_ods(folder / "sample", *records).read_bytes()
    return (
        json.dumps(records).encode()
        if form == "json"
        else b"\n".join(json.dumps(each).encode() for each in records)
    )


async def test_a_long_batch_comes_whole_and_in_the_order_of_the_file(rig: Rig) -> None:
    """More lines than one page of the database: each row once, in order, sick leave before recovery."""
    rows = LINES_AT_ONCE + 101
    batch_id = (
        await rig.submit(as_csv(*(record(number) for number in range(1, rows + 1))), dry_run="true")
    ).json()["id"]
    await rig.read()
    lines = await rig.results(batch_id)
    assert [(line["row"], line["kind"]) for line in lines] == [
        (row, kind) for row in range(2, rows + 2) for kind in ("sick_leave", "recovery")
    ]
    assert {line["outcome"] for line in lines} == {"would_issue"}


@pytest.mark.parametrize("again", ["f0_cases_vi.csv", "f0_cases_vi.xlsx"])
async def test_the_same_cases_in_another_form_are_existing(rig: Rig, again: str) -> None:
    """The same file twice, and in another form: every certificate is the one asked for before."""
    first = (await rig.submit((SAMPLE / "f0_cases.csv").read_bytes())).json()["id"]
    await rig.read()
    ids = {
        (line["case_id"], line["kind"]): line["certificate_id"]
        for line in await rig.results(first)
        if line["certificate_id"]
    }
    for form in ("f0_cases.csv", again):
        batch_id = (await rig.submit((SAMPLE / form).read_bytes())).json()["id"]
        await rig.read()
        lines = await rig.results(batch_id)
        assert {
            (line["case_id"], line["kind"]): line["certificate_id"]
            for line in lines
            if line["outcome"] == "existing"
        } == ids
        assert not [line for line in lines if line["outcome"] == "pending"]


async def test_no_cell_of_the_csv_is_a_formula(rig: Rig) -> None:
    """A case id that a spreadsheet would run gets an apostrophe in front; numbers stay numbers."""
    evil = ["=HYPERLINK(1)", "+1", "-1+1", "@SUM(A1)", "\t=1", "＝1"]
    file = as_csv(
        *(record(number, case_id=case_id, sex="x") for number, case_id in enumerate(evil)), record(99)
    )
    batch_id = (await rig.submit(file)).json()["id"]
    await rig.work()
    answer = await rig.call("GET", f"/v1/batches/{batch_id}/results?format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert len(rows) == 14
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+-@\t\r\n"]
    assert "'=HYPERLINK(1)" in {row["case_id"] for row in rows}
    issued = next(row for row in rows if row["outcome"] == "issued" and row["kind"] == "sick_leave")
    assert issued["days"] == "8"
    assert issued["verify_url"].startswith("http")


async def test_the_archive_holds_the_very_files(rig: Rig) -> None:
    """Named by serial and case, byte for byte as downloaded; results.csv beside; nothing of rejected or
    revoked ones.
    """
    file = as_csv(
        record(1), record(2, case_id="../../evil/ca se"), record(3, sex="x"), record(4, wants_recovery="0")
    )
    batch_id = (await rig.submit(file)).json()["id"]
    await rig.work()
    lines = await rig.results(batch_id)
    withdrawn = next(
        line for line in lines if line["case_id"] == record(4)["case_id"] and line["kind"] == "sick_leave"
    )
    await rig.call("POST", f"/v1/certificates/{withdrawn['certificate_id']}/revoke", json={"reason": "fraud"})
    answer = await rig.call("GET", f"/v1/batches/{batch_id}/archive.zip")
    assert answer.headers["Content-Type"] == "application/zip"
    issued = [line for line in lines if line["outcome"] == "issued" and line is not withdrawn]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == len(issued) + 1
        for line in issued:
            [name] = [name for name in archive.namelist() if name.startswith(f"{line['serial']}_")]
            assert "/" not in name
            data = archive.read(name)
            assert (
                hashlib.sha256(data).hexdigest()
                == (await rig.certificate(line["certificate_id"]))["pdf_sha256"]
            )
        table = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode("utf-8-sig"))))
        assert len(table) == len(lines)
        assert [(line["serial"], line["reason"]) for line in table if line["status"] == "revoked"] == [
            (withdrawn["serial"], "fraud")
        ]
    assert {line["outcome"] for line in lines if line["case_id"] == record(3)["case_id"]} == {"rejected"}


async def test_an_archive_leaves_nothing_that_only_the_collector_frees(dummy_rig: Rig) -> None:
    """Long-running processes call the collector of cycles seldom: what each member left there would add
    up.
    """
    members, archives = 200, 5
    batch = uuid.UUID(
        (await dummy_rig.submit(as_csv(*(record(number) for number in range(members // 2))))).json()["id"]
    )
    await dummy_rig.work()
    res, zips = dummy_rig.res, []
    gc.collect()
    gc.disable()
    try:
        for _ in range(archives):
            content = results.archive_zip(
                res.db, batch, archive=res.archive, vault=res.vault, base_url="http://x", now=utc_now()
            )
            zips.append(b"".join([piece async for piece in content]))
        unreachable = gc.collect()
    finally:
        gc.enable()
    assert unreachable == 0
    for each in zips:
        with zipfile.ZipFile(io.BytesIO(each)) as opened:
            assert sum(opened.read(name).startswith(b"%PDF") for name in opened.namelist()) == members


async def test_rejections_come_with_all_their_errors(rig: Rig) -> None:
    """All of a row at once, with its row number, in both languages."""
    batch_id = (
        await rig.submit(as_csv(record(1), record(2, sex="x", birth_date="hai mươi", phone="12")))
    ).json()["id"]
    await rig.work()
    line = next(each for each in await rig.results(batch_id) if each["outcome"] == "rejected")
    assert line["row"] == 3
    assert {"V-SEX", "V-BIRTH", "V-PHONE"} <= {rule["id"] for rule in line["rules"]}
    assert all(rule["message_vi"] and rule["message_en"] for rule in line["rules"])
    assert {rule["field"] for rule in line["rules"]} >= {"sex", "birth_date", "phone"}
