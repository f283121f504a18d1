"""The second factor: five wrong tries an hour from one network, known codes and unknown ones alike; and the
download.
"""

import asyncio
import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, event

from certsvc.clock import utc_now
from certsvc.store import Database, certificates
from certsvc.store.asking import Query
from tests.support.records import record
from tests.support.rig import Rig

BORN, LAST4 = "05/09/1988", "0007"
UNKNOWN = "0000-0000-0000-0001"


@pytest.fixture
async def certificate(rig: Rig) -> Any:
    return await rig.issued(record(7))


async def _try(rig: Rig, code: str, birth_date: str = "01/01/1970", **more: str) -> httpx2.Response:
    return await rig.call("POST", f"/v/{code}", role=None, json={"birth_date": birth_date} | more)


async def _try_from(rig: Rig, address: str, code: str, birth_date: str = "01/01/1970") -> httpx2.Response:
    transport = httpx2.ASGITransport(rig.app, client=(address, 1), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post(f"/v/{code}", json={"birth_date": birth_date})


@pytest.mark.parametrize("is_known", [True, False])
async def test_five_wrong_tries_make_a_network_wait_an_hour(
    rig: Rig, certificate: Any, is_known: bool
) -> None:
    """The sixth is a 429 that says when to come back, even if it were right; an hour after the first it is
    open again.
    """
    code, now = certificate["code"] if is_known else UNKNOWN, dt.datetime(2026, 3, 1, 7, 5, tzinfo=dt.UTC)
    rig.set_clock(now)
    wrong = [await _try(rig, code) for _ in range(5)]
    assert [(answer.status_code, answer.json()["code"]) for answer in wrong] == [(403, "no_match")] * 5
    rig.set_clock(now + dt.timedelta(minutes=59))
    closed = await _try(rig, code, BORN)
    assert (closed.status_code, closed.json()["code"]) == (429, "too_many_tries")
    assert 0 < int(closed.headers["Retry-After"]) <= 61
    assert "15:05" in closed.json()["message_vi"]  # of Vietnam
    rig.set_clock(now + dt.timedelta(minutes=61))
    assert (await _try(rig, code, BORN)).status_code == (200 if is_known else 403)


async def test_strangers_tries_close_no_code_for_its_holder(rig: Rig, certificate: Any) -> None:
    """Whoever has the paper may guess five times; the holder elsewhere gets in at once, also from behind the
    same address in another /64.
    """
    code = certificate["code"]
    for _ in range(7):
        last = await _try_from(rig, "198.51.100.9", code)
    assert last.json()["code"] == "too_many_tries"
    assert (await _try_from(rig, "203.0.113.1", code, BORN)).status_code == 200
    for _ in range(6):
        last = await _try_from(rig, "2001:db8:1::7", code)
    assert last.status_code == 429
    assert (await _try_from(rig, "2001:db8:1::8", code, BORN)).status_code == 429
    assert (await _try_from(rig, "2001:db8:1:1::7", code, BORN)).status_code == 200


@pytest.mark.parametrize("is_known", [True, False])
async def test_many_networks_are_slowed_down_and_nobody_is_shut_out(
    rig: Rig, certificate: Any, is_known: bool
) -> None:
    """After twenty wrong tries within a day whoever comes has to come back a minute later, and then gets in;
    a day later nothing is left of it.
    """
    code, now = certificate["code"] if is_known else UNKNOWN, utc_now()
    good = 200 if is_known else 403
    rig.set_clock(now)
    for number in range(20):
        assert (await _try_from(rig, f"198.51.100.{number}", code)).status_code == 403
    soon = await _try_from(rig, "203.0.113.1", code, BORN)
    assert (soon.status_code, soon.json()["code"]) == (429, "try_again_soon")
    assert int(soon.headers["Retry-After"]) <= 61
    rig.set_clock(now + dt.timedelta(seconds=30))
    assert (await _try_from(rig, "203.0.113.1", code, BORN)).status_code == 429
    assert (await _try_from(rig, "203.0.113.2", code, BORN)).status_code == 429
    rig.set_clock(now + dt.timedelta(seconds=61))
    assert (await _try_from(rig, "203.0.113.1", code, BORN)).status_code == good
    rig.set_clock(now + dt.timedelta(days=1, minutes=1))
    assert (await _try_from(rig, "203.0.113.3", code, BORN)).status_code == good


@pytest.mark.parametrize("born", ["31/02/1990", "01/01/1850", "01/01/2999", "1990-13-01", "2999"])
async def test_impossible_days_cost_no_try_and_are_named(rig: Rig, certificate: Any, born: str) -> None:
    for _ in range(6):
        answer = await _try(rig, certificate["code"], born)
        assert (answer.status_code, answer.json()["code"]) == (422, "impossible_birth_date")
    assert (await _try(rig, certificate["code"], BORN)).status_code == 200


async def test_staff_opens_a_code_at_once(rig: Rig, certificate: Any) -> None:
    """For its holder at the desk; it stands in the certificate's history, and auditors may not."""
    for _ in range(6):
        last = await _try(rig, certificate["code"])
    assert last.status_code == 429
    path = f"/v1/certificates/{certificate['id']}/reopen-code"
    assert (await rig.call("POST", path, role="auditor")).status_code == 403
    opened = await rig.call("POST", path)
    assert (opened.status_code, opened.json()["id"]) == (200, certificate["id"])
    assert (await _try(rig, certificate["code"], BORN)).status_code == 200
    async with rig.res.db.read() as session:
        events = await certificates.events_of(session, uuid.UUID(certificate["id"]))
    assert [found.name for found in events][-1] == "code_reopened"


async def test_tries_at_the_same_moment_all_count(rig: Rig, certificate: Any) -> None:
    """Forty at once, on both databases: five are wrong, the others were not looked at."""
    answers = await asyncio.gather(*(_try(rig, certificate["code"]) for _ in range(40)))
    assert Counter(answer.status_code for answer in answers) == {403: 5, 429: 35}


async def test_tries_by_code_and_by_qr_are_counted_together(rig: Rig, certificate: Any) -> None:
    """Whoever has both the typed code and the QR's token has no more tries than others."""
    token = rig.res.vault.token(uuid.UUID(certificate["id"]))
    answers = [await _try(rig, (certificate["code"], token)[number % 2]) for number in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]


async def test_good_tries_cost_nothing(rig: Rig, certificate: Any) -> None:
    """Who knows the birth date may look as often as they like; other codes are not touched by one's tries."""
    for _ in range(8):
        assert (await _try(rig, certificate["code"], BORN)).status_code == 200
    for _ in range(6):
        await _try(rig, UNKNOWN)
    assert (await _try(rig, certificate["code"], BORN)).status_code == 200


async def test_known_and_unknown_codes_are_told_apart_by_nothing(rig: Rig, certificate: Any) -> None:
    """The same answer but for its id, and the same statements in the database, for looking and for a wrong
    try.
    """
    answers, statements = [], []
    for code in (certificate["code"], UNKNOWN):
        with _statements() as seen:
            await rig.call("GET", f"/v/{code}", role=None)
        statements.append(tuple(seen))
        with _statements() as seen:
            answer = (await _try(rig, code)).json()
        statements.append(tuple(seen))
        answer.pop("request_id")
        answers.append(answer)
    assert answers[0] == answers[1]
    assert statements[0] == statements[2]
    assert statements[1] == statements[3]
    assert (len(statements[0]), len(statements[1]) >= 2) == (1, True)


@contextmanager
def _statements() -> Iterator[list[str]]:
    """Those of transactions, and single questions."""
    seen: list[str] = []
    find_row = Database.find_row

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    async def note_question(db: Database, query: Query, key: str) -> tuple[Any, ...] | None:
        seen.append(str(query))
        return await find_row(db, query, key)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patching:
            patching.setattr(Database, "find_row", note_question)
            yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_what_each_factor_opens(rig: Rig, certificate: Any) -> None:
    """Nothing: no name. The birth date: name and dates, no PDF. The last four too: a grant. Never the
    diagnosis.
    """
    stranger = await rig.call("GET", f"/v/{certificate['code']}", role=None)
    assert stranger.json()["certificate"]["initials"] == "N. T. T. N."
    assert "Thử" not in stranger.text
    assert certificate["serial"] not in stranger.text
    known = (await _try(rig, certificate["code"], BORN)).json()
    assert known["grant"] is None
    view = known["certificate"]
    assert (view["holder"], view["leave_from"], view["leave_to"], view["days"]) == (
        "Nguyễn Thị Thử Nghiệm",
        "2022-02-06",
        "2022-02-13",
        8,
    )
    proven = await _try(rig, certificate["code"], "1988-09-05", id_last4=LAST4)
    assert proven.json()["grant"]
    assert "COVID" not in proven.text
    assert (await _try(rig, certificate["code"], BORN, id_last4="9999")).status_code == 403
    assert (await _try(rig, certificate["code"], "05/09/1989", id_last4=LAST4)).status_code == 403


async def test_the_grant_opens_one_pdf_for_a_quarter_of_an_hour(
    rig: Rig, certificate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another's, a changed one, none, an old one: 403 without a byte."""
    other = await rig.issued(record(8))
    grant = (await _try(rig, certificate["code"], BORN, id_last4=LAST4)).json()["grant"]
    address = f"/v/{certificate['code']}/pdf"

    async def download(code_path: str, given: str) -> httpx2.Response:
        return await rig.call("GET", code_path, role=None, params={"grant": given})

    good = await download(address, grant)
    assert (good.status_code, good.headers["Content-Type"]) == (200, "application/pdf")
    # not the last letter: base64 does not use all its bits
    changed = f"{grant[:-2]}{'A' if grant[-2] != 'A' else 'B'}{grant[-1]}"
    for path, given in (
        (address, ""),
        (address, changed),
        (address, "x"),
        (f"/v/{other['code']}/pdf", grant),
    ):
        refused = await download(path, given)
        assert (refused.status_code, refused.json()["code"]) == (403, "no_grant")
    assert (await download(f"/v/{UNKNOWN}/pdf", grant)).status_code in {403, 404}
    monkeypatch.setattr(
        "itsdangerous.timed.TimestampSigner.get_timestamp", lambda _: int(utc_now().timestamp()) + 16 * 60
    )
    assert (await download(address, grant)).status_code == 403


async def test_minors_show_no_initials(rig: Rig) -> None:
    """Of a child not even those [law, Personal data]."""
    child = record(
        9, birth_date="2012-05-01", citizen_id="", id_issued_on="", vaccine_doses="0", last_dose_on=""
    )
    answer = await rig.request(child, kind="recovery")
    assert answer.status_code == 202, answer.text
    report = (await rig.call("GET", f"/v/{answer.json()['code']}", role=None)).json()
    assert report["verdict"] == "pending"
    assert report["certificate"]["initials"] is None
    assert report["certificate"]["kind"] == "station_certificate"
