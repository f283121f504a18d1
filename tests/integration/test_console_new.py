"""One case on one page: the form, its checks, the preview, the papers, the slip; and who may do it."""

import asyncio
import base64
import html
import io
import re

import httpx2
import pytest
from PIL import Image

from certsvc.models import Role
from tests.support.console import at_console, send
from tests.support.every_route import OTHER, OWNER
from tests.support.new_case import BOTH, CARD, LEAVE
from tests.support.records import record
from tests.support.rig import Rig

_NEW = "/staff/new"


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


def values(page: httpx2.Response) -> dict[str, str]:
    """What stands in the fields that are open."""
    fields = re.findall(
        r'<input class="form-control form-control-lg" id="(\w+)" name="\w+"'
        r' value="([^"]*)"(?![^>]*\bdisabled\b)',
        page.text,
    )
    chosen = re.findall(
        r'<select class="form-control form-control-lg" id="(\w+)" name="\w+"(?!'
        r" disabled)[^>]*>(.*?)</select>",
        page.text,
        re.DOTALL,
    )
    picked = {name: re.findall(r'<option value="([^"]*)" selected', options) for name, options in chosen}
    return {
        name: html.unescape(text)
        for name, text in (*fields, *((name, found[0] if found else "") for name, found in picked.items()))
    }


def wrong(page: httpx2.Response) -> set[str]:
    """The fields that are marked as wrong."""
    return set(re.findall(r'id="(\w+)" name="\w+"[^>]* aria-invalid="true"', page.text))


def pictures(page: httpx2.Response) -> list[Image.Image]:
    return [
        Image.open(io.BytesIO(base64.b64decode(picture)))
        for picture in re.findall(r'src="data:image/png;base64,([^"]+)"', page.text)
    ]


async def certificates(rig: Rig) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await rig.call("GET", "/v1/certificates", role="admin")).json()["items"]
    return found


async def test_the_form_shows_what_its_papers_need(rig: Rig) -> None:
    """A sick leave asks for an employer and no test, a recovery the other way round; what is usual stands
    there.
    """
    async with at_console(rig) as browser:
        leave, recovery, both = [
            values(await browser.get(_NEW, params={"papers": papers}))
            for papers in ("sick_leave", "recovery", "both")
        ]
    assert {"employer", "visit_no", "diagnosis"} <= leave.keys()
    assert not {"last_test_on", "outcome", "phone", "father_name"} & leave.keys()
    assert {"last_test_on", "outcome", "phone"} <= recovery.keys()
    assert not {"employer", "visit_no", "diagnosis", "icd10"} & recovery.keys()
    assert both.keys() == leave.keys() | recovery.keys()
    assert (leave["icd10"], leave["care_setting"], leave["employer"]) == ("U07.1", "Tại nhà", "")
    assert leave["examined_on"] == leave["positive_on"] == leave["isolation_from"] == recovery["isolation_to"]
    assert (recovery["last_test_result"], recovery["positive_on"]) == ("Âm tính", "")


async def test_with_a_scanned_card_few_fields_are_left_to_type(rig: Rig) -> None:
    """Of a sick leave the social-insurance number, the employer and the number of the visit; who examined and
    how long are chosen.
    """
    async with at_console(rig) as browser:
        empty = values(await browser.get(_NEW))
        spread = values(
            await send(browser, _NEW, **empty | {"papers": "sick_leave", "citizen_id": CARD}, step="card")
        )
    left = {name for name, text in spread.items() if text == ""}
    assert left - {"id_type", "health_insurance_card", "certified_on"} == {
        "social_insurance_no",
        "employer",
        "visit_no",
        "practitioner_licence",
        "isolation_to",
    }


async def test_a_card_is_spread_over_the_fields(rig: Rig) -> None:
    """What was typed stays, and what the card says otherwise is told beside it; days of leave are
    reckoned.
    """
    async with at_console(rig) as browser:
        page = await send(
            browser,
            _NEW,
            papers="sick_leave",
            citizen_id=f"{CARD}\r",
            full_name="Trần Thị Quýt",
            birth_date="05091988",
            step="card",
        )
        longer = await send(browser, _NEW, papers="sick_leave", examined_on="26022022", days="5")
    found = values(page)
    assert {
        name: found[name] for name in ("citizen_id", "full_name", "birth_date", "sex", "id_issued_on")
    } == {
        "citizen_id": "001188000042",
        "full_name": "Trần Thị Quýt",
        "birth_date": "05/09/1988",
        "sex": "Nữ",
        "id_issued_on": "10/05/2021",
    }
    assert re.findall(r"Trên CCCD: <strong>([^<]+)<", page.text) == ["Trần Thị Quét"]
    assert (values(longer)["isolation_from"], values(longer)["isolation_to"]) == ("26/02/2022", "02/03/2022")


