"""The ordinary day: a leave that begins today."""

import datetime as dt

from certsvc.clock import day_in_hanoi, utc_now
from tests.support.records import record
from tests.support.rig import Rig


async def test_a_leave_from_today_to_the_day_after_tomorrow(rig: Rig) -> None:
    """Asked for over the API it is accepted, signed and valid, bears today's date, and nothing is said of
    being late.
    """
    today = day_in_hanoi(utc_now())
    dates = dict.fromkeys(("positive_on", "examined_on", "isolation_from"), today.isoformat())
    until = (today + dt.timedelta(days=2)).isoformat()
    living = (
        record(1, isolation_to=until, outcome="active", last_test_on="", last_test_result="", last_test_by="")
        | dates
    )
    asked = await rig.request(living)
    assert (asked.status_code, asked.json()["days"], asked.json()["warnings"]) == (202, 3, [])
    await rig.work()
    certificate = await rig.certificate(asked.json()["id"])
    assert (certificate["status"], certificate["warnings"]) == ("issued", [])
    pdf = await rig.call("GET", f"/v1/certificates/{certificate['id']}/pdf")
    report = (
        await rig.call("POST", "/v1/verify", role=None, files={"file": ("leave.pdf", pdf.content)})
    ).json()
    assert (report["verdict"], report["certificate"]["dated_on"]) == ("valid", today.isoformat())
