"""Figures of the last thirty days: by rule and by day, of real batches, each station its own."""

import datetime as dt
import re
from typing import Any

import pytest

from certsvc.api.recent import DAYS
from certsvc.clock import HANOI, day_in_hanoi, utc_now
from certsvc.models import Role
from certsvc.store import certificates, rejections
from tests.support.console import at_console
from tests.support.counting import plan, questions
from tests.support.every_route import OTHER, OWNER
from tests.support.mending import handed_in, mended, wrong
from tests.support.records import as_csv, record
from tests.support.rig import Rig

BEGAN_ON = day_in_hanoi(utc_now())


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


async def recent(rig: Rig, role: str = "admin", **params: str) -> tuple[dict[str, int], dict[str, int]]:
    """What was rejected by rule, and today's figures; where midnight has come meanwhile, those of both
    days.
    """
    figures: dict[str, Any] = (await rig.call("GET", "/v1/stats", role=role, params=params)).json()["recent"]
    today = [day for day in figures["days"] if day["day"] >= BEGAN_ON.isoformat()]
    return {each["rule"]: each["count"] for each in figures["rules"]}, {
        name: sum(day[name] for day in today) for name in ("issued", "rejected")
    }


async def test_stations_see_their_own(rig: Rig) -> None:
    """Also of an insurer's batch; what another station's file says of them is not theirs. Dry runs do not
    count.
    """
    await handed_in(
        rig,
        record(1),
        wrong(2),
        record(3, phone="1"),
        wrong(4, facility=OTHER),
        record(5, facility_code="99999"),
        dry_run=False,
    )
    await handed_in(rig, wrong(6), dry_run=True)
    other = f"facility {OTHER}"
    await handed_in(rig, wrong(7), dry_run=False, role=other)  # names the first station
    assert await recent(rig, "facility") == ({"V-DATE-ORDER": 2, "V-PHONE": 2}, {"issued": 2, "rejected": 4})
    assert (await recent(rig, other))[1] == {"issued": 0, "rejected": 4}
    assert (await recent(rig))[1] == {"issued": 2, "rejected": 10}
    assert await recent(rig, facility=OWNER) == await recent(rig, "facility")
    assert await recent(rig, other, facility=OWNER) == ({}, {"issued": 0, "rejected": 0})
    assert (await rig.call("GET", "/v1/stats", role=other, params={"facility": OWNER})).json()["items"] == []


async def test_what_is_mended_is_no_longer_rejected(rig: Rig) -> None:
    batch_id = await handed_in(rig, wrong(1), wrong(2), dry_run=False)
    assert await recent(rig) == ({"V-DATE-ORDER": 4}, {"issued": 0, "rejected": 4})
    await mended(rig, batch_id, 2, record(1))
    await rig.work()
    assert await recent(rig) == ({"V-DATE-ORDER": 2}, {"issued": 2, "rejected": 2})


async def test_days_are_hanois_and_thirty(rig: Rig) -> None:
    """What was handed in half an hour before midnight belongs to that day; the thirty-first day is gone."""
    today = day_in_hanoi(utc_now())
    late = dt.datetime.combine(today - dt.timedelta(days=1), dt.time(23, 30), tzinfo=HANOI)
    for at, case in (
        (late, 1),
        (late + dt.timedelta(hours=1), 2),
        (late - dt.timedelta(days=DAYS - 2), 3),
        (late - dt.timedelta(days=DAYS - 1), 4),
    ):
        rig.set_clock(at)
        await rig.submit(as_csv(wrong(case, wants_recovery="")))
        await rig.work()
    rig.set_clock(late + dt.timedelta(hours=2))
    days = (await rig.call("GET", "/v1/stats")).json()["recent"]["days"]
    assert (len(days), days[-1]["day"]) == (DAYS, today.isoformat())
    assert {each["day"]: each["rejected"] for each in days if each["rejected"]} == {
        today.isoformat(): 1,
        (today - dt.timedelta(days=1)).isoformat(): 1,
        (today - dt.timedelta(days=DAYS - 1)).isoformat(): 1,
    }


async def test_the_console_draws_them(rig: Rig) -> None:
    """Each rule with its number, its words and its rows; only who may see a batch is led to it."""
    batch_id = await handed_in(rig, record(1), wrong(2), wrong(3, facility=OTHER), dry_run=False)
    async with at_console(rig) as browser:
        for path in ("/staff", f"/staff/stations/{OWNER}"):
            page = (await browser.get(path)).text
            assert 'aria-label="V-DATE-ORDER: 2 giấy bị từ chối"' in page
            assert "30 ngày qua: đã cấp 2 giấy, từ chối 2 giấy" in page
            assert f"/staff/rejected?rule=V-DATE-ORDER&amp;facility={OWNER}" in page
        rows = (await browser.get("/staff/rejected", params={"rule": "V-DATE-ORDER"})).text
        assert (record(2)["case_id"] in rows, record(3)["case_id"] in rows, batch_id in rows) == (
            True,
            False,
            False,
        )
        assert (
            record(2)["case_id"]
            not in (await browser.get("/staff/rejected", params={"rule": "V-PHONE"})).text
        )
        assert (
            await browser.get("/staff/rejected", params={"rule": "V-DATE-ORDER", "facility": OTHER})
        ).status_code == 404
    async with at_console(rig, Role.AUDITOR) as browser:
        assert "từ chối 4 giấy" in (await browser.get("/staff")).text
        rows = (await browser.get("/staff/rejected", params={"rule": "V-DATE-ORDER"})).text
        assert (record(3)["case_id"] in rows, batch_id in rows) == (True, True)


async def test_figures_are_counted_in_indexes(rig: Rig) -> None:
    """Of a million certificates neither the console nor a Prometheus server has the table itself read."""
    since = utc_now() - dt.timedelta(days=DAYS)
    with questions(rig) as told:
        async with rig.res.db.read() as session:
            await certificates.figures(session, facility_code=None)
            await rejections.issued_by_day(session, facility_code=None, since=since)
            await rejections.issued_by_day(session, facility_code=OWNER, since=since)
    asked = [(statement, values) for statement, values in told if "FROM certificates" in statement]
    for (statement, values), index in zip(asked, ("figures", "signed", "signed"), strict=True):
        assert re.search(
            f"(COVERING INDEX|Index Only Scan using) ix_certificates_{index}",
            await plan(rig, statement, values),
        )
