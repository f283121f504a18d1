"""The second factor: five wrong tries an hour, twenty in all, known codes and unknown ones alike; and the
download.
"""

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, event

from certsvc.clock import utc_now
from certsvc.store import Database
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


@pytest.mark.parametrize("is_known", [True, False])
async def test_five_wrong_tries_close_a_code_for_an_hour(rig: Rig, certificate: Any, is_known: bool) -> None:
    """The sixth is a 429 that says when to come back, even if it were right; an hour later it is open
    again.
    """
    code, now = certificate["code"] if is_known else UNKNOWN, utc_now()
    rig.set_clock(now)
    wrong = [await _try(rig, code) for _ in range(5)]
    assert [(answer.status_code, answer.json()["code"]) for answer in wrong] == [(403, "no_match")] * 5
    closed = await _try(rig, code, BORN)
    assert (closed.status_code, closed.json()["code"]) == (429, "too_many_tries")
    assert 0 < int(closed.headers["Retry-After"]) <= 3600
    rig.set_clock(now + dt.timedelta(minutes=59))
    assert (await _try(rig, code, BORN)).status_code == 429
    rig.set_clock(now + dt.timedelta(minutes=61))
    assert (await _try(rig, code, BORN)).status_code == (200 if is_known else 403)


@pytest.mark.parametrize("is_known", [True, False])
async def test_twenty_wrong_tries_close_a_code_for_good(rig: Rig, certificate: Any, is_known: bool) -> None:
    """Spread over days; a year later it is still closed, with no time to come back."""
    code, now = certificate["code"] if is_known else UNKNOWN, utc_now()
    for number in range(20):
        rig.set_clock(now + dt.timedelta(hours=2 * (number // 5), minutes=number))
        assert (await _try(rig, code)).status_code == 403
    rig.set_clock(now + dt.timedelta(days=365))
    closed = await _try(rig, code, BORN)
    assert (closed.status_code, closed.json()["code"]) == (429, "code_closed")
    assert "Retry-After" not in closed.headers


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
