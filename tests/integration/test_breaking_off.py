"""Files that turn out broken while they are read: what was judged before is signed, and the batch is followed
to its end.
"""

from typing import Any

import pytest

from certsvc.clock import utc_now
from certsvc.issuing.finishing import finish_batches
from certsvc.models import Role
from tests.support.changing import change, outcomes, refusal, state, unfit
from tests.support.console import at_console, hand_in
from tests.support.hooks import log_of, subscribe
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress

CASES = 6
PAPERS = 2 * CASES
GOOD = as_csv(*(record(number) for number in range(1, CASES + 1)))
BROKEN = GOOD.rstrip() + b'\n"a quote that nobody closes\n'


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed is no matter here."""
    return dummy_rig


async def read(rig: Rig) -> tuple[str, Any]:
    """Such a file handed in and read, nothing signed yet: the batch's id, and the batch."""
    batch_id = (await rig.submit(BROKEN)).json()["id"]
    await rig.read()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["problem"]["code"], batch["counts"]["pending"], batch["finished_at"]) == (
        "failed",
        "unclosed_quote",
        PAPERS,
        None,
    )
    return batch_id, batch


async def test_it_ends_when_its_papers_are_signed(rig: Rig) -> None:
    """Events go on until then, and the end is announced once."""
    hook = await subscribe(rig, "https://receiver.example/hook", events=["batch.finished"])
    batch_id, _ = await read(rig)
    assert await log_of(rig, hook) == []
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["finished_at"] is None) == (
        "failed",
        PAPERS,
        False,
    )
    assert [entry["event"] for entry in await log_of(rig, hook)] == ["batch.finished"]
    assert "event: failed" in (await rig.call("GET", f"/v1/batches/{batch_id}/events")).text


async def test_what_waits_can_be_cancelled(rig: Rig) -> None:
    """The batch stays `failed`, and what is wrong with the file is still told; what is wanted of it is sent
    again.
    """
    batch_id, before = await read(rig)
    cancelled = await change(rig, batch_id, "cancel")
    assert (cancelled["status"], cancelled["counts"]["cancelled"], cancelled["finished_at"] is None) == (
        "failed",
        PAPERS,
        False,
    )
    assert cancelled["problem"] == before["problem"]
    await rig.work()
    assert await outcomes(rig, batch_id) == {"cancelled": PAPERS}
    assert [await refusal(rig, batch_id, name) for name in ("cancel", "resume")] == [(409, "batch_ended")] * 2
    again = (await rig.submit(GOOD)).json()["id"]
    await rig.work()
    assert await outcomes(rig, again) == {"issued": PAPERS}


async def test_what_failed_is_replayed(rig: Rig) -> None:
    """The batch goes on meanwhile, and stays `failed`."""
    batch_id, _ = await read(rig)
    while await rig.issue(press=StandInPress(refuse=lambda _: unfit())):
        pass
    await finish_batches(rig.res.db, now=utc_now())
    batch = await state(rig, batch_id)
    assert (batch["counts"]["failed"], batch["finished_at"] is None) == (PAPERS, False)
    replayed = await change(rig, batch_id, "replay")
    assert (replayed["status"], replayed["finished_at"]) == ("failed", None)
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["finished_at"] is None) == (
        "failed",
        PAPERS,
        False,
    )


async def test_the_console_says_so_and_lets_it_be_stopped(rig: Rig) -> None:
    """What is wrong and the results to mend at once; all PDFs when there are all."""
    async with at_console(rig, Role.INSURER) as browser:
        batch_id = (await hand_in(browser, BROKEN, dry_run="false")).headers["Location"].rpartition("/")[2]
        await rig.read()
        page = (await browser.get(f"/staff/batches/{batch_id}")).text
        assert (await state(rig, batch_id, role="admin"))["problem"]["message_vi"] in page
        assert "vẫn được ký" in page
        assert f"/staff/batches/{batch_id}/cancel" in page
        assert [
            f"/v1/batches/{batch_id}/{what}" in page for what in ("results?format=xlsx", "archive.zip")
        ] == [True, False]
        await rig.work()
        page = (await browser.get(f"/staff/batches/{batch_id}")).text
        assert f"/staff/batches/{batch_id}/cancel" not in page
        assert f"/v1/batches/{batch_id}/archive.zip" in page
