"""The next decision of the Ministry is data: entered on the command line, judged by at once, printed, and
kept by what it judged.
"""

import asyncio
import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, select

from certsvc import migrations
from certsvc.clock import day_in_hanoi, utc_now
from certsvc.issuing.rulebooks import load_rulebook
from certsvc.models import Certificate, RuleRow
from certsvc.records import CareSetting
from tests.support.records import record
from tests.support.rig import Rig

TODAY = day_in_hanoi(utc_now())
DECISION = """
[[discharge_rules]]
id = "discharge-9999"
valid_from = {first}
care_settings = ["home", "hospital"]
min_days = 5
first_test_day = 5
vaccinated_days = 7
other_days = 10
min_doses = 2
dose_lead_days = 14
decision = "9999/QĐ-BYT"
decided_on = {first}
basis = "QĐ 9999/QĐ-BYT"
"""


def _over_today(number: int, **changes: str) -> dict[str, str]:
    """Somebody whose isolation ended today, tested today on the eighth day."""
    began = {
        name: (TODAY - dt.timedelta(days=7)).isoformat()
        for name in ("positive_on", "isolation_from", "examined_on")
    }
    ended = dict.fromkeys(("last_test_on", "isolation_to"), TODAY.isoformat())
    return record(number) | began | ended | changes


