"""The console's pages about approval: what waits, what would be signed, the decision; and who may sign for a
station.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from certsvc.callers.keys import create_key
from certsvc.clock import utc_now
from certsvc.models import Role
from tests.support.accounts import csrf_of, new_person
from tests.support.approving import DEPUTY, ELSEWHERE, HERE, decide, delegate, require, waiting
from tests.support.console import addresses, at_console, send
from tests.support.records import as_csv, record
from tests.support.rig import Rig

_NAME = "Nguyễn Thị Thử Nghiệm"
_HEADS = {HERE: "000001/HNO-CCHN", ELSEWHERE: "000011/HNO-CCHN"}


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


@asynccontextmanager
async def as_head(rig: Rig, facility: str = HERE) -> AsyncIterator[httpx2.AsyncClient]:
    person = await new_person(rig, f"trưởng trạm {facility}", facility=facility, licence=_HEADS[facility])
    async with person.browser() as browser:
        await person.enrol(browser)
        browser.headers["X-CSRF-Token"] = csrf_of((await browser.get("/staff")).text)
        yield browser


async def _batch(rig: Rig) -> str:
    await require(rig, HERE, ELSEWHERE)
    rows = (record(1), record(2), record(3, facility=ELSEWHERE))
    batch_id: str = (await rig.submit(as_csv(*rows))).json()["id"]
    await rig.read()
    return batch_id


async def test_a_head_looks_and_approves(rig: Rig) -> None:
    """The home page says how many wait; the page names who and what, of this station alone; one press, and it
    is signed.
    """
    batch_id = await _batch(rig)
    async with as_head(rig) as browser:
        assert "4 giấy chờ trưởng trạm duyệt" in (await browser.get("/staff")).text
        listed = await browser.get("/staff/approvals")
        [here] = {
            address.partition("?")[0]
            for address in re.findall(r'href="(/staff/approvals/[^"]+)"', listed.text)
        }
        page = await browser.get(here)
        assert here == f"/staff/approvals/{batch_id}"
        assert page.text.count(_NAME) == 4
        assert record(1)["case_id"] in page.text
        assert record(3)["case_id"] not in page.text
        refused = await send(browser, f"{here}/approve", expected="5")
        assert (refused.status_code, "vừa thay đổi" in refused.text) == (409, True)
        done = await send(browser, f"{here}/approve", expected="4")
        assert (done.status_code, done.headers["Location"]) == (303, "/staff/approvals")
        assert (await browser.get(here)).status_code == 404
        assert (await send(browser, f"{here}/approve", expected="4")).status_code == 404
    await rig.work()
    states = [
        (certificate["facility_code"], certificate["status"])
        for certificate in (await rig.call("GET", "/v1/certificates", role="admin")).json()["items"]
    ]
    assert sorted(states) == [(HERE, "issued")] * 4 + [(ELSEWHERE, "requested")] * 2


async def test_declining_takes_a_reason(rig: Rig) -> None:
    """Which stands on the certificate's page; one certificate of a batch has a page of its own."""
    batch_id = await _batch(rig)
    async with as_head(rig) as browser:
        page = await browser.get(f"/staff/approvals/{batch_id}")
        one = addresses(page, "/staff/approvals")[0]
        assert one != f"/staff/approvals/{batch_id}"
        assert "Duyệt 1 giấy" in (await browser.get(one)).text
        nothing = await send(browser, f"{one}/decline", expected="1", text="  ")
        assert (nothing.status_code, 'id="text-error"' in nothing.text) == (422, True)
        assert (await send(browser, f"{one}/decline", expected="1", text="sai ngày khám")).status_code == 303
        paper = (await browser.get(one.replace("approvals", "certificates"))).text
        assert all(
            words in paper
            for words in ("trưởng trạm không duyệt", "sai ngày khám", 'class="timeline-declined"')
        )
        assert (
            await send(browser, f"/staff/approvals/{batch_id}/decline", expected="3", text="gửi lại")
        ).status_code == 303
    assert await waiting(rig) == []


async def test_who_may_not_approve_may_look(rig: Rig) -> None:
    """The station's own people without the button; auditors without names; the other station's head nothing
    at all.
    """
    batch_id = await _batch(rig)
    for role, facility in (
        (Role.FACILITY, HERE),
        (Role.INSURER, None),
        (Role.ADMIN, None),
        (Role.AUDITOR, None),
    ):
        async with at_console(rig, role, facility) as browser:
            page = await browser.get(f"/staff/approvals/{batch_id}", params={"facility": HERE})
            assert (page.status_code, "/approve" in page.text, _NAME in page.text) == (
                200,
                False,
                role is not Role.AUDITOR,
            )
            for decision in ("approve", "decline"):
                assert (
                    await send(browser, f"/staff/approvals/{batch_id}/{decision}", expected="4", text="x")
                ).status_code == 403
            assert len(set(addresses(await browser.get("/staff/approvals"), "/staff/approvals"))) <= 1
    async with as_head(rig, ELSEWHERE) as browser:
        page = await browser.get(f"/staff/approvals/{batch_id}", params={"facility": HERE})
        assert record(1)["case_id"] not in page.text
        one = next(
            line["certificate_id"]
            for line in await rig.results(batch_id)
            if line["case_id"] == record(1)["case_id"]
        )
        assert (await browser.get(f"/staff/approvals/{one}")).status_code == 404
    assert [part["certificates"] for part in await waiting(rig)] == [4]


