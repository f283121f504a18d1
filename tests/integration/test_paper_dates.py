"""A paper signed years after its date: every way in says both days, and the one to compare is what the paper
prints.
"""

import csv
import datetime as dt
import io
import json
import re
from dataclasses import replace
from typing import Any

import openpyxl
import pypdfium2

from certsvc.clock import HANOI, day_in_hanoi
from certsvc.signing.claims import sign_claims
from certsvc.signing.keyring import Keyring
from certsvc.verify.claims import find_claims
from tests.integration.test_qr_claims import qr_of
from tests.support.records import record
from tests.support.rig import Rig

EXAMINED = "2022-03-14"
SPRING = {
    "positive_on": EXAMINED,
    "examined_on": EXAMINED,
    "isolation_from": EXAMINED,
    "isolation_to": "2022-03-21",
    "last_test_on": "2022-03-21",
}


def late(number: int) -> dict[str, str]:
    """A case of long ago, signed today."""
    return record(number) | SPRING


def signed_at(certificate: Any) -> dt.datetime:
    return dt.datetime.fromisoformat(certificate["signed_at"]).replace(microsecond=0)


def signed_on(certificate: Any) -> str:
    return day_in_hanoi(signed_at(certificate)).isoformat()


async def pdf_of(rig: Rig, certificate: Any) -> bytes:
    return (await rig.call("GET", f"/v1/certificates/{certificate['id']}/pdf")).content


async def printed_day(rig: Rig, certificate: Any) -> str:
    """The only date that the form has in words: its own."""
    with pypdfium2.PdfDocument(await pdf_of(rig, certificate)) as document:
        text = document[0].get_textpage().get_text_range()
    [(day, month, year)] = re.findall(r"gày\s+(\d+)\s+tháng\s+(\d+)\s+năm\s+(\d{4})", text)
    return dt.date(int(year), int(month), int(day)).isoformat()


async def reports(rig: Rig, certificate: Any) -> list[dict[str, Any]]:
    """The answers to its code, its address, its QR and its file, alone and in bulk, and to who knows the
    birth date.
    """
    code, qr, pdf = certificate["code"], await qr_of(rig, certificate), await pdf_of(rig, certificate)
    answers = [
        await rig.call("GET", f"/v/{code}", role=None),
        await rig.call("GET", "/V/" + qr.partition("/V/")[2], role=None),
        await rig.call("POST", "/v1/verify", role=None, json={"code": code}),
        await rig.call("POST", "/v1/verify", role=None, json={"qr": qr}),
        await rig.call("POST", "/v1/verify", role=None, files={"file": ("a.pdf", pdf)}),
        await rig.call("POST", f"/v/{code}", role=None, json={"birth_date": "1988-09-05"}),
    ]
    bulk = await rig.call(
        "POST", "/v1/verify/batch", role=None, files=[("f", ("a.pdf", pdf))], data={"codes": code}
    )
    return [*(answer.json() for answer in answers), *map(json.loads, bulk.text.splitlines())]


async def days_told(rig: Rig, certificate: Any) -> set[tuple[str, str, dt.datetime]]:
    """What all these say of its days."""
    told = await reports(rig, certificate)
    assert [report["verdict"] for report in told] == ["valid"] * 8
    papers = [report["certificate"] for report in told]
    return {
        (each["dated_on"], each["signed_on"], dt.datetime.fromisoformat(each["signed_at"])) for each in papers
    }


async def test_every_way_in_says_both_days(rig: Rig) -> None:
    """The date on the paper is that of the examination, as printed; the instant of signing is today's."""
    certificate = await rig.issued(late(3))
    assert "A-LATE" in certificate["warnings"]
    assert await printed_day(rig, certificate) == EXAMINED
    assert await days_told(rig, certificate) == {(EXAMINED, signed_on(certificate), signed_at(certificate))}


async def test_a_recovery_and_a_re_issue_bear_the_day_of_signing(rig: Rig) -> None:
    """Told as they print it: both are dated as they are signed, whatever the case's days."""
    old, recovery = await rig.issued(late(4)), await rig.issued(late(5), kind="recovery")
    answer = await rig.call("POST", f"/v1/certificates/{old['id']}/replace", json={"reason": "lost"})
    await rig.work()
    for certificate in (recovery, await rig.certificate(answer.json()["id"])):
        day = signed_on(certificate)
        assert await printed_day(rig, certificate) == day
        assert await days_told(rig, certificate) == {(day, day, signed_at(certificate))}


