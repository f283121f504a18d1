"""Rows mended on the console's pages, and the buttons that cancel, resume and replay."""

import datetime as dt
import html
import io
import re

import httpx2
import openpyxl
import pytest

from certsvc.api.words.console import FIELDS
from certsvc.models import Role
from certsvc.records.columns import CASES
from tests.support.changing import state, unfit
from tests.support.console import at_console, hand_in, send
from tests.support.every_route import OTHER
from tests.support.mending import handed_in, mended, wrong
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress

_FIELD = re.compile(r'<input class="form-control form-control-lg" id="(\w+)" name="\w+" value="([^"]*)"')


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


def shown(page: httpx2.Response) -> dict[str, str]:
    """What the form's fields hold."""
    assert page.status_code in {200, 422}, page.text
    return {name: html.unescape(value) for name, value in _FIELD.findall(page.text)}


def version_of(page: httpx2.Response) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found
    return found[1]


def test_the_form_has_every_field_once() -> None:
    """In some group."""
    assert sorted(name for names in FIELDS.values() for name in names) == sorted(
        column.name for column in CASES.columns
    )


async def test_rows_of_a_dry_run_are_mended_one_after_another(rig: Rig) -> None:
    """Each shows its cells and what is wrong; mended it leads to the next; then everything is issued, also
    what is mended after a first issuing.
    """
    async with at_console(rig) as browser:
        here = (await hand_in(browser, as_csv(record(1), wrong(2), wrong(3, phone="12"), wrong(4)))).headers[
            "Location"
        ]
        await rig.work()
        batch = await browser.get(here)
        assert re.findall(rf'href="{here}/rows/(\d+)"', batch.text) == ["3", "4", "5"]
        page = await browser.get(f"{here}/rows/3")
        fields = shown(page)
        assert set(fields) == {column.name for column in CASES.columns}
        assert (fields["full_name"], fields["positive_on"], fields["employer"]) == (
            record(2)["full_name"],
            "2022-13-45",
            record(2)["employer"],
        )
        assert 'id="positive_on-error"' in page.text
        assert 'id="phone-error"' not in page.text
        assert record(2)["full_name"] not in str(page.url)
        still = await send(
            browser, f"{here}/rows/3", **fields | {"positive_on": "06/02/2022", "phone": "x"}, version="0"
        )
        assert (
            still.status_code,
            'id="phone-error"' in still.text,
            'id="positive_on-error"' in still.text,
        ) == (422, True, False)
        assert shown(still)["phone"] == "x"
        moved = await send(browser, f"{here}/rows/3", **fields | {"positive_on": "06/02/2022"}, version="0")
        assert (moved.status_code, moved.headers["Location"]) == (303, f"{here}/rows/4?mended=3")
        again = await send(browser, f"{here}/rows/3", **fields | {"positive_on": "06/02/2022"}, version="0")
        assert (again.status_code, again.headers["Location"]) == (303, f"{here}/rows/4?mended=3")
        following = await browser.get(moved.headers["Location"])
        assert "Đã sửa dòng 3" in following.text
        assert 'id="phone-error"' in following.text
        moved = await send(
            browser,
            f"{here}/rows/4",
            **shown(following) | {"positive_on": "06/02/2022", "phone": "0900000003"},
            version=version_of(following),
        )
        assert moved.headers["Location"] == f"{here}/rows/5?mended=4"
        issued = (await send(browser, f"{here}/issue")).headers["Location"]
        await rig.work()
        assert (await state(rig, issued[-36:], role="facility"))["counts"]["issued"] == 6
        last = await send(browser, f"{here}/rows/5", **record(4), version="0")
        assert last.headers["Location"] == f"{here}?mended=5"
        ended = await browser.get(last.headers["Location"])
        assert "Đã sửa dòng 5" in ended.text
        assert f"{here}/rows/" not in ended.text
        once_more = (await send(browser, f"{here}/issue")).headers["Location"]
        assert once_more != issued
        await rig.work()
        counts = (await state(rig, once_more[-36:], role="facility"))["counts"]
        assert (counts["issued"], counts["existing"]) == (2, 6)
        assert (await browser.get(f"{here}/rows/3")).status_code == 409


