"""What the demo prints for staff leads into the console."""

import re
import subprocess
import sys

import httpx
import pyotp

from tests.support import calls
from tests.support.accounts import PASSWORD
from tests.support.service import Service

_STAFF = re.compile(r"staff +(http\S+)")


def test_staff_get_from_the_printed_link_into_the_console(service: Service) -> None:
    """Enrol once, sign in, see what the demo's insurer issued; started again, the demo prints the console's address instead of a link."""
    [link] = _STAFF.findall((service.folder / "demo.log").read_text())
    with httpx.Client(base_url=service.base_url, headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}, trust_env=False) as browser:
        [secret] = re.findall(r'<code class="text-wrap">(\w+)</code>', browser.get(link).text)
        enrolment = {"token": httpx.URL(link).params["token"], "password": PASSWORD, "code": pyotp.TOTP(secret).now()}
        assert browser.post("/staff/enrol", data=enrolment).status_code == httpx.codes.OK
        with service.client("insurer") as api:
            certificate = next(calls.certificates(api))
        assert certificate["serial"] in browser.get(f"/staff/certificates/{certificate['id']}").text
    assert _STAFF.findall(_started_again(service)) == [f"{service.base_url}/staff"]


def _started_again(service: Service) -> str:
    port = str(httpx.URL(service.base_url).port)
    command = [sys.executable, "-m", "certsvc", "demo", "--once", "--folder", str(service.folder), "--port", port]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
