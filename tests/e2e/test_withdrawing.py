"""Withdrawn at once: revoke, suspend, reinstate, replace, seen by who scans, who types and who has the
file.
"""

import itertools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from certsvc.cli.keeping import keep, load
from certsvc.clock import utc_now
from certsvc.verify.offline import Kept, judge_text
from tests.e2e.browsing import scan
from tests.support import calls
from tests.support.records import record
from tests.support.service import Service

_numbers = itertools.count(2001)
Issue = Callable[..., Any]


@pytest.fixture
def staff(service: Service) -> Iterator[httpx2.Client]:
    with service.client() as client:
        yield client


@pytest.fixture
def stranger(service: Service) -> Iterator[httpx2.Client]:
    with service.client(None, address="198.51.100.10") as client:
        yield client


def _change(client: httpx2.Client, certificate: Any, change: str, **body: Any) -> httpx2.Response:
    return client.post(f"/v1/certificates/{certificate['id']}/{change}", json=body)


def _seen(stranger: httpx2.Client, certificate: Any, pdf: bytes) -> set[str]:
    """The verdicts by the code in the address, the code posted, and the file."""
    posted = calls.good(stranger.post("/v1/verify", json={"code": certificate["code"]}))["verdict"]
    return {calls.verdict(stranger, certificate["code"]), posted, calls.verdict(stranger, pdf)}


def test_revoked_is_seen_at_once_and_for_good(staff: httpx2.Client, stranger: httpx2.Client) -> None:
    """Why is not for strangers; nothing leads back."""
    certificate = calls.issue(staff, record(next(_numbers)))
    pdf = calls.pdf(staff, certificate["id"])
    assert _seen(stranger, certificate, pdf) == {"valid"}
    revoked = calls.good(_change(staff, certificate, "revoke", reason="fraud"))
    assert (revoked["status"], revoked["reason"], revoked["serial"]) == (
        "revoked",
        "fraud",
        certificate["serial"],
    )
    assert _seen(stranger, certificate, pdf) == {"revoked"}
    report = calls.good(stranger.get(f"/v/{certificate['code']}"))
    assert [reason["code"] for reason in report["reasons"]] == ["withdrawn"]
    for change in ("revoke", "suspend", "reinstate", "replace"):
        assert _change(staff, certificate, change, reason="fraud").status_code == 409


def test_revoked_is_seen_without_a_network_once_the_list_is_fetched_again(
    staff: httpx2.Client, stranger: httpx2.Client, tmp_path: Path
) -> None:
    """Within a minute of the change the list shows it; what was kept before does not."""
    certificate = calls.issue(staff, record(next(_numbers)))
    qr, visits = scan(calls.pdf(staff, certificate["id"])), itertools.count()

    def kept() -> Kept:
        folder = tmp_path / str(next(visits))
        keep(stranger, folder, now=utc_now())
        return load(folder, now=utc_now())

    def verdict(lists: Kept) -> str:
        return str(judge_text(qr, kept=lists, now=utc_now()).verdict)

    before = kept()
    assert verdict(before) == "valid"
    calls.good(_change(staff, certificate, "revoke", reason="fraud"))
    calls.until(lambda: verdict(kept()) == "revoked", patience_s=60)
    assert verdict(before) == "valid"


def test_suspended_and_reinstated(staff: httpx2.Client, stranger: httpx2.Client) -> None:
    """There and back; neither twice."""
    certificate = calls.issue(staff, record(next(_numbers)), kind="recovery")
    pdf = calls.pdf(staff, certificate["id"])
    assert _change(staff, certificate, "reinstate", reason="wrong_data").status_code == 409
    assert (
        calls.good(_change(staff, certificate, "suspend", reason="other", text="đang xác minh"))["status"]
        == "suspended"
    )
    assert _seen(stranger, certificate, pdf) == {"suspended"}
    assert _change(staff, certificate, "suspend", reason="fraud").status_code == 409
    assert (
        calls.good(_change(staff, certificate, "reinstate", reason="other", text="đã xác minh"))["status"]
        == "issued"
    )
    assert _seen(stranger, certificate, pdf) == {"valid"}


def test_lost_paper_is_issued_again(staff: httpx2.Client, stranger: httpx2.Client, tmp_path: Path) -> None:
    """Without a record: the same paper under a new serial, marked CẤP LẠI; the old one is `replaced` at
    once.
    """
    certificate = calls.issue(staff, record(next(_numbers)))
    pdf = calls.pdf(staff, certificate["id"])
    successor = calls.good(_change(staff, certificate, "replace", reason="lost"))
    assert _seen(stranger, certificate, pdf) == {"replaced"}
    successor = calls.issued(staff, successor["id"])
    assert calls.good(staff.get(f"/v1/certificates/{certificate['id']}"))["replaced_by"] == successor["id"]
    assert successor["serial"] != certificate["serial"]
    assert successor["code"] != certificate["code"]
    text = _text(calls.pdf(staff, successor["id"]), tmp_path)
    assert "CẤP LẠI" in text
    assert successor["serial"] in text
    assert "CẤP LẠI" not in _text(pdf, tmp_path)
    assert _seen(stranger, successor, calls.pdf(staff, successor["id"])) == {"valid"}
    assert _change(staff, certificate, "replace", reason="lost").status_code == 409


