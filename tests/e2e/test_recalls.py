"""Recalls in a real browser: one person asks, the papers are suspended, another approves, they are
revoked.
"""

import pytest
from playwright.sync_api import Page

from tests.e2e.browsing import Opening, say
from tests.e2e.looking import Look
from tests.e2e.staffing import sign_in
from tests.support import calls
from tests.support.recalling import sick_leaves
from tests.support.service import Service

_PHONE, _DESK = 360, 1200


def _issue(service: Service, first: int, number: int) -> tuple[str, list[str]]:
    """So many papers of the station: their batch, and their codes."""
    with service.client("facility") as client:
        batch, lines = calls.send(client, sick_leaves(first, number))
        assert batch["counts"]["issued"] == number
        return batch["id"], [line["code"] for line in lines if line["code"]]


def _verdicts(service: Service, codes: list[str]) -> set[str]:
    """What whoever checks each paper reads."""
    with service.client(None, address=f"198.51.100.{len(codes)}") as stranger:
        return {calls.verdict(stranger, code) for code in codes}


def _go_on(page: Page) -> None:
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state("load")


@pytest.mark.parametrize(("width", "script", "first"), [(_PHONE, False, 8101), (_DESK, True, 8201)])
def test_two_people_recall_a_batch(
    service: Service, opening: Opening, width: int, script: bool, first: int
) -> None:
    """Twenty-one papers: suspended at once, revoked when a second person approves; who asked cannot."""
    batch_id, codes = _issue(service, first, 21)
    asker, second = opening(width=width, script=script), opening(width=width, script=script)
    looks = [Look(page) for page in (asker, second)] if script else []
    for page in (asker, second):
        sign_in(page, service)
    asker.goto(f"{service.base_url}/staff/batches/{batch_id}")
    asker.locator("form[action='/staff/recalls'] button").click()
    asker.locator("#reason").select_option("key_compromise")
    for look in looks[:1]:
        look("reason")
    _go_on(asker)
    assert "21 giấy > 20: tạm ngừng ngay, chờ người thứ hai duyệt" in say(asker)
    for look in looks[:1]:
        look("preview")
    assert _verdicts(service, codes) == {"valid"}
    _go_on(asker)
    recall = asker.url
    assert _verdicts(service, codes) == {"suspended"}
    assert asker.locator("form[action$='/approve']").count() == 0
    asker.goto(f"{service.base_url}/v/{codes[0]}")
    assert "Tạm ngừng hiệu lực" in say(asker)
    second.goto(f"{service.base_url}/staff")
    second.locator("a[href='/staff/recalls?status=waiting']").click()
    for look in looks[1:]:
        look("recalls")
    second.locator(f"a[href='{recall.removeprefix(service.base_url)}']").click()
    for look in looks[1:]:
        look("recall")
    second.locator("form[action$='/approve'] button").click()
    second.wait_for_load_state("load")
    assert "Đã thu hồi" in second.locator("#state").inner_text()
    for look in looks[1:]:
        look("approved")
    assert _verdicts(service, codes) == {"revoked"}
    second.goto(f"{service.base_url}/v/{codes[20]}")
    assert "Đã bị thu hồi" in say(second)
    assert [look.faults for look in looks] == [{}] * len(looks)


def test_one_paper_with_approval(service: Service, opening: Opening) -> None:
    """Chosen by its box in the list, on a telephone; the second person first looks at it, then declines; the
    next time it is approved.
    """
    _, [code] = _issue(service, 8301, 1)
    asker, second = opening(script=True), opening(script=True)
    look = Look(asker)
    for page in (asker, second):
        sign_in(page, service)
    for decide in ("decline", "approve"):
        asker.goto(f"{service.base_url}/staff/certificates")
        look("list")
        asker.locator("input[name=certificate]").first.check()
        asker.locator("form[action='/staff/recalls'] button").first.click()
        asker.locator("#reason").select_option("wrong_person")
        asker.locator("#needs_approval").check()
        look("reason")
        _go_on(asker)
        assert "1 giấy: tạm ngừng ngay" in say(asker)
        _go_on(asker)
        assert _verdicts(service, [code]) == {"suspended"}
        look("waiting")
        second.goto(asker.url)
        if decide == "decline":
            second.locator("#text").fill("đã gọi hỏi, giấy đúng người")
        second.locator(f"form[action$='/{decide}'] button").click()
        second.wait_for_load_state("load")
        assert _verdicts(service, [code]) == ({"valid"} if decide == "decline" else {"revoked"})
    assert look.faults == {}
