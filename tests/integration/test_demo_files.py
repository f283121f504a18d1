"""A file that the demo hands in is followed until nothing more happens by itself."""

import asyncio
import datetime as dt
import io
from pathlib import Path

import pytest
from rich.console import Console

from certsvc.cli.demo.handing_in import hand_in
from certsvc.errors import Broken
from tests.support.approving import HERE, require
from tests.support.records import as_csv, record
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def _told(rig: Rig, file: Path, *, day: dt.date | None = None) -> str:
    """What is printed in the end, while somebody plays the worker."""
    console = Console(file=io.StringIO(), width=400)
    handed_in = asyncio.create_task(
        hand_in(rig.res, file, key=rig.station.keys["insurer"], console=console, day=day)
    )
    while not handed_in.done():
        await rig.work()
        await asyncio.sleep(0.05)
    await handed_in
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()[-1]


async def test_what_became_of_a_file_is_told(rig: Rig, tmp_path: Path) -> None:
    """Issued at first, existing when it comes again; rejected rows are no failure."""
    file = tmp_path / "cases.csv"
    file.write_bytes(as_csv(record(1), record(2, sex="x")))
    assert (
        await _told(rig, file)
        == "2 hồ sơ: 2 giấy mới, 0 giấy đã có, 1 hồ sơ bị từ chối. / 2 cases: 2 issued now, 0 issued before,"
        " 1 rejected."
    )
    assert "/ 2 cases of 01/12/2026: 0 issued now, 2 issued before, 1 rejected." in await _told(
        rig, file, day=dt.date(2026, 12, 1)
    )


async def test_nobody_waits_for_a_stations_head(rig: Rig, tmp_path: Path) -> None:
    """What a head is to approve keeps the batch running; the demo goes on all the same."""
    await require(rig, HERE)
    file = tmp_path / "cases.csv"
    file.write_bytes(as_csv(record(1), record(2, facility="01802")))
    assert "2 cases: 2 issued now, 0 issued before, 0 rejected." in await _told(rig, file)


async def test_a_key_that_is_not_good_is_told(rig: Rig, tmp_path: Path) -> None:
    """Then nothing is handed in."""
    with pytest.raises(Broken) as refused:
        await hand_in(rig.res, tmp_path / "none.csv", key="certsvc_none", console=Console(file=io.StringIO()))
    assert refused.value.code == "no_demo_key"