async def test_what_is_wrong_is_said_at_its_field(rig: Rig) -> None:
    """Nothing is drawn or issued, and what was typed stays."""
    async with at_console(rig) as browser:
        page = await send(
            browser,
            _NEW,
            **LEAVE | {"employer": "", "isolation_to": "35/02/2022", "social_insurance_no": "12"},
            step="preview",
        )
    assert page.status_code == 422
    assert wrong(page) == {"isolation_to", "social_insurance_no"}
    assert values(page)["visit_no"] == "42"
    assert await certificates(rig) == []


async def test_a_childs_parents_are_asked_for(rig: Rig) -> None:
    """Under seven on the day of examination the form has their fields; for anybody else what stands there is
    not taken.
    """
    async with at_console(rig) as browser:
        child = await send(
            browser, _NEW, papers="sick_leave", birth_date="01/01/2018", examined_on="06/02/2022", step="card"
        )
        page = await send(browser, _NEW, **LEAVE | {"father_name": "@@@"}, step="preview")
    assert {"father_name", "mother_name"} <= values(child).keys()
    assert page.status_code == 200, wrong(page)


async def test_the_check_says_the_same_and_keeps_nothing(rig: Rig) -> None:
    """For the script: findings by field, the card spread, as JSON that no cache keeps; only from a form of
    ours.
    """
    async with at_console(rig) as browser:
        answer = await send(
            browser,
            f"{_NEW}/check",
            papers="sick_leave",
            citizen_id=CARD,
            sex="Nam",
            isolation_to="35/02/2022",
        )
        assert (await browser.post(f"{_NEW}/check", data={"papers": "sick_leave"})).status_code == 403
    told = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert told["texts"]["full_name"] == "Trần Thị Quét"
    assert told["card_says"] == {"sex": "Nữ"}
    assert {fault["rule"] for fault in told["faults"] if fault["field"] == "isolation_to"} == {"V-DATE-ORDER"}
    assert {fault["rule"] for fault in told["faults"] if fault["field"] == "social_insurance_no"} == {
        "V-SOCIAL-NO"
    }
    assert await certificates(rig) == []


async def test_the_check_asks_nothing_of_other_papers(rig: Rig) -> None:
    """A record typed again and again must not find out who is ill elsewhere, nor wait for those who judge."""
    other = record(42, facility=OTHER) | {"citizen_id": "001188000042", "social_insurance_no": "0100000042"}
    await rig.issued(other)
    async with at_console(rig) as browser:
        told = (await send(browser, f"{_NEW}/check", **LEAVE)).json()
    assert [fault for fault in told["faults"] if fault["rule"] == "A-OVERLAP"] == []


