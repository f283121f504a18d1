"""Exchange files in and out over HTTP: batches of CT07, exports of what was issued, and who may have them."""

import base64
import csv
import datetime as dt
import io
import zipfile
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from defusedxml.ElementTree import fromstring

from certsvc.clock import day_in_hanoi, utc_now
from certsvc.issuing.approval.delegating import withdraw_delegation
from certsvc.records.exchange.ct07 import TAGS_2025
from keys_dev.make import KeyType
from tests.support import pki
from tests.support.approving import DEPUTY, delegate
from tests.support.exchange import ct07, hschungtu, tags_of, zipped
from tests.support.records import as_csv, record
from tests.support.rig import Rig

ENDED = dict.fromkeys(("isolation_to", "last_test_on"), "2026-02-13")
DOCUMENT = "THONGTINHOSO/DANHSACHHOSO/HOSO/FILEHOSO"


def with_rsa_keys(rig: Rig) -> None:
    """The same names of keys, RSA this time."""
    settings = rig.res.settings.model_copy(update={"keys_dir": pki.shared(KeyType.RSA_2048).folder})
    rig.app.state.resources = replace(rig.res, settings=settings)


async def submitted(rig: Rig, data: bytes, *, dry_run: str = "false") -> Any:
    answer = await rig.submit(data, dry_run=dry_run)
    assert answer.status_code == httpx2.codes.ACCEPTED, answer.text
    await rig.work()
    return (await rig.call("GET", f"/v1/batches/{answer.json()['id']}")).json()


async def test_a_batch_of_ct07_asks_for_sick_leave_alone(dummy_rig: Rig) -> None:
    """Each dossier is a row: issued, or rejected in words where its document is broken; recovery is nobody's
    wish.
    """
    broken = "<FILEHOSO><LOAIHOSO>CT07</LOAIHOSO><NOIDUNGFILE>***</NOIDUNGFILE></FILEHOSO>"
    batch = await submitted(dummy_rig, hschungtu(ct07(tags_of(record(1))), broken, ct07(tags_of(record(2)))))
    assert batch["status"] == "done"
    assert {name: batch["counts"][name] for name in ("rows", "accepted", "rejected", "issued")} == {
        "rows": 3,
        "accepted": 2,
        "rejected": 1,
        "issued": 2,
    }
    lines = await dummy_rig.results(batch["id"])
    assert [(line["row"], line["kind"], line["outcome"]) for line in lines] == [
        (1, "sick_leave", "issued"),
        (1, "recovery", "none"),
        (2, "sick_leave", "rejected"),
        (2, "recovery", "none"),
        (3, "sick_leave", "issued"),
        (3, "recovery", "none"),
    ]
    assert [rule["id"] for rule in lines[2]["rules"]] == ["V-DOCUMENT"]


async def test_an_export_read_again_issues_nothing(dummy_rig: Rig) -> None:
    """What we exported comes back as the same cases, so none is issued a second time; a second export holds
    the same documents.
    """
    first = await submitted(dummy_rig, hschungtu(ct07(tags_of(record(1))), ct07(tags_of(record(2)))))
    exported = (await dummy_rig.call("GET", f"/v1/batches/{first['id']}/export?format=ct07")).content
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name.endswith(".xml")}
    again = await submitted(dummy_rig, zipped(files))
    assert (again["counts"]["existing"], again["counts"]["certificates"]) == (2, 0)
    second = (await dummy_rig.call("GET", f"/v1/batches/{again['id']}/export?format=ct07")).content
    with zipfile.ZipFile(io.BytesIO(second)) as archive:
        assert {name: archive.read(name) for name in archive.namelist() if name.endswith(".xml")} == files


async def test_a_document_bears_the_cases_day_and_its_file_the_day_it_was_made(dummy_rig: Rig) -> None:
    """NGAY_CHUNG_TU and NGAY_CT are the last day of a visit of several days, NGAYLAP is today [sick-leave,
    The date on the paper].
    """
    examined = dt.date.fromisoformat(record(1)["examined_on"])
    last = examined + dt.timedelta(days=2)
    certificate = await dummy_rig.issued(record(1, certified_on=last.isoformat()))
    for layout, kind, tag in (
        ("ct07", "CT07", "NGAY_CHUNG_TU"),
        ("xml11", "XML11", "NGAY_CT"),
        ("xml11", "XML1", "NGAY_RA"),
    ):
        answer = await dummy_rig.call("GET", f"/v1/certificates/{certificate['id']}/export?format={layout}")
        envelope = fromstring(answer.content)
        assert envelope.findtext("THONGTINHOSO/NGAYLAP") == f"{day_in_hanoi(utc_now()):%Y%m%d}"
        [file] = [each for each in envelope.findall(DOCUMENT) if each.findtext("LOAIHOSO") == kind]
        tags = fromstring(base64.b64decode(file.findtext("NOIDUNGFILE") or ""))
        assert (tags.findtext(tag) or "")[:8] == f"{last:%Y%m%d}", layout