async def _certsvc(rig: Rig, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own."""
    words = [sys.executable, "-m", "certsvc", *map(str, arguments)]
    env = os.environ | rig.station.settings.as_environment()
    return await asyncio.to_thread(
        subprocess.run, words, env=env, capture_output=True, text=True, check=False
    )


def _file(folder: Path, text: str = DECISION, *, first: dt.date = TODAY) -> Path:
    path = folder / "next.toml"
    path.write_text(text.format(first=first.isoformat()), encoding="utf-8")
    return path


async def _printed(rig: Rig, certificate_id: str, folder: Path) -> str:
    answer = await rig.call("GET", f"/v1/certificates/{certificate_id}/pdf")
    (folder / "paper.pdf").write_bytes(answer.content)
    words = ["pdftotext", "-layout", str(folder / "paper.pdf"), "-"]
    told = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=True)
    return " ".join(told.stdout.split())


async def _broken_rules(rig: Rig, row: dict[str, str]) -> list[str]:
    answer = await rig.request(row, kind="recovery")
    assert answer.status_code == 422, answer.text
    return [each["rule"] for each in answer.json()["errors"]]


async def test_a_decision_entered_as_data_is_judged_by_and_printed(rig: Rig, tmp_path: Path) -> None:
    """Who recovered today gets no paper before the decision is entered; then at once, and the paper cites its
    number and date.
    """
    assert await _broken_rules(rig, _over_today(1)) == ["R-NO-RULE"]
    checked = await _certsvc(rig, "rules", "check", _file(tmp_path))
    assert (checked.returncode, "discharge-9999" in checked.stdout) == (0, True), checked.stderr
    assert await _broken_rules(rig, _over_today(1)) == ["R-NO-RULE"]
    added = await _certsvc(rig, "rules", "add", _file(tmp_path))
    assert added.returncode == 0, added.stderr

    paper = await rig.issued(_over_today(1), kind="recovery")
    text = await _printed(rig, paper["id"], tmp_path)
    assert f"9999/QĐ-BYT ngày {TODAY:%d/%m/%Y}" in text
    hospital = await rig.issued(_over_today(2, care_setting="hospital"), kind="recovery")
    assert "9999/QĐ-BYT" in await _printed(rig, hospital["id"], tmp_path)
    before = await rig.issued(record(3), kind="recovery")
    assert "261/QĐ-BYT" in await _printed(rig, before["id"], tmp_path)


async def test_what_was_judged_by_a_row_keeps_it(rig: Rig, tmp_path: Path) -> None:
    """A row withdrawn, or one put in its place, re-words neither what waits to be signed nor what is issued
    again.
    """
    assert (await _certsvc(rig, "rules", "add", _file(tmp_path))).returncode == 0
    paper = await rig.issued(_over_today(1), kind="recovery")
    waiting = (await rig.request(_over_today(2), kind="recovery")).json()["id"]
    withdrawn = await _certsvc(rig, "rules", "withdraw", "discharge-9999")
    assert (withdrawn.returncode, "2 papers" in withdrawn.stdout) == (0, True), withdrawn.stderr
    assert await _broken_rules(rig, _over_today(3)) == ["R-NO-RULE"]

    other = _file(tmp_path, DECISION.replace("9999", "8888"))
    assert (await _certsvc(rig, "rules", "add", other)).returncode == 0
    again = (
        await rig.call("POST", f"/v1/certificates/{paper['id']}/replace", json={"reason": "lost"})
    ).json()["id"]
    await rig.work()
    assert "9999/QĐ-BYT" in await _printed(rig, waiting, tmp_path)
    assert "9999/QĐ-BYT" in await _printed(rig, again, tmp_path)
    assert "8888/QĐ-BYT" in await _printed(
        rig, (await rig.issued(_over_today(3), kind="recovery"))["id"], tmp_path
    )


async def test_a_file_is_taken_whole_or_not_at_all(dummy_rig: Rig, tmp_path: Path) -> None:
    """One row that does not fit keeps the others out; what is wrong is told with its place, in both
    languages, and the exit code is 1.
    """
    text = DECISION + DECISION.replace("9999", "8888")
    answer = await _certsvc(dummy_rig, "rules", "add", _file(tmp_path, text))
    assert answer.returncode == 1
    assert (
        "dòng/row 2, discharge_rules.valid_from: «valid_from» trùng ngày bắt đầu của dòng «discharge-9999»"
        in answer.stderr
    )
    assert (await _certsvc(dummy_rig, "rules", "add", tmp_path / "nowhere.toml")).returncode == 2
    async with dummy_rig.res.db.read() as session:
        assert (await session.scalars(select(RuleRow))).all() == []


@pytest.mark.parametrize(
    ("row", "said"), [("discharge-604-2022", "came with the software"), ("nothing-of-ours", "no such rule")]
)
async def test_only_what_was_entered_can_be_withdrawn(dummy_rig: Rig, row: str, said: str) -> None:
    """What came with the software stays, and what is not there is not found."""
    answer = await _certsvc(dummy_rig, "rules", "withdraw", row)
    assert (answer.returncode, said in answer.stderr) == (1, True)


async def test_a_ceiling_that_is_needed_stays(dummy_rig: Rig, tmp_path: Path) -> None:
    """Withdrawing what follows a ceiling that ends would leave examinations without one."""
    row = '[[leave_ceilings]]\nid = "{id}"\nvalid_from = {first}\n{last}max_days = 45\nbasis = "TT 99"\n'
    rows = row.format(id="ends", first="2027-01-01", last="valid_to = 2027-12-31\n") + row.format(
        id="follows", first="2028-01-01", last=""
    )
    assert (await _certsvc(dummy_rig, "rules", "add", _file(tmp_path, rows))).returncode == 0
    refused = await _certsvc(dummy_rig, "rules", "withdraw", "follows")
    assert (refused.returncode, "no ceiling" in refused.stderr) == (1, True)
    async with dummy_rig.res.db.read() as session:
        rulebook = await load_rulebook(session)
    assert [rulebook.leave_ceiling_on(dt.date(year, 6, 1)).id for year in (2026, 2027, 2028)] == [
        "leave-tt25-2025",
        "ends",
        "follows",
    ]


async def test_staff_see_the_rows_that_hold(dummy_rig: Rig, tmp_path: Path) -> None:
    """Built-in and the operator's own, for every role; withdrawn ones are in the command line's list
    alone.
    """
    assert (await _certsvc(dummy_rig, "rules", "add", _file(tmp_path))).returncode == 0
    items = (await dummy_rig.call("GET", "/v1/rules", role="auditor")).json()["items"]
    assert [(each["id"], each["source"]) for each in items] == [
        ("leave-tt56-2017", "built_in"),
        ("leave-tt25-2025", "built_in"),
        ("discharge-261-2022", "built_in"),
        ("discharge-604-2022", "built_in"),
        ("discharge-9999", "operator"),
    ]
    assert (items[-1]["care_settings"], items[-1]["min_days"], items[-1]["max_days"]) == (
        ["home", "hospital"],
        5,
        None,
    )
    assert (await _certsvc(dummy_rig, "rules", "withdraw", "discharge-9999")).returncode == 0
    assert len((await dummy_rig.call("GET", "/v1/rules")).json()["items"]) == 4
    listed = await _certsvc(dummy_rig, "rules", "list", "--json")
    assert '"state": "withdrawn"' in listed.stdout


async def test_recoveries_of_before_get_the_rule_that_judged_them(dummy_rig: Rig) -> None:
    """The migration says of each by which of the two rows it was judged."""
    first = (await dummy_rig.request(record(1), kind="recovery")).json()["id"]
    later = {"isolation_to": "2022-03-14", "last_test_on": "2022-03-14"}
    second = (await dummy_rig.request(record(2) | later, kind="recovery")).json()["id"]
    leave = (await dummy_rig.request(record(3))).json()["id"]
    async with dummy_rig.res.db.engine.begin() as connection:
        await connection.run_sync(_downgrade_to, "0011")
    await dummy_rig.res.db.migrate()
    async with dummy_rig.res.db.read() as session:
        found = {str(each.id): each.discharge_rule for each in await session.scalars(select(Certificate))}
        rule = (await load_rulebook(session)).discharge_rule_on(dt.date(2022, 3, 14), CareSetting.HOME)
    assert rule is not None
    assert found == {first: "discharge-261-2022", second: rule.id, leave: None}


def _downgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.downgrade(config, revision)