async def test_a_row_of_a_batch_is_mended(rig: Rig) -> None:
    """The batch goes on; without the form's token, or with the version of before, nothing happens."""
    batch_id = await handed_in(rig, record(1), wrong(2), dry_run=False, role="facility")
    here = f"/staff/batches/{batch_id}"
    async with at_console(rig) as browser:
        assert (await browser.post(f"{here}/rows/3", data=record(2))).status_code == 403
        assert (await send(browser, f"{here}/rows/3", **record(2), version="7")).status_code == 409
        assert (await send(browser, f"{here}/rows/3", **record(2), version="0")).headers[
            "Location"
        ] == f"{here}?mended=3"
        page = await browser.get(f"{here}?mended=3")
        assert ("data-events" in page.text, "Đã sửa dòng 3" in page.text) == (True, True)
        await rig.work()
        assert "đã được sửa trên trang" in (await browser.get(f"{here}?show=all")).text
    assert (await state(rig, batch_id, role="facility"))["counts"]["issued"] == 4


async def test_days_of_a_spreadsheet_are_shown_as_they_are_written_here(rig: Rig) -> None:
    """And read back as the same days."""
    book = openpyxl.Workbook()
    case = record(1, sex="9")
    book.worksheets[0].append([*case])
    book.worksheets[0].append([value or None for value in case.values()])
    book.worksheets[0].cell(2, [*case].index("birth_date") + 1).value = dt.date(1988, 9, 5)
    out = io.BytesIO()
    book.save(out)
    batch_id = await handed_in(rig, dry_run=True, role="facility", data=out.getvalue())
    async with at_console(rig) as browser:
        fields = shown(await browser.get(f"/staff/batches/{batch_id}/rows/2"))
        assert fields["birth_date"] == "05/09/1988"
        assert (
            await send(browser, f"/staff/batches/{batch_id}/rows/2", **fields | {"sex": "2"}, version="0")
        ).status_code == 303


@pytest.mark.parametrize(
    ("role", "facility", "status"),
    [
        (Role.ADMIN, None, 403),
        (Role.AUDITOR, None, 403),
        (Role.INSURER, None, 404),
        (Role.FACILITY, OTHER, 404),
    ],
)
async def test_nobody_else_mends_a_row(rig: Rig, role: Role, facility: str | None, status: int) -> None:
    """No form, no change, and no link to it."""
    batch_id = await handed_in(rig, wrong(1), dry_run=True, role="facility")
    here = f"/staff/batches/{batch_id}"
    async with at_console(rig, role, facility) as browser:
        answers = [
            await browser.get(f"{here}/rows/2"),
            await send(browser, f"{here}/rows/2", **record(1), version="0"),
        ]
        batch = await browser.get(here)
    assert [answer.status_code for answer in answers] == [status] * 2
    assert record(1)["phone"] not in answers[0].text + batch.text
    assert f"{here}/rows/" not in batch.text
    assert await mended(rig, batch_id, 2, record(1), role="facility") == ["would_issue", "would_issue"]


async def test_the_buttons_of_a_batch(rig: Rig) -> None:
    """Cancelling asks first; each button is there exactly when it makes sense."""
    batch_id = (await rig.submit(as_csv(record(1), record(2)), role="facility")).json()["id"]
    here = f"/staff/batches/{batch_id}"

    async def offered(browser: httpx2.AsyncClient) -> set[str]:
        page = await browser.get(here)
        return set(re.findall(rf'(?:href|action)="{here}/(cancel|resume|replay)"', page.text))

    async with at_console(rig) as browser:
        assert await offered(browser) == {"cancel"}
        await rig.read()
        assert await offered(browser) == {"cancel"}
        asked = await browser.get(f"{here}/cancel")
        assert (asked.status_code, f'action="{here}/cancel"' in asked.text) == (200, True)
        assert (await state(rig, batch_id, role="facility"))["status"] == "running"
        assert (await browser.post(f"{here}/cancel")).status_code == 403
        assert (await send(browser, f"{here}/cancel")).headers["Location"] == here
        assert await offered(browser) == {"resume"}
        await send(browser, f"{here}/resume")
        assert await offered(browser) == {"cancel"}
        await rig.issue(press=StandInPress(refuse=lambda _: unfit()))
        await rig.work()
        assert await offered(browser) == {"replay"}
        await send(browser, f"{here}/replay")
        await rig.work()
        assert await offered(browser) == set()
        assert (await send(browser, f"{here}/burn")).status_code == 422
    assert (await state(rig, batch_id, role="facility"))["counts"]["issued"] == 4
    async with at_console(rig, Role.AUDITOR) as browser:
        assert [
            (await browser.get(f"{here}/cancel")).status_code,
            (await send(browser, f"{here}/cancel")).status_code,
        ] == [403, 403]