async def test_pages_of_batch_and_certificate_say_that_they_wait(rig: Rig) -> None:
    await require(rig, HERE)
    batch_id = (await rig.submit(as_csv(record(1)), role="facility")).json()["id"]
    await rig.read()
    async with at_console(rig) as browser:
        batch = await browser.get(f"/staff/batches/{batch_id}")
        assert f'href="/staff/approvals/{batch_id}"' in batch.text
        assert "Chờ trưởng trạm duyệt" in batch.text
        one = addresses(batch, "/staff/certificates")[0]
        assert "Chờ trưởng trạm duyệt" in (await browser.get(one)).text
        assert "Chờ trưởng trạm duyệt" in (await browser.get("/staff/certificates")).text


async def test_a_form_without_its_token_decides_nothing(rig: Rig) -> None:
    batch_id = await _batch(rig)
    async with as_head(rig) as browser:
        for decision in ("approve", "decline"):
            answer = await browser.post(
                f"/staff/approvals/{batch_id}/{decision}",
                data={"expected": "4", "text": "x"},
                headers={"X-CSRF-Token": ""},
            )
            assert answer.status_code == 403
    assert [part["certificates"] for part in await waiting(rig)] == [4]


async def test_a_stations_page_shows_who_may_sign(rig: Rig) -> None:
    """Each authority with its document and days, and whether it is in force; that nothing can be signed where
    the station's own has ended.
    """
    await require(rig, HERE)
    await delegate(rig, DEPUTY, first=-1, last=1)
    await delegate(rig, None, first=-9, last=-1)
    async with at_console(rig) as browser:
        page = (await browser.get(f"/staff/stations/{HERE}")).text
    part = page[page.index('id="authorities"') : page.index('id="keys"')]
    assert (
        part.count("12/QĐ-TYT"),
        DEPUTY in part,
        part.count("Đang hiệu lực"),
        part.count("Đã hết hạn"),
    ) == (2, True, 1, 1)
    assert "chưa ký được giấy nào" in part
    assert "Trưởng trạm phải duyệt" in page


async def test_the_head_delegates_on_the_page(rig: Rig) -> None:
    """The deputy may approve then, and no more once it is withdrawn; a slip is told on the form."""
    here = f"/staff/stations/{HERE}/authority"
    form = {"licence": DEPUTY, "document": "12/QĐ-TYT", "granted_by": "Trạm Y tế", "valid_from": "2020-01-01"}
    async with as_head(rig) as browser:
        assert f'href="{here}"' in (await browser.get(f"/staff/stations/{HERE}")).text
        assert (await send(browser, f"{here}/requirement", required="yes")).status_code == 303
        assert "Thôi yêu cầu duyệt" in (await browser.get(here)).text
        for wrong in (
            {"valid_to": "2019-12-31"},
            {"valid_from": "31/12/2019"},
            {"document": " "},
            {"licence": "x"},
        ):
            refused = await send(browser, here, **form | wrong)
            assert (
                refused.status_code,
                "error-summary" in refused.text,
                'value="Trạm Y tế"' in refused.text,
            ) == (422, True, True), wrong
        assert (await send(browser, here, **form)).status_code == 303
        [one] = re.findall(rf'action="({here}/[0-9a-f-]{{36}}/withdraw)"', (await browser.get(here)).text)
        asked = [(await rig.request(record(number))).json()["id"] for number in (1, 2)]
        rig.station.keys["deputy"] = await create_key(
            rig.res.db, role=Role.FACILITY, facility_code=HERE, licence=DEPUTY, now=utc_now()
        )
        assert (await decide(rig, f"certificates/{asked[0]}", "approve", role="deputy")).status_code == 200
        assert (await send(browser, one)).status_code == 303
        assert (await decide(rig, f"certificates/{asked[1]}", "approve", role="deputy")).status_code == 403
        assert (await send(browser, f"{here}/requirement", required="no")).status_code == 303
    assert await waiting(rig) == []


async def test_only_the_head_or_an_admin_says_who_signs(rig: Rig) -> None:
    """Of the station as a whole an admin alone; neither examiners nor whoever is delegated, nor the head of
    another station.
    """
    here = f"/staff/stations/{HERE}/authority"
    form = {"document": "45/UQ", "granted_by": "TTYT", "valid_from": "2020-01-01"}
    of_deputy, of_station = form | {"licence": DEPUTY}, form | {"licence": "station"}
    granted = await delegate(rig, None)
    for role, facility, licence in (
        (Role.FACILITY, HERE, None),
        (Role.FACILITY, HERE, DEPUTY),
        (Role.INSURER, None, None),
        (Role.AUDITOR, None, None),
    ):
        await delegate(rig, DEPUTY)
        person = await new_person(rig, f"{role} {licence}", role=role, facility=facility, licence=licence)
        async with person.browser() as browser:
            await person.enrol(browser)
            browser.headers["X-CSRF-Token"] = csrf_of((await browser.get("/staff")).text)
            answers = [
                await browser.get(here),
                await send(browser, here, **of_deputy),
                await send(browser, f"{here}/requirement", required="yes"),
            ]
            assert {
                answer.status_code for answer in (*answers, await send(browser, f"{here}/{granted}/withdraw"))
            } == {403}
    async with as_head(rig, ELSEWHERE) as browser:
        assert {
            (await browser.get(here)).status_code,
            (await send(browser, here, **of_deputy)).status_code,
        } == {404}
        assert (
            await send(browser, f"/staff/stations/{ELSEWHERE}/authority/{granted}/withdraw")
        ).status_code == 404
    async with as_head(rig) as browser:
        assert [
            (await send(browser, here, **of_station)).status_code,
            (await send(browser, f"{here}/{granted}/withdraw")).status_code,
        ] == [403, 403]
    async with at_console(rig, Role.ADMIN) as browser:
        assert [
            (await send(browser, here, **of_station)).status_code,
            (await send(browser, f"{here}/{granted}/withdraw")).status_code,
        ] == [303, 303]
        page = (await browser.get(here)).text
    assert ("45/UQ" in page, "Đã thu hồi" in page) == (True, True)
