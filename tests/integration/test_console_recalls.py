"""The console's pages of recalls: choose, say why, look, confirm; then a second person decides."""

import html
import re

import httpx2
import pytest

from certsvc.models import Role
from tests.support.accounts import csrf_of, new_person
from tests.support.console import addresses, at_console, send
from tests.support.every_route import OTHER, OWNER
from tests.support.recalling import issued_papers, recall, statuses, waiting
from tests.support.rig import Rig

RECALLS = "/staff/recalls"


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


def fields_of(page: httpx2.Response, action: str = RECALLS) -> dict[str, list[str]]:
    """What the hidden fields of a page's form to `action` say."""
    form = re.search(rf'<form method="post" action="{action}"[^>]*>(.*?)</form>', page.text, re.DOTALL)
    assert form, page.text
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[1]):
        fields.setdefault(name, []).append(html.unescape(value))
    return fields


async def press(browser: httpx2.AsyncClient, page: httpx2.Response, **typed: str) -> httpx2.Response:
    """Send the page's form of recalls, with what was typed into it."""
    return await browser.post(RECALLS, data=fields_of(page) | typed)


async def choose(browser: httpx2.AsyncClient, ids: list[str]) -> httpx2.Response:
    return await browser.post(
        RECALLS, data={"csrf_token": browser.headers["X-CSRF-Token"], "certificate": ids}
    )


async def test_a_few_chosen_ones_are_revoked(rig: Rig) -> None:
    """Reason, preview, confirmation; nothing changes before, and pressing twice is one recall."""
    _, ids = await issued_papers(rig, 3, role="facility")
    async with at_console(rig) as browser:
        listed = await browser.get("/staff/certificates")
        assert sorted(re.findall(r'name="certificate" value="([^"]+)"', listed.text)) == sorted(ids)
        asked = await choose(browser, ids[:2])
        assert (asked.status_code, 'id="reason"' in asked.text) == (200, True)
        for typed, field in (
            ({}, "reason"),
            ({"reason": "bored"}, "reason"),
            ({"reason": "other", "text": " "}, "text"),
        ):
            refused = await press(browser, asked, **typed)
            assert (refused.status_code, f'id="{field}-error"' in refused.text) == (422, True)
        shown = await press(browser, refused, reason="fraud")
        assert "2 giấy: thu hồi ngay" in shown.text
        assert await statuses(rig, ids) == {"issued": 3}
        done = [await press(browser, shown) for _ in range(2)]
        assert {answer.status_code for answer in done} == {303}
        assert len({answer.headers["Location"] for answer in done}) == 1
        page = await browser.get(done[0].headers["Location"])
        assert "/approve" not in page.text
        assert sorted(address[-36:] for address in addresses(page, "/staff/certificates")) == sorted(ids[:2])
        assert addresses(await browser.get(RECALLS), RECALLS) == [done[0].headers["Location"]]
    assert await statuses(rig, ids) == {"revoked": 2, "issued": 1}


async def test_a_batch_of_many_waits_for_a_second_person(rig: Rig) -> None:
    """Suspended at once; whoever asked sees no button to approve and is refused; the other is told at home,
    and approves.
    """
    batch_id, ids = await issued_papers(rig, 21, role="facility")
    async with at_console(rig) as browser:
        batch = await browser.get(f"/staff/batches/{batch_id}")
        asked = await press(browser, batch)
        assert "21 giấy &gt; 20: tạm ngừng ngay, chờ người thứ hai duyệt" in asked.text
        shown = await press(browser, asked, reason="key_compromise")
        assert "21 giấy &gt; 20: tạm ngừng ngay" in shown.text
        done = await press(browser, shown)
        here = done.headers["Location"]
        page = await browser.get(here)
        assert f"{here}/approve" not in page.text
        assert f"{here}/decline" in page.text
        assert (await send(browser, f"{here}/approve")).status_code == 403
        paper = await browser.get(f"/staff/certificates/{ids[0]}")
        assert here in paper.text
        assert not re.search(r'href="/staff/certificates/[^"]+/(revoke|reinstate|replace)"', paper.text)
    assert await statuses(rig, ids) == {"suspended": 21}
    second = await new_person(rig, "người thứ hai")
    async with second.browser() as browser:
        await second.enrol(browser)
        home = await browser.get("/staff")
        assert "1 đợt thu hồi chờ người thứ hai duyệt" in home.text
        browser.headers["X-CSRF-Token"] = csrf_of(home.text)
        listed = await browser.get(RECALLS, params={"status": "waiting"})
        assert addresses(listed, RECALLS) == [here]
        assert f"{here}/approve" in (await browser.get(here)).text
        assert (await send(browser, f"{here}/approve")).headers["Location"] == here
        assert "Người quyết định" in (await browser.get(here)).text
        assert (await send(browser, f"{here}/approve")).status_code == 409
        assert "đợt thu hồi chờ" not in (await browser.get("/staff")).text
    assert await statuses(rig, ids) == {"revoked": 21}