async def test_what_is_not_signed_has_neither(rig: Rig) -> None:
    """There is no paper yet that could bear a date."""
    asked = (await rig.request(late(6))).json()
    paper = (await rig.call("GET", f"/v/{asked['code']}", role=None)).json()["certificate"]
    assert (paper["dated_on"], paper["signed_on"], paper["signed_at"]) == (None, None, None)


async def test_the_page_shows_both_and_refuses_nobody_for_the_second(rig: Rig) -> None:
    """The page behind the QR, for whoever holds the paper: day, month and year as on the paper; lateness is
    explained.
    """
    certificate = await rig.issued(late(7))
    page = (
        await rig.call("GET", f"/v/{certificate['code']}", role=None, headers={"Accept": "text/html"})
    ).text
    words = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "Ngày trên giấy Date on the paper 14/03/2022" in words
    assert f"Ký số lúc Digitally signed at {signed_at(certificate).astimezone(HANOI):%d/%m/%Y %H:%M}" in words
    assert "Giấy được cấp muộn, ký số sau ngày ghi trên giấy; đó không phải lý do để từ chối." in words


async def test_tables_of_a_bulk_check_have_both(rig: Rig) -> None:
    """CSV and XLSX: the date on the paper as a date, the signing in Hanoi's time."""
    certificate = await rig.issued(late(8))
    signing = f"{signed_at(certificate).astimezone(HANOI):%d/%m/%Y %H:%M}"
    csv_answer, xlsx_answer = [
        await rig.call(
            "POST",
            "/v1/verify/batch",
            role=None,
            params={"format": each},
            data={"codes": certificate["code"]},
        )
        for each in ("csv", "xlsx")
    ]
    [row] = csv.DictReader(io.StringIO(csv_answer.content.decode("utf-8-sig"), newline=""))
    assert (row["Ngày trên giấy"], row["Ký số lúc (giờ Việt Nam)"]) == (EXAMINED, signing)
    [sheet] = openpyxl.load_workbook(io.BytesIO(xlsx_answer.content)).worksheets
    header, cells = sheet.iter_rows(values_only=True)
    line = dict(zip(header, cells, strict=True))
    assert (line["Ngày trên giấy"], line["Ký số lúc (giờ Việt Nam)"]) == (
        dt.datetime.fromisoformat(EXAMINED),
        signing,
    )


async def test_a_qr_of_before_still_leads_to_its_paper(rig: Rig) -> None:
    """Papers in people's hands claim no date: they are valid, and with a network both days are told of them,
    too.
    """
    certificate = await rig.issued(late(9))
    start, _, text = (await qr_of(rig, certificate)).rpartition("/")
    [key] = Keyring(rig.res.settings.keys_dir).claim_keys()
    trust = await rig.res.trust.get(signed_at(certificate))
    claims = find_claims(text, trust.claim_keys)
    assert claims is not None
    assert (str(claims.dated_on), str(claims.signed_on)) == (EXAMINED, signed_on(certificate))
    former = replace(claims, commitment=None, former_commitment=bytes(16), dated_on=None)
    wrong, earlier = (
        sign_claims(replace(claims, dated_on=dt.date(2022, 3, 15)), key),
        sign_claims(former, key),
    )
    answer = (await rig.call("POST", "/v1/verify", role=None, json={"qr": f"{start}/{earlier}"})).json()
    assert (answer["verdict"], answer["checks"][-1]["name"], answer["checks"][-1]["outcome"]) == (
        "valid",
        "claims",
        "passed",
    )
    assert (answer["certificate"]["dated_on"], answer["certificate"]["signed_on"]) == (
        EXAMINED,
        signed_on(certificate),
    )
    answer = (await rig.call("POST", "/v1/verify", role=None, json={"qr": f"{start}/{wrong}"})).json()
    assert (answer["verdict"], answer["reasons"][0]["code"]) == ("invalid", "forged_qr")