async def test_what_is_no_exchange_file_is_refused_before(dummy_rig: Rig) -> None:
    """Another XML is a 415; a broken one that shows at once a 422, and later a failed batch whose rows
    stand.
    """
    assert (await dummy_rig.submit(b'<?xml version="1.0"?><Workbook/>')).status_code == 415
    refused = await dummy_rig.submit(b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><HSCHUNGTU/>')
    assert (refused.status_code, refused.json()["code"]) == (422, "broken_xml")
    many = hschungtu(*[ct07(tags_of(record(number))) for number in range(1, 60)])
    failed = await submitted(dummy_rig, many.removesuffix(b"</HSCHUNGTU>"))
    assert (failed["status"], failed["problem"]["code"]) == ("failed", "broken_xml")


async def test_a_batch_is_exported_a_file_a_case(dummy_rig: Rig) -> None:
    """Issued sick leave only; what breaks the table is left out, and export.csv says so by tag."""
    batch = await submitted(
        dummy_rig, as_csv(record(1), record(2, treatment=""), record(3, wants_sick_leave="0"))
    )
    answer = await dummy_rig.call("GET", f"/v1/batches/{batch['id']}/export?format=xml11")
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        told = list(csv.DictReader(io.StringIO(archive.read("export.csv").decode("utf-8-sig"))))
        envelope = fromstring(archive.read(names[0]))
    assert len(names) == 2
    assert names[0].endswith("_TH-220206-000001.xml")
    assert [each.findtext("LOAIHOSO") for each in envelope.findall(DOCUMENT)] == ["XML1", "XML11"]
    assert [(line["case_id"], line["outcome"], line["field"]) for line in told] == [
        ("TH-220206-000001", "written", ""),
        ("TH-220206-000002", "left_out", "PP_DIEUTRI"),
    ]


async def test_what_is_not_in_force_is_left_out_in_words(dummy_rig: Rig) -> None:
    """And for what was replaced goes its successor, as long as that is in force."""
    batch = await submitted(
        dummy_rig, as_csv(*(record(number, wants_recovery="0") for number in range(1, 6)))
    )
    written, revoked, suspended, replaced, twice = [
        line["certificate_id"]
        for line in await dummy_rig.results(batch["id"])
        if line["kind"] == "sick_leave"
    ]
    await _changed(dummy_rig, revoked, "revoke")
    await _changed(dummy_rig, suspended, "suspend")
    successor = await _changed(dummy_rig, replaced, "replace")
    await _changed(dummy_rig, (await _changed(dummy_rig, twice, "replace"))["id"], "revoke")
    told = [(line["certificate_id"], line["outcome"]) for line in await _told(dummy_rig, batch["id"])]
    assert told[:4] == [
        (written, "written"),
        (revoked, "left_out"),
        (suspended, "left_out"),
        (replaced, "left_out"),
    ]
    assert told[4] == (successor["id"], "written")
    assert [outcome for _, outcome in told[5:]] == ["left_out", "left_out"]


async def _changed(rig: Rig, certificate_id: str, change: str) -> Any:
    """The certificate that the change leads to, issued where it is a new one."""
    answer = await rig.call(
        "POST",
        f"/v1/certificates/{certificate_id}/{change}",
        json={"reason": "wrong_data" if change != "replace" else "lost"},
    )
    assert answer.is_success, answer.text
    await rig.work()
    return answer.json()


async def _told(rig: Rig, batch_id: str) -> list[dict[str, str]]:
    """What export.csv says; every file that it calls written is there, and no other."""
    exported = (await rig.call("GET", f"/v1/batches/{batch_id}/export?format=ct07")).content
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        told = list(csv.DictReader(io.StringIO(archive.read("export.csv").decode("utf-8-sig"))))
        assert {
            f"{line['serial']}_{line['case_id']}.xml" for line in told if line["outcome"] == "written"
        } == {*archive.namelist()} - {"export.csv"}
    assert all(line["message_vi"] and line["message_en"] for line in told if line["outcome"] == "left_out")
    return told


async def test_a_batch_not_yet_signed_is_told_of_whole(dummy_rig: Rig) -> None:
    """Nothing silent: each of its leaves is left out, for it is not issued."""
    batch_id = (await dummy_rig.submit(as_csv(record(1), record(2)))).json()["id"]
    await dummy_rig.read()
    assert [line["outcome"] for line in await _told(dummy_rig, batch_id)] == ["left_out", "left_out"]


async def test_files_are_named_in_any_alphabet(dummy_rig: Rig) -> None:
    """After serial and case; what leads elsewhere or no file system takes is replaced."""
    certificate = await dummy_rig.issued(record(1, case_id="Đống Đa/12"))
    answer = await dummy_rig.call("GET", f"/v1/certificates/{certificate['id']}/export?format=ct07")
    name = f"{certificate['serial']}_Đống_Đa_12.xml"
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{quote(name)}"


async def test_it_names_who_signed_for_the_facility(dummy_rig: Rig) -> None:
    """A delegate stays the one on his papers, whatever becomes of his authority; what is signed later is the
    head's again.
    """
    authority = await delegate(dummy_rig, DEPUTY)
    first = await submitted(dummy_rig, as_csv(record(1)))
    await withdraw_delegation(dummy_rig.res.db, authority, now=utc_now())
    second = await submitted(dummy_rig, as_csv(record(2)))
    assert [await _representative(dummy_rig, batch["id"]) for batch in (first, second)] == [
        "0148056573",
        "0168622131",
    ]


async def _representative(rig: Rig, batch_id: str) -> str | None:
    """Whom the only XML11 of a batch's export names as head of the facility, by the number with BHXH."""
    exported = (await rig.call("GET", f"/v1/batches/{batch_id}/export?format=xml11")).content
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        envelope = fromstring(archive.read(archive.namelist()[0]))
    [content] = [
        each.findtext("NOIDUNGFILE")
        for each in envelope.findall(DOCUMENT)
        if each.findtext("LOAIHOSO") == "XML11"
    ]
    found: str | None = fromstring(base64.b64decode(content or "")).findtext(".//MA_TTDV")
    return found


async def test_a_file_of_2025_carries_the_facilitys_signature(dummy_rig: Rig) -> None:
    """Every tag of the layout, and CHUKYDONVI filled; a key that BHXH takes no signature of is said to be
    one.
    """
    certificate = await dummy_rig.issued(record(1))
    path = f"/v1/certificates/{certificate['id']}/export?format=ct07-2025"
    refused = await dummy_rig.call("GET", path)
    assert (refused.status_code, refused.json()["code"]) == (409, "signature_needs_rsa")
    with_rsa_keys(dummy_rig)
    answer = await dummy_rig.call("GET", path)
    assert answer.headers["Content-Type"] == "application/xml"
    envelope = fromstring(answer.content)
    assert envelope.find("CHUKYDONVI/{http://www.w3.org/2000/09/xmldsig#}Signature") is not None
    [row] = [line for line in await _read_back(dummy_rig, answer.content) if line["kind"] == "sick_leave"]
    assert row["outcome"] == "rejected"  # the case is known with more in it than CT07 says
    assert [rule["id"] for rule in row["rules"]] == ["V-DUPLICATE"]
    assert len(TAGS_2025) == 27


async def _read_back(rig: Rig, data: bytes) -> list[dict[str, Any]]:
    batch = await submitted(rig, data, dry_run="true")
    return await rig.results(batch["id"])


async def test_who_may_have_what(dummy_rig: Rig) -> None:
    """As with the PDF: another station's is a 404; an auditor reads, but makes nobody sign."""
    certificate = await dummy_rig.issued(record(1), role="facility")
    with_rsa_keys(dummy_rig)
    path = f"/v1/certificates/{certificate['id']}/export"
    wanted = {
        ("facility", "ct07"): 200,
        ("facility 01802", "ct07"): 404,
        ("insurer", "xml11"): 200,
        ("auditor", "ct07"): 200,
        ("auditor", "ct07-2025"): 403,
        (None, "ct07"): 401,
        ("admin", "ct08"): 422,
    }
    found = {
        (role, layout): (await dummy_rig.call("GET", path, role=role, params={"format": layout})).status_code
        for role, layout in wanted
    }
    assert found == wanted


@pytest.mark.parametrize(
    ("kind", "change", "layout", "expected"),
    [
        ("recovery", None, "ct07", (422, "no_exchange_format")),
        ("sick_leave", "revoke", "ct07", (409, "not_in_force")),
        ("sick_leave", "suspend", "xml11", (409, "not_in_force")),
    ],
)
async def test_only_sick_leave_in_force_is_exported(
    dummy_rig: Rig, kind: str, change: str | None, layout: str, expected: tuple[int, str]
) -> None:
    certificate = await dummy_rig.issued(record(1), kind=kind)
    if change:
        await dummy_rig.call(
            "POST", f"/v1/certificates/{certificate['id']}/{change}", json={"reason": "wrong_data"}
        )
    answer = await dummy_rig.call("GET", f"/v1/certificates/{certificate['id']}/export?format={layout}")
    assert (answer.status_code, answer.json()["code"]) == expected


async def test_an_unissued_one_and_the_wrong_form_are_refused(dummy_rig: Rig) -> None:
    """A certificate that waits has no file; one of form 07 has none in the layout of before."""
    waiting = (await dummy_rig.request(record(1))).json()
    answer = await dummy_rig.call("GET", f"/v1/certificates/{waiting['id']}/export?format=ct07")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_issued")
    late = await dummy_rig.issued(
        {
            **record(2),
            **dict.fromkeys(("positive_on", "isolation_from", "examined_on"), "2026-02-06"),
            **ENDED,
        }
    )
    answers = [
        await dummy_rig.call("GET", f"/v1/certificates/{late['id']}/export?format={layout}")
        for layout in ("ct07", "xml11")
    ]
    assert [(each.status_code, each.json()["code"] if each.is_error else "") for each in answers] == [
        (409, "format_not_in_force"),
        (200, ""),
    ]