async def test_all_that_a_filter_shows(rig: Rig) -> None:
    """The button stands there once there is a filter without a state; what was signed meanwhile is not
    revoked unseen.
    """
    _, ids = await issued_papers(rig, 2)
    async with at_console(rig, Role.ADMIN) as browser:
        assert "mà bộ lọc này cho thấy" not in (await browser.get("/staff/certificates")).text
        assert (
            "mà bộ lọc này cho thấy"
            not in (
                await browser.get("/staff/certificates", params={"facility": OWNER, "status": "issued"})
            ).text
        )
        query = {"facility": OWNER, "signed_from": "2020-01-01", "signed_to": "2099-01-01"}
        listed = await browser.get("/staff/certificates", params=query)
        assert len(addresses(listed, "/staff/certificates")) == 2
        assert (
            addresses(
                await browser.get("/staff/certificates", params=query | {"signed_to": "2021-01-01"}),
                "/staff/certificates",
            )
            == []
        )
        assert (
            len(
                addresses(
                    await browser.get("/staff/certificates", params=query | {"signed_from": "gần đây"}),
                    "/staff/certificates",
                )
            )
            == 2
        )
        shown = await send(browser, RECALLS, **query, step="preview", reason="fraud")
        assert "2 giấy: thu hồi ngay" in shown.text
        await issued_papers(rig, 1, first=60)
        assert (await press(browser, shown)).status_code == 409
        assert await statuses(rig, ids) == {"issued": 2}
        again = await press(
            browser,
            await send(browser, RECALLS, **query, step="preview", reason="fraud", needs_approval="yes"),
        )
        assert again.status_code == 303
        assert (await send(browser, RECALLS, signed_from="hôm qua")).status_code == 422
        assert (await send(browser, RECALLS)).status_code == 422
    assert await statuses(rig, ids) == {"suspended": 2}


async def test_one_paper_with_approval(rig: Rig) -> None:
    """The box on its page leads to a preview of a recall of one."""
    _, ids = await issued_papers(rig, 1, role="facility")
    here = f"/staff/certificates/{ids[0]}"
    async with at_console(rig) as browser:
        assert 'name="needs_approval"' in (await browser.get(f"{here}/revoke")).text
        assert 'name="needs_approval"' not in (await browser.get(f"{here}/suspend")).text
        shown = await send(browser, f"{here}/revoke", reason="wrong_person", needs_approval="yes")
        assert "1 giấy: tạm ngừng ngay, chờ người thứ hai duyệt" in shown.text
        assert await statuses(rig, ids) == {"issued": 1}
        recalled = (await press(browser, shown)).headers["Location"]
        assert await statuses(rig, ids) == {"suspended": 1}
        refused = await send(browser, f"{recalled}/decline", text=" ")
        assert (refused.status_code, 'id="text-error"' in refused.text) == (422, True)
        assert (await send(browser, f"{recalled}/decline", text="đã gọi hỏi, giấy đúng")).headers[
            "Location"
        ] == recalled
        assert "đã gọi hỏi" in (await browser.get(recalled)).text
    assert await statuses(rig, ids) == {"issued": 1}


@pytest.mark.parametrize(
    ("role", "facility", "status"),
    [(Role.INSURER, None, 404), (Role.FACILITY, OTHER, 404), (Role.AUDITOR, None, 403)],
)
async def test_others_decide_nothing(rig: Rig, role: Role, facility: str | None, status: int) -> None:
    """Another organisation does not see the recall; auditors see it, without names, codes and buttons."""
    _, ids = await issued_papers(rig, 1, role="facility")
    recall_id = await waiting(rig, ids, role="facility")
    here = f"{RECALLS}/{recall_id}"
    async with at_console(rig, role, facility) as browser:
        page = await browser.get(here)
        listed = await browser.get(RECALLS)
        answers = [await send(browser, f"{here}/approve"), await send(browser, f"{here}/decline", text="x")]
        asked = await choose(browser, ids)
    assert [answer.status_code for answer in answers] == [status] * 2
    if role is Role.AUDITOR:
        assert page.status_code == 200
        code = (await rig.certificate(ids[0]))["code"]
        assert [word for word in ("/approve", "/decline", "Thử Nghiệm", code) if word in page.text] == []
        assert addresses(listed, RECALLS) == [here]
        assert asked.status_code == 403
    else:
        assert page.status_code == 404
        assert addresses(listed, RECALLS) == []
    assert await statuses(rig, ids) == {"suspended": 1}


async def test_a_form_without_its_token_recalls_nothing(rig: Rig) -> None:
    _, ids = await issued_papers(rig, 1, role="facility")
    recall_id = await waiting(rig, ids, role="facility")
    async with at_console(rig, Role.ADMIN) as browser:
        browser.headers.pop("X-CSRF-Token")
        forms = {
            RECALLS: {"certificate": ids, "step": "confirmed", "reason": "fraud"},
            f"{RECALLS}/{recall_id}/approve": {},
        }
        forms[f"{RECALLS}/{recall_id}/decline"] = {"text": "x"}
        for path, fields in forms.items():
            assert (await browser.post(path, data=fields)).status_code == 403, path
    assert await statuses(rig, ids) == {"suspended": 1}


async def test_what_is_left_out_is_told(rig: Rig) -> None:
    """In the preview, and afterwards on the recall's page; where nothing is left there is nothing to
    press.
    """
    _, ids = await issued_papers(rig, 3)
    await recall(rig, certificate_ids=ids[:1])
    held = await waiting(rig, ids[1:2])
    async with at_console(rig, Role.ADMIN) as browser:
        nothing = await choose(browser, ids[:2])
        assert "Không có giấy nào thu hồi được" in nothing.text
        assert 'name="step"' not in nothing.text
        shown = await press(browser, await choose(browser, ids), reason="fraud")
        done = await press(browser, shown)
        page = await browser.get(done.headers["Location"])
        other = await browser.get(f"{RECALLS}/{held}")
    for told in (shown.text, page.text):
        assert "1 đã thu hồi trước đó" in told
        assert "1 thuộc một đợt thu hồi khác" in told
    assert "/approve" in other.text
