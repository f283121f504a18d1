"""The files that mended rows come from: of every format, looked through in turns, and gone with all that was
mended in them.
"""

import asyncio
import io
import json
import uuid
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typing_extensions import override

from certsvc.clock import utc_now
from certsvc.files.blobs import Blobs
from certsvc.files.uploads import open_cells
from certsvc.issuing.erasing import forget_uploads
from certsvc.models import Batch, BatchAmendment
from certsvc.store import batch_rows
from tests.support.changing import outcomes
from tests.support.exchange import ct07, hschungtu, tags_of
from tests.support.mending import handed_in, issue_rehearsal, look, mended, refused, wrong
from tests.support.records import record
from tests.support.rig import Rig

_BOTH = ["would_issue", "would_issue"]


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


def _as_xlsx(*records: dict[str, str]) -> bytes:
    """With real days, and a title row above the header."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Danh sách"])
    sheet.append([*records[0]])
    for each in records:
        sheet.append([value or None for value in each.values()])
        sheet.cell(sheet.max_row, [*each].index("birth_date") + 1).value = 1988
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _as_ct07(*records: dict[str, str]) -> bytes:
    return hschungtu(*(ct07(tags_of(each)) for each in records))


_FORMATS: dict[str, tuple[Any, int]] = {
    "xlsx": (_as_xlsx, 4),
    "json": (lambda *records: json.dumps(records).encode(), 2),
    "ndjson": (lambda *records: b"\n".join(json.dumps(each).encode() for each in records), 2),
    "ct07": (_as_ct07, 2),
}


@pytest.mark.parametrize("file_format", _FORMATS)
async def test_rows_of_every_format_are_mended(rig: Rig, file_format: str) -> None:
    """As they are read now: what `GET` shows may be sent back with the fault mended, in a dry run and from
    there to papers.
    """
    make, row = _FORMATS[file_format]
    batch_id = await handed_in(rig, dry_run=True, data=make(record(1), record(2, sex="9")))
    shown = (await look(rig, batch_id, row))["record"]
    assert (shown["case_id"], shown["sex"]) == (record(2)["case_id"], "9")
    if file_format == "xlsx":
        assert shown["birth_date"] == "1988"
    wanted = ["would_issue", "none"] if file_format == "ct07" else _BOTH
    assert await mended(rig, batch_id, row, shown | {"sex": "Nữ"}) == wanted
    issued = Counter(await outcomes(rig, await issue_rehearsal(rig, batch_id)))
    assert issued["issued"] == 2 * (2 - wanted.count("none"))


async def test_a_dossier_that_nobody_could_read_is_written_anew(rig: Rig) -> None:
    """What the reader found of the old cells does not hold of the new."""
    broken = hschungtu(
        "<FILEHOSO><LOAIHOSO>CT07</LOAIHOSO><NOIDUNGFILE>@@</NOIDUNGFILE></FILEHOSO>",
        ct07(tags_of(record(1))),
    )
    batch_id = await handed_in(rig, dry_run=True, data=broken)
    assert {rule["id"] for line in (await look(rig, batch_id, 1))["results"] for rule in line["rules"]} == {
        "V-DOCUMENT"
    }
    assert await mended(rig, batch_id, 1, record(2)) == _BOTH


async def test_a_file_that_is_gone_takes_its_amendments_along(rig: Rig) -> None:
    """No cells any more, of the file or of what was mended; no mending; the fate of the rows stays."""
    batch_id = await handed_in(rig, wrong(1), wrong(2), dry_run=True)
    await mended(rig, batch_id, 2, record(1))
    await forget_uploads(rig.res.db, blobs=rig.res.blobs, created_before=utc_now())
    row = await look(rig, batch_id, 2)
    assert (row["record"], row["version"], [line["outcome"] for line in row["results"]]) == (None, 1, _BOTH)
    assert await refused(rig, batch_id, 3, record(2)) == (422, "file_not_kept")
    async with rig.res.db.read() as session:
        batch = await session.get_one(Batch, uuid.UUID(batch_id))
        [amendment] = await batch_rows.amendments_of(session, batch.id)
        with pytest.raises(ValueError, match="gone"):
            open_cells(batch, 2, amendment.cells, vault=rig.res.vault)


async def test_amendments_lie_sealed_and_bound_to_their_row(rig: Rig) -> None:
    """Nothing of a person in the column; moved to another row it does not open."""
    batch_id = await handed_in(rig, wrong(1), wrong(2), dry_run=True)
    await mended(rig, batch_id, 2, record(1))
    async with rig.res.db.begin() as session:
        amendment = await session.get_one(BatchAmendment, (uuid.UUID(batch_id), 2))
        assert b"case_id" not in amendment.cells
        session.add(
            BatchAmendment(
                batch_id=amendment.batch_id,
                row=3,
                version=1,
                cells=amendment.cells,
                by_id=amendment.by_id,
                at=amendment.at,
            )
        )
    answer = await rig.call("GET", f"/v1/batches/{batch_id}/rows/3")
    assert (answer.status_code, answer.json()["code"]) == (500, "blob_damaged")


async def test_files_are_looked_through_in_turns(rig: Rig) -> None:
    """However many ask at once: a row far down in a large file takes long, and everybody else's answers must
    not wait for it.
    """
    batch_id = await handed_in(rig, *(wrong(number) for number in range(1, 9)), dry_run=True)
    now = most = 0

    class Counted(Blobs):
        @override
        async def fetch(self, name: str, to: Path) -> None:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.05)
            await super().fetch(name, to)
            now -= 1

    rig.app.state.resources = replace(rig.res, blobs=Counted(rig.res.settings.obstore_url))
    rows = await asyncio.gather(*(look(rig, batch_id, row) for row in range(2, 10)))
    assert [row["record"]["case_id"] for row in rows] == [record(number)["case_id"] for number in range(1, 9)]
    assert most == 2