def _text(pdf: bytes, folder: Path) -> str:
    (folder / "file.pdf").write_bytes(pdf)
    return subprocess.run(
        ["pdftotext", str(folder / "file.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout


def test_wrong_data_is_corrected(staff: httpx2.Client, stranger: httpx2.Client, tmp_path: Path) -> None:
    """With a record: the successor says what is right, unmarked; another case or a bad record changes
    nothing.
    """
    number = next(_numbers)
    certificate = calls.issue(staff, record(number))
    other = _change(staff, certificate, "replace", reason="wrong_data", record=record(next(_numbers)))
    assert (other.status_code, other.json()["code"]) == (422, "another_case")
    bad = _change(
        staff, certificate, "replace", reason="wrong_data", record=record(number, birth_date="hai mươi")
    )
    assert bad.status_code == 422
    assert "V-BIRTH" in {error["rule"] for error in bad.json()["errors"]}
    assert calls.verdict(stranger, certificate["code"]) == "valid"
    right = record(
        number, full_name="Nguyễn Thị Thử Nghiệm Đúng", isolation_to="2022-02-14", last_test_on="2022-02-14"
    )
    successor = calls.issued(
        staff, calls.good(_change(staff, certificate, "replace", reason="wrong_data", record=right))["id"]
    )
    assert successor["days"] == certificate["days"] + 1
    text = _text(calls.pdf(staff, successor["id"]), tmp_path)
    assert "NGUYỄN THỊ THỬ NGHIỆM ĐÚNG" in text
    assert "CẤP LẠI" not in text
    assert calls.verdict(stranger, certificate["code"]) == "replaced"
    assert calls.verdict(stranger, successor["code"]) == "valid"


def test_who_holds_a_replaced_paper_is_led_on_after_the_second_factor(
    staff: httpx2.Client, stranger: httpx2.Client
) -> None:
    """The birth date alone shows name and dates; a stranger sees neither them nor the successor."""
    certificate = calls.issue(staff, record(next(_numbers)))
    successor = calls.good(_change(staff, certificate, "replace", reason="lost"))
    report = stranger.get(f"/v/{certificate['code']}")
    assert successor["code"] not in report.text
    assert "Thử Nghiệm" not in report.text
    proven = calls.good(stranger.post(f"/v/{certificate['code']}", json={"birth_date": "05/09/1988"}))
    assert proven["verdict"] == "replaced"
    assert proven["grant"] is None
    assert successor["code"] in proven["successor_url"]
    assert proven["certificate"]["holder"] == "Nguyễn Thị Thử Nghiệm"


def test_the_holder_downloads_the_very_file(staff: httpx2.Client, stranger: httpx2.Client) -> None:
    """Birth date and last four open the PDF, byte for byte as published; not after a revocation."""
    number = next(_numbers)
    certificate = calls.issue(staff, record(number))
    factors = {"birth_date": "05/09/1988", "id_last4": f"{number:06d}"[-4:]}
    proven = calls.good(stranger.post(f"/v/{certificate['code']}", json=factors))
    downloaded = stranger.get(proven["pdf_url"])
    assert downloaded.content == calls.pdf(staff, certificate["id"])
    assert downloaded.headers["ETag"] == f'"{certificate["pdf_sha256"]}"'
    calls.good(_change(staff, certificate, "revoke", reason="wrong_person"))
    assert stranger.get(proven["pdf_url"]).status_code == 409
    assert calls.good(stranger.post(f"/v/{certificate['code']}", json=factors))["grant"] is None


def test_an_insurer_withdraws_only_its_own(service: Service, staff: httpx2.Client) -> None:
    """What a facility asked for itself an insurer may read, not revoke; the facility and an admin may."""
    with service.client("facility") as facility, service.client("admin") as admin:
        certificate = calls.issue(facility, record(next(_numbers)))
        assert calls.good(staff.get(f"/v1/certificates/{certificate['id']}"))["status"] == "issued"
        for change in ("revoke", "suspend", "replace"):
            refused = _change(staff, certificate, change, reason="fraud")
            assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
        assert calls.good(_change(facility, certificate, "suspend", reason="fraud"))["status"] == "suspended"
        assert calls.good(_change(admin, certificate, "revoke", reason="fraud"))["status"] == "revoked"


def test_reasons_are_those_of_the_contract(staff: httpx2.Client) -> None:
    """An unknown reason, `other` without a text, a strange field: 422, and nothing changes."""
    certificate = calls.issue(staff, record(next(_numbers)))
    for body in (
        {"reason": "because"},
        {"reason": "other"},
        {"reason": "other", "text": "  "},
        {"reason": "fraud", "more": 1},
        {},
    ):
        assert _change(staff, certificate, "revoke", **body).status_code == 422
    assert _change(staff, certificate, "explode", reason="fraud").status_code in {404, 422}
    assert calls.good(staff.get(f"/v1/certificates/{certificate['id']}"))["status"] == "issued"


def test_after_a_revocation_the_case_may_be_certified_again(staff: httpx2.Client) -> None:
    """While it lives a second one is a 409 that names it; afterwards a new one gets a new serial."""
    asked = record(next(_numbers))
    first = calls.issue(staff, asked)
    again = staff.post("/v1/certificates", json={"kind": "sick_leave", "record": asked})
    assert (again.status_code, again.json()["certificate_id"]) == (409, first["id"])
    calls.good(_change(staff, first, "revoke", reason="wrong_data"))
    second = calls.issue(staff, asked)
    assert second["id"] != first["id"]
    assert second["serial"] != first["serial"]
