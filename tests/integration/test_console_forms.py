"""What the console's forms change: a dry run becomes papers, papers are withdrawn after a preview, and
nothing happens by itself.
"""

import re

import pytest

from certsvc.models import Role
from tests.support.console import addresses, at_console, hand_in, send
from tests.support.every_route import OTHER, Papers, owned_papers
from tests.support.records import as_csv, record
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


@pytest.fixture
async def papers(rig: Rig) -> Papers:
    return await owned_papers(rig)


async def test_a_form_without_its_token_changes_nothing(rig: Rig, papers: Papers) -> None:
    """Nor one that another site sent."""
    certificate, batch = (
        f"/staff/certificates/{papers.names['certificate_id']}",
        f"/staff/batches/{papers.names['batch_id']}",
    )
    forms = {
        f"{certificate}/revoke": {"reason": "fraud", "confirmed": "yes"},
        f"{batch}/issue": {},
        "/staff/certificates/find": {"text": "x"},
    }
    async with at_console(rig) as browser:
        token = browser.headers.pop("X-CSRF-Token")
        for path, fields in forms.items():
            assert (await browser.post(path, data=fields)).status_code == 403, path
            foreign = await browser.post(
                path, data={"csrf_token": token, **fields}, headers={"Sec-Fetch-Site": "cross-site"}
            )
            assert foreign.status_code == 403, path
        file = {"file": ("cases.csv", as_csv(record(5)))}
        assert (await browser.post("/staff/batches", files=file)).status_code == 403
        assert (
            await browser.post(
                "/staff/batches",
                files=file,
                data={"csrf_token": token},
                headers={"Sec-Fetch-Site": "cross-site"},
            )
        ).status_code == 403
        listed = await browser.get("/staff/batches")
    assert len(addresses(listed, "/staff/batches")) == 1
    assert (await rig.certificate(papers.names["certificate_id"]))["status"] == "issued"


async def test_a_dry_run_becomes_papers(rig: Rig) -> None:
    """The rejected row first, with its rule counted; one press issues the others, a second press nothing
    more.
    """
    good, bad = record(1), record(2, wants_recovery="", positive_on="2022-13-45")
    async with at_console(rig) as browser:
        sent = await hand_in(browser, as_csv(good, bad))
        assert sent.status_code == 303, sent.text
        here = sent.headers["Location"]
        assert 'data-events="/v1/batches/' in (await browser.get(here)).text
        await rig.work()
        page = await browser.get(here)
        rows = page.text[page.text.index('id="rows"') :]
        assert bad["case_id"] in rows
        assert good["case_id"] not in rows
        assert "data-events" not in page.text
        rule = re.search(r"show=all&amp;rule=([\w-]+)#rows", page.text)
        assert rule
        of_rule = await browser.get(here, params={"show": "all", "rule": rule[1]})
        assert bad["case_id"] in of_rule.text
        assert good["case_id"] not in of_rule.text
        everything = await browser.get(here, params={"show": "all"})
        assert good["case_id"] in everything.text
        assert (await rig.call("GET", "/v1/certificates", role="admin")).json()["items"] == []
        issued = [await send(browser, f"{here}/issue") for _ in range(2)]
        assert {answer.status_code for answer in issued} == {303}
        assert len({answer.headers["Location"] for answer in issued}) == 1
        await rig.work()
        batch = await browser.get(issued[0].headers["Location"])
        assert "/archive.zip" in batch.text
        assert len(addresses(await browser.get("/staff/batches"), "/staff/batches")) == 2
        again = await send(browser, f"{issued[0].headers['Location']}/issue")
        assert (again.status_code, "Chỉ cấp được từ một lần chạy thử" in again.text) == (409, True)
    listed = (await rig.call("GET", "/v1/certificates", role="admin")).json()["items"]
    assert (
        sorted((certificate["case_id"], certificate["status"]) for certificate in listed)
        == [(good["case_id"], "issued")] * 2
    )


async def test_only_the_sender_has_a_dry_run_issued(rig: Rig) -> None:
    """An admin sees another's dry run, and may not make papers of it."""
    batch = (await rig.submit(as_csv(record(1)), role="facility", dry_run="true")).json()
    await rig.work()
    async with at_console(rig, Role.ADMIN) as browser:
        assert (await browser.get(f"/staff/batches/{batch['id']}")).status_code == 200
        assert (await send(browser, f"/staff/batches/{batch['id']}/issue")).status_code == 403


async def test_a_file_that_is_no_table_is_told_on_the_form(rig: Rig) -> None:
    """So are a missing file and an unknown facility; nothing is kept of them."""
    async with at_console(rig, Role.INSURER) as browser:
        for data, facility, status in (
            (b"%PDF-1.7 x", "", 415),
            (b"", "", 422),
            (as_csv(record(1)), "99999", 422),
        ):
            answer = await hand_in(browser, data, facility=facility)
            assert (answer.status_code, "error-summary" in answer.text) == (status, True)
        nothing = await send(browser, "/staff/batches", dry_run="true")
        assert (nothing.status_code, "Chưa chọn tệp" in nothing.text) == (422, True)
        assert addresses(await browser.get("/staff/batches"), "/staff/batches") == []


