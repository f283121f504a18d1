"""Nothing that a caller asks for keeps the event loop, in which everybody is answered, to itself."""

import io
from typing import Any

import pytest
from openpyxl import Workbook

from tests.support.loop import watched_loop
from tests.support.records import record
from tests.support.rig import Rig

LONGEST_S = 0.05
"""Of processor time; half the loop's work here is the client's, which runs in it too."""
CODES = 10_000


def _as_workbook(codes: list[str]) -> bytes:
    book, out = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for code in codes:
        sheet.append([code])
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("answer", ["ndjson", "csv", "xlsx"])
@pytest.mark.parametrize("kind", ["text", "csv", "xlsx"])
async def test_a_list_of_ten_thousand_codes(rig: Rig, kind: str, answer: str) -> None:
    """Whatever it is sent as, and comes back as."""
    known = (await rig.issued(record(7)))["code"]
    codes = [known, "0000-0000-0000-0001"] * (CODES // 2)
    lines = "\n".join(codes).encode()
    forms: dict[str, dict[str, Any]] = {
        "text": {"data": {"codes": lines.decode()}, "files": {"files": ("", b"")}},
        "csv": {"files": {"codes": ("a.csv", b"code\n" + lines)}},
        "xlsx": {"files": {"codes": ("a.xlsx", _as_workbook(["code", *codes]))}},
    }
    async with watched_loop() as loop:
        reply = await rig.call("POST", f"/v1/verify/batch?format={answer}", role=None, **forms[kind])
    assert reply.status_code == 200, reply.text
    assert len(reply.content) > CODES * 50
    assert loop.longest_s < LONGEST_S


async def test_a_list_as_a_page(rig: Rig) -> None:
    """The table of a thousand lines, and the figures over it."""
    form = {"codes": ("a.csv", b"code\n" + b"0000-0000-0000-0001\n" * CODES)}
    async with watched_loop() as loop:
        reply = await rig.call("POST", "/check/many", role=None, files=form)
    assert reply.status_code == 200, reply.text
    assert loop.longest_s < LONGEST_S
