"""What the demo prints: certificates of people who are ill today come first, and what is for staff leads into
the console.
"""

import csv
import datetime as dt
import re
import subprocess
import sys

import httpx2
import pyotp

from certsvc.clock import day_in_hanoi, utc_now
from tests.support import calls
from tests.support.accounts import PASSWORD
from tests.support.service import Service

_STAFF = re.compile(r"staff +(http\S+)")
_SAMPLE, _A_DAY = 264, 8
_PAPERS = re.compile(r"^(sick_leave|recovery) +(\S+)", re.MULTILINE)


def test_staff_get_from_the_printed_link_into_the_console(service: Service) -> None:
    """Enrol once, sign in, see what the demo's insurer issued; started again, the demo prints the console's
    address instead of a link.
    """
    [link] = _STAFF.findall((service.folder / "demo.log").read_text())
    with httpx2.Client(
        base_url=service.base_url,
        headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
        trust_env=False,
    ) as browser:
        [secret] = re.findall(r'<code class="text-wrap">(\w+)</code>', browser.get(link).text)
        enrolment = {
            "token": httpx2.URL(link).params["token"],
            "password": PASSWORD,
            "code": pyotp.TOTP(secret).now(),
        }
        assert browser.post("/staff/enrol", data=enrolment).status_code == httpx2.codes.OK
        with service.client("insurer") as api:
            certificate = next(calls.certificates(api))
        assert certificate["serial"] in browser.get(f"/staff/certificates/{certificate['id']}").text
    assert _STAFF.findall(_started_again(service).stdout) == [f"{service.base_url}/staff"]


def test_a_newcomers_first_paper_is_of_somebody_who_is_ill_today(service: Service) -> None:
    """The first one printed is a leave that runs on, signed on the day of the examination, without a word."""
    kind, url = _PAPERS.findall((service.folder / "demo.log").read_text())[0]
    with service.client("insurer") as api:
        first = next(each for each in calls.certificates(api) if url.endswith(f"/{each['code']}"))
    assert (kind, first["status"], first["warnings"], first["facility_code"]) == (
        "sick_leave",
        "issued",
        [],
        "01801",
    )
    case = _todays_cases(service)[first["case_id"]]
    assert day_in_hanoi(dt.datetime.fromisoformat(first["signed_at"])) == dt.date.fromisoformat(
        case["examined_on"]
    )
    assert dt.date.fromisoformat(case["isolation_to"]) > day_in_hanoi(utc_now())


def test_started_again_the_demo_issues_nothing_twice(service: Service) -> None:
    """Nothing at all on the same day, the day's eight on another one; the first example is the first paper
    printed.
    """
    known = len(_todays_cases(service))
    ended = _started_again(service)
    told, new = " ".join(ended.stderr.split()), len(_todays_cases(service)) - known
    assert f" 0 issued now, {_SAMPLE} issued before, " in told
    assert f" {new} issued now, {_A_DAY - new} issued before, 0 rejected." in told
    assert _PAPERS.findall(ended.stdout)[0] == (service.examples[0]["kind"], service.examples[0]["url"])
    assert {each["kind"] for each in service.examples} == {"sick_leave", "recovery"}
    with service.client("insurer") as api:
        assert (
            len([each for each in calls.certificates(api) if each["case_id"] in _todays_cases(service)])
            == known + new
        )


def _todays_cases(service: Service) -> dict[str, dict[str, str]]:
    """By case id, what the demo made for the day or days it ran on."""
    rows: dict[str, dict[str, str]] = {}
    for path in service.folder.glob("cases-*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows |= {row["case_id"]: row for row in csv.DictReader(file)}
    return rows


def _started_again(service: Service) -> subprocess.CompletedProcess[str]:
    port = str(httpx2.URL(service.base_url).port)
    command = [
        sys.executable,
        "-m",
        "certsvc",
        "demo",
        "--once",
        "--folder",
        str(service.folder),
        "--port",
        port,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