async def test_a_nul_is_told_on_a_page(rig: Rig) -> None:
    """Where the database cannot hold it; also who signs in is told so."""
    async with rig.client(None) as browser:
        browser.headers.update({"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})
        pages = [await browser.post("/staff/sign-in", data={"name": "\0", "password": "x", "code": "1"})]
    async with at_console(rig, Role.ADMIN) as browser:
        pages += [
            await browser.get("/staff/certificates?facility=%00"),
            await browser.get("/staff/stations/%00"),
        ]
        pages += [
            await send(browser, "/staff/certificates/find", text="\0"),
            await hand_in(browser, as_csv(record(1)), facility="a\0"),
        ]
        form = {"licence": "x\0", "document": "1", "granted_by": "y", "valid_from": "2020-01-01"}
        pages.append(await send(browser, "/staff/stations/01801/authority", **form))
    assert {page.headers["Content-Type"] for page in pages} == {"text/html; charset=utf-8"}
    if rig.res.db.is_sqlite:
        assert [page.status_code for page in pages] == [403, 200, 404, 200, 422, 422]
    else:
        assert [(page.status_code, "ký tự NUL" in page.text) for page in pages] == [(422, True)] * 6


async def test_withdrawing_has_a_preview(rig: Rig, papers: Papers) -> None:
    """Nothing changes before it is confirmed; then the state, the history and the reason are there, and what
    no longer fits is refused.
    """
    here = f"/staff/certificates/{papers.names['certificate_id']}"

    async def status() -> str:
        found: str = (await rig.certificate(papers.names["certificate_id"]))["status"]
        return found

    async with at_console(rig) as browser:
        assert 'id="reason"' in (await browser.get(f"{here}/suspend")).text
        for fields, field in (
            ({}, "reason"),
            ({"reason": "bored"}, "reason"),
            ({"reason": "other", "text": " "}, "text"),
        ):
            refused = await send(browser, f"{here}/suspend", confirmed="yes", **fields)
            assert (refused.status_code, f'id="{field}-error"' in refused.text) == (422, True)
        shown = await send(browser, f"{here}/suspend", reason="fraud")
        assert (shown.status_code, "Tạm ngừng hiệu lực" in shown.text) == (200, True)
        assert await status() == "issued"
        assert (await send(browser, f"{here}/suspend", reason="fraud", confirmed="yes")).headers[
            "Location"
        ] == here
        assert await status() == "suspended"
        assert (await send(browser, f"{here}/suspend", reason="fraud", confirmed="yes")).status_code == 409
        assert (await browser.get(f"{here}/suspend")).status_code == 409
        await send(browser, f"{here}/reinstate", reason="other", text="nhầm", confirmed="yes")
        assert await status() == "issued"
        await send(browser, f"{here}/revoke", reason="wrong_person", confirmed="yes")
        assert await status() == "revoked"
        page = await browser.get(here)
    named = re.findall(r'class="timeline-(\w+)"', page.text)
    assert named[-3:] == ["suspended", "reinstated", "revoked"]
    assert "cấp nhầm người" in page.text


async def test_issuing_again_leads_to_the_successor(rig: Rig, papers: Papers) -> None:
    """Both pages name the other; the lost one is replaced at once, the new one is signed by the worker."""
    old = papers.names["certificate_id"]
    async with at_console(rig) as browser:
        assert (
            await send(browser, f"/staff/certificates/{old}/replace", reason="wrong_data", confirmed="yes")
        ).status_code == 422
        answer = await send(browser, f"/staff/certificates/{old}/replace", reason="lost", confirmed="yes")
        new = answer.headers["Location"].rpartition("/")[2]
        await rig.work()
        assert f"/staff/certificates/{new}" in (await browser.get(f"/staff/certificates/{old}")).text
        assert f"/staff/certificates/{old}" in (await browser.get(f"/staff/certificates/{new}")).text
    assert [(await rig.certificate(certificate_id))["status"] for certificate_id in (old, new)] == [
        "replaced",
        "issued",
    ]


@pytest.mark.parametrize(
    ("role", "facility", "status"), [(Role.INSURER, None, 403), (Role.FACILITY, OTHER, 404)]
)
async def test_nobody_withdraws_what_is_not_his(
    rig: Rig, papers: Papers, role: Role, facility: str | None, status: int
) -> None:
    """An insurer what another asked for, a station what is another's: no form, no preview, no change."""
    here = f"/staff/certificates/{papers.names['certificate_id']}/revoke"
    async with at_console(rig, role, facility) as browser:
        answers = [
            await browser.get(here),
            await send(browser, here, reason="fraud"),
            await send(browser, here, reason="fraud", confirmed="yes"),
        ]
    assert [answer.status_code for answer in answers] == [status] * 3
    assert (await rig.certificate(papers.names["certificate_id"]))["status"] == "issued"