async def test_papers_are_seen_asked_for_and_handed_out(rig: Rig) -> None:
    """Two pictures of unsigned forms; then both papers at once, followed until they are signed, with PDF and
    slip. Pressed twice it is one request.
    """
    async with at_console(rig) as browser:
        preview = await send(browser, _NEW, **BOTH, step="preview")
        assert (preview.status_code, preview.headers["Cache-Control"]) == (200, "no-store")
        assert [picture.width > 800 for picture in pictures(preview)] == [True, True]
        assert "Cấp 2 giấy" in preview.text
        assert await certificates(rig) == []
        sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', preview.text))
        form = {name: html.unescape(text) for name, text in sent.items() if name != "csrf_token"}
        answers = await asyncio.gather(*(send(browser, f"{_NEW}/issue", **form) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {303}
        [here] = {answer.headers["Location"] for answer in answers}
        waiting = await browser.get(here)
        assert waiting.text.count("data-paper=") == 2
        assert "/pdf" not in waiting.text
        await rig.work()
        done = await browser.get(here)
        assert "data-paper=" not in done.text
        assert len(set(re.findall(r'href="(/v1/certificates/[^"]+/pdf)"', done.text))) == 2
        issued = await certificates(rig)
        assert sorted((certificate["kind"], certificate["status"]) for certificate in issued) == [
            ("recovery", "issued"),
            ("sick_leave", "issued"),
        ]
        slip = (await browser.get(f"{_NEW}/{issued[0]['id']}/slip")).text
        assert [text in slip for text in ("Trần Thị Quét", issued[0]["serial"])] == [True, True]
        assert "".join(re.findall(r"<span>([0-9A-Z]{4})</span>", slip)) == issued[0]["code"].replace("-", "")
        again = await send(browser, _NEW, **BOTH, step="preview")
        assert (again.status_code, "Đã cấp trước đây" in again.text, pictures(again)) == (200, True, [])


async def test_one_of_two_papers_is_refused(rig: Rig) -> None:
    """The preview says why, and what is pressed then asks for the other alone."""
    async with at_console(rig) as browser:
        preview = await send(browser, _NEW, **BOTH | {"employer": ""}, step="preview")
        assert ("A-EMPLOYER" in preview.text, len(pictures(preview)), "Cấp 1 giấy" in preview.text) == (
            True,
            1,
            True,
        )
        assert 'name="papers" value="recovery"' in preview.text
        partly = await send(browser, f"{_NEW}/issue", **BOTH | {"employer": ""})
    assert (partly.status_code, "A-EMPLOYER" in partly.text) == (200, True)
    assert [certificate["kind"] for certificate in await certificates(rig)] == ["recovery"]


async def test_the_same_case_with_other_content_is_refused(rig: Rig) -> None:
    """With the reason, on the form as it was typed."""
    async with at_console(rig) as browser:
        assert (await send(browser, f"{_NEW}/issue", **LEAVE)).status_code == 303
        answer = await send(browser, f"{_NEW}/issue", **LEAVE | {"employer": "Công ty Khác"})
    assert answer.status_code == 409
    assert values(answer)["employer"] == "Công ty Khác"
    assert len(await certificates(rig)) == 1


async def test_a_text_that_no_form_holds_is_refused_in_the_preview(rig: Rig) -> None:
    """Where the form cannot be set, nothing is offered to be issued."""
    async with at_console(rig) as browser:
        page = await send(browser, _NEW, **LEAVE | {"employer": "Công ty 東京"}, step="preview")
    assert ("Cấp 1 giấy" in page.text, pictures(page)) == (False, [])


async def test_an_insurer_chooses_the_station_first(rig: Rig) -> None:
    """And issues for it; the form names its practitioners alone."""
    async with at_console(rig, Role.INSURER) as browser:
        assert 'name="facility"' in (await browser.get(_NEW)).text
        page = await browser.get(_NEW, params={"facility": OWNER})
        assert ("000002/HNO-CCHN" in page.text, "000012/HNO-CCHN" in page.text) == (True, False)
        assert (await browser.get(_NEW, params={"facility": "99999"})).status_code == 404
        assert (await send(browser, f"{_NEW}/issue", **LEAVE, facility=OWNER)).status_code == 303
    assert [certificate["facility_code"] for certificate in await certificates(rig)] == [OWNER]


async def test_a_station_issues_for_itself_alone(rig: Rig) -> None:
    """Whatever facility its form names; and it sees no other's papers there."""
    async with at_console(rig) as browser:
        answer = await send(browser, f"{_NEW}/issue", **LEAVE, facility=OTHER)
    assert [certificate["facility_code"] for certificate in await certificates(rig)] == [OWNER]
    here = answer.headers["Location"]
    async with at_console(rig, Role.FACILITY, OTHER) as browser:
        assert [(await browser.get(address)).status_code for address in (here, f"{here}/slip")] == [404, 404]


async def test_auditors_may_not(rig: Rig) -> None:
    """Neither the form nor what it leads to."""
    async with at_console(rig) as browser:
        here = (await send(browser, f"{_NEW}/issue", **LEAVE)).headers["Location"]
    async with at_console(rig, Role.AUDITOR) as browser:
        answers = [await browser.get(address) for address in (_NEW, here, f"{here}/slip")]
        answers += [
            await send(browser, address, **LEAVE, step="preview")
            for address in (_NEW, f"{_NEW}/check", f"{_NEW}/issue")
        ]
    assert [answer.status_code for answer in answers] == [403] * 6


async def test_a_form_of_elsewhere_is_refused(rig: Rig) -> None:
    """Without the session's token nothing is previewed and nothing issued."""
    async with at_console(rig) as browser:
        answers = [
            await browser.post(address, data=LEAVE | {"step": "preview"})
            for address in (_NEW, f"{_NEW}/issue")
        ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert await certificates(rig) == []


_LONG_NAME = "001188000042||" + "ầ" * 600 + "|05091988|Nữ||"


@pytest.mark.parametrize(
    "text", ["|" * 1900, "001188000042|" + "x" * 50_000, "\x00", "<script>alert(1)</script>|", _LONG_NAME]
)
async def test_hostile_text_in_the_number(rig: Rig, text: str) -> None:
    """Any text gets the form again, and is text in it."""
    async with at_console(rig) as browser:
        page = await send(browser, _NEW, **LEAVE | {"citizen_id": text}, step="preview")
        checked = await send(browser, f"{_NEW}/check", **LEAVE | {"citizen_id": text})
    assert page.status_code in {200, 422}
    assert "<script>alert" not in page.text
    assert checked.status_code == 200


async def test_unknown_papers_are_refused(rig: Rig) -> None:
    """A kind of our own making only."""
    async with at_console(rig) as browser:
        assert (await send(browser, _NEW, **LEAVE | {"papers": "gold"})).status_code == 422
        assert (await browser.get(_NEW, params={"papers": "gold"})).status_code == 422


async def test_one_address_asks_so_often_and_no_more(rig: Rig) -> None:
    """The form is checked after every field: generous, but not without end; whoever is refused is told for
    how long.
    """
    passed = 0
    async with rig.client(role=None) as browser:
        while (
            answer := await browser.post(f"{_NEW}/check", data={"papers": "sick_leave"})
        ).status_code == 303 and passed < 2000:
            passed += 1
    assert passed >= 300
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
