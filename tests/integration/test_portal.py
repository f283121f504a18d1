"""Handing certificates in at the portal: whatever fails, and whenever, no document arrives twice by
itself.
"""

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from typing_extensions import override

from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.errors import Broken, Conflict, InputError
from certsvc.issuing.batches.exporting import Exporter
from certsvc.models import Certificate, Submission, SubmissionState
from certsvc.portal.client import Portal, Response, accounts_of, open_client
from certsvc.portal.sending import Counter
from certsvc.records.exchange.fields import Format
from certsvc.store import certificates, submissions
from keys_dev.make import KeyType
from tests.support import pki
from tests.support.calls import until
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_portal import StandInPortal, running_portal

ACCEPTED, REFUSED, NOT_SENT, UNCERTAIN = (
    SubmissionState.ACCEPTED,
    SubmissionState.REFUSED,
    SubmissionState.NOT_SENT,
    SubmissionState.UNCERTAIN,
)


@pytest.fixture
def bhxh() -> Iterator[StandInPortal]:
    with running_portal() as portal:
        yield portal


@pytest.fixture
def settings(dummy_rig: Rig, bhxh: StandInPortal) -> Settings:
    """With RSA keys under the names of the station's own: the portal takes no others."""
    changes = {
        "portal_url": bhxh.base_url,
        "portal_accounts": bhxh.accounts,
        "portal_timeout_s": 0.5,
        "keys_dir": pki.shared(KeyType.RSA_2048).folder,
    }
    return Settings(**{**dummy_rig.res.settings.model_dump(exclude_none=True), **changes})


@pytest.fixture
async def counter(dummy_rig: Rig, settings: Settings) -> AsyncIterator[Counter]:
    async with open_client(settings) as client:
        exporter = Exporter(dummy_rig.res.db, vault=dummy_rig.res.vault, settings=settings)
        yield Counter(dummy_rig.res.db, exporter, Portal(client, accounts_of(settings)), utc_now, "operator")


@pytest.fixture
async def leave(dummy_rig: Rig) -> Certificate:
    return await _issued(dummy_rig, 1)


async def _issued(rig: Rig, number: int, *, facility: str = "01801", **changes: str) -> Certificate:
    resource = await rig.issued(record(number, facility=facility) | changes)
    async with rig.res.db.read() as session:
        found = await certificates.find(session, uuid.UUID(resource["id"]))
    assert found is not None
    return found


async def _all(counter: Counter) -> list[Submission]:
    async with counter.db.read() as session:
        return list(await submissions.newest(session, state=None, limit=100))


def _facility_in(document: bytes) -> str | None:
    envelope: Element = fromstring(document)
    return envelope.findtext("THONGTINDONVI/MACSKCB")


@pytest.mark.parametrize("layout", [Format.CT07_2025, Format.XML11])
async def test_a_document_arrives_and_is_not_sent_again(
    counter: Counter, bhxh: StandInPortal, leave: Certificate, layout: Format
) -> None:
    """The portal keeps it, its number is remembered, and asking again sends nothing."""
    submission, is_new = await counter.send(leave, layout)
    assert (submission.state, submission.answer_code, submission.transaction_no, is_new) == (
        ACCEPTED,
        "200",
        "GD000001",
        True,
    )
    again, is_new = await counter.send(leave, layout)
    assert (again.id, is_new) == (submission.id, False)
    assert [_facility_in(each) for each in bhxh.documents] == ["01801"]
    async with counter.db.read() as session:
        events = await certificates.events_of(session, leave.id)
    assert [event.name for event in events][-1] == "handed_in"


async def test_one_token_serves_many_documents(dummy_rig: Rig, counter: Counter, bhxh: StandInPortal) -> None:
    """It is taken once, and taken anew only when the portal refuses it; the document goes out again then, and
    arrives once.
    """
    for number in (1, 2):
        await counter.send(await _issued(dummy_rig, number), Format.CT07_2025)
    assert bhxh.asked == ["token", "document", "document"]
    bhxh.failures = ["401"]
    submission, _ = await counter.send(await _issued(dummy_rig, 3), Format.CT07_2025)
    assert submission.state is ACCEPTED
    assert bhxh.asked[3:] == ["document", "token", "document"]
    assert len(bhxh.documents) == 3


async def test_a_portal_that_refuses_every_token_is_asked_twice_at_most(
    dummy_rig: Rig, counter: Counter, bhxh: StandInPortal, leave: Certificate
) -> None:
    """Then the submission is refused, and may be sent another time."""
    await counter.send(leave, Format.CT07_2025)
    bhxh.failures = ["401", "401", "401"]
    second = await _issued(dummy_rig, 2)
    submission, _ = await counter.send(second, Format.CT07_2025)
    assert (submission.state, submission.answer_code) == (REFUSED, "401")
    assert bhxh.failures == ["401"]
    bhxh.failures = []
    assert (await counter.send(second, Format.CT07_2025))[0].state is ACCEPTED
    assert len(bhxh.documents) == 2


@pytest.mark.parametrize("failure", ["205", "1001", "http_403"])
async def test_what_was_certainly_refused_may_be_sent_again(
    counter: Counter, bhxh: StandInPortal, leave: Certificate, failure: str
) -> None:
    """The portal said so; the second time it arrives, once."""
    bhxh.failures = [failure]
    refused, _ = await counter.send(leave, Format.CT07_2025)
    assert (refused.state, refused.answer_code) == (REFUSED, failure)
    accepted, is_new = await counter.send(leave, Format.CT07_2025)
    assert (accepted.state, is_new, len(bhxh.documents)) == (ACCEPTED, True, 1)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ("kept, then silence", "timeout"),
        ("kept, then 500", "500"),
        ("kept, then nonsense", "http_200"),
        ("http_502", "http_502"),
    ],
)
async def test_what_may_have_arrived_is_left_to_a_person(
    counter: Counter, bhxh: StandInPortal, leave: Certificate, failure: str, code: str
) -> None:
    """It stays uncertain however often it is asked for; a person who looked sends it again, and only once."""
    bhxh.failures = [failure]
    first, _ = await counter.send(leave, Format.CT07_2025)
    assert (first.state, first.answer_code) == (UNCERTAIN, code)
    kept = len(bhxh.documents)
    assert (await counter.send(leave, Format.CT07_2025))[1] is False
    assert len(bhxh.documents) == kept
    second = await counter.resend(first.id)
    assert (second.state, second.resends_id, len(bhxh.documents)) == (ACCEPTED, first.id, kept + 1)
    with pytest.raises(Conflict, match="nothing_to_resend"):
        await counter.resend(first.id)
    with pytest.raises(Conflict, match="nothing_to_resend"):
        await counter.resend(second.id)
    assert {each.id: each.state for each in await _all(counter)} == {
        first.id: SubmissionState.SUPERSEDED,
        second.id: ACCEPTED,
    }


@pytest.mark.parametrize("status", [500, 502])
async def test_a_401_within_another_error_sends_nothing_again(
    dummy_rig: Rig, counter: Counter, bhxh: StandInPortal, leave: Certificate, status: int
) -> None:
    """The document may have been kept: it is sent once, also with a token of before; the next one goes out
    with a new token.
    """
    await counter.send(leave, Format.CT07_2025)
    bhxh.failures = [f"kept, then 401 in {status}"]
    uncertain, _ = await counter.send(await _issued(dummy_rig, 2), Format.CT07_2025)
    assert (uncertain.state, uncertain.answer_code) == (UNCERTAIN, "401")
    assert (bhxh.asked, len(bhxh.documents)) == (["token", "document", "document"], 2)
    assert (await counter.send(await _issued(dummy_rig, 3), Format.CT07_2025))[0].state is ACCEPTED
    assert bhxh.asked[3:] == ["token", "document"]


async def test_a_portal_that_is_not_there_gets_nothing(
    counter: Counter, leave: Certificate, bhxh: StandInPortal, settings: Settings
) -> None:
    """Nothing was sent for certain, so it may be sent when the portal is back."""
    async with open_client(settings.model_copy(update={"portal_url": "http://127.0.0.1:9"})) as nowhere:
        away = replace(counter, portal=Portal(nowhere, counter.portal.accounts))
        assert (await away.send(leave, Format.CT07_2025))[0].state is NOT_SENT
    assert (await counter.send(leave, Format.CT07_2025))[0].state is ACCEPTED
    assert len(bhxh.documents) == 1


async def test_a_wrong_password_sends_nothing(
    counter: Counter, leave: Certificate, bhxh: StandInPortal, settings: Settings
) -> None:
    """No token, no document."""
    wrong = settings.model_copy(
        update={
            "portal_accounts": Settings(
                portal_accounts=bhxh.accounts.replace("mat-khau", "other")
            ).portal_accounts
        }
    )
    portal = Portal(counter.portal.client, accounts_of(wrong))
    submission, _ = await replace(counter, portal=portal).send(leave, Format.CT07_2025)
    assert (submission.state, submission.answer_code, bhxh.asked) == (NOT_SENT, "401", ["token"])


class LatePortal(Portal):
    """Its answer comes when somebody has sent the document again meanwhile."""

    meanwhile: Callable[[], Awaitable[object]]

    @override
    async def send(self, layout: Format, data: bytes, *, facility_code: str) -> Response:
        answer = await super().send(layout, data, facility_code=facility_code)
        await self.meanwhile()
        return answer


async def test_an_answer_that_comes_too_late_changes_no_state(
    counter: Counter, bhxh: StandInPortal, leave: Certificate
) -> None:
    """The newer submission stands; the older one keeps the portal's number, so that a person can see both."""

    async def resend() -> None:
        [waiting] = await _all(counter)
        await replace(counter, clock=lambda: utc_now() + dt.timedelta(minutes=11)).resend(waiting.id)

    late = LatePortal(counter.portal.client, counter.portal.accounts)
    late.meanwhile = resend
    old, _ = await replace(counter, portal=late).send(leave, Format.CT07_2025)
    assert (old.state, old.transaction_no, len(bhxh.documents)) == (SubmissionState.SUPERSEDED, "GD000001", 2)
    assert {each.state for each in await _all(counter)} == {SubmissionState.SUPERSEDED, ACCEPTED}


async def test_two_at_once_send_one(counter: Counter, bhxh: StandInPortal, leave: Certificate) -> None:
    """The database lets one through."""
    outcomes = await asyncio.gather(
        *(counter.send(leave, Format.CT07_2025) for _ in range(4)), return_exceptions=True
    )
    assert len(bhxh.documents) == 1
    assert [each[0].state for each in outcomes if not isinstance(each, BaseException) and each[1]] == [
        ACCEPTED
    ]
    assert all(isinstance(each, tuple | Conflict) for each in outcomes)


async def test_what_breaks_the_table_is_not_sent(
    dummy_rig: Rig, counter: Counter, bhxh: StandInPortal
) -> None:
    """Neither is what the portal does not take, nor what has no account; no submission is left behind."""
    hollow = await _issued(
        dummy_rig, 4, social_insurance_no="", health_insurance_card="TE101KT12345678"
    )  # no parent where TEKT wants one
    with pytest.raises(InputError, match="breaks_field_table"):
        await counter.send(hollow, Format.CT07_2025)
    elsewhere = await _issued(dummy_rig, 5, facility="01802")
    with pytest.raises(Broken, match="no_portal_account"):
        await counter.send(elsewhere, Format.CT07_2025)
    with pytest.raises(Broken, match="format_not_sent"):
        await counter.send(await _issued(dummy_rig, 6), Format.CT07)
    assert (bhxh.asked, await _all(counter)) == ([], [])


def _command(settings: Settings, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "certsvc", "portal", *arguments],
        env=os.environ | settings.as_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("moment", ["before the document", "after the portal kept it"])
async def test_a_kill_sends_nothing_twice(
    counter: Counter, bhxh: StandInPortal, leave: Certificate, settings: Settings, moment: str
) -> None:
    """A command killed while sending leaves `sending` behind: another run does not send, and a person may
    only when it is surely over.
    """
    patient = settings.model_copy(update={"portal_timeout_s": 200.0})
    bhxh.holds_tokens, bhxh.failures = moment == "before the document", ["kept, then silence"]
    victim = _command(patient, "send", "--certificate", str(leave.id))
    awaited = "token" if bhxh.holds_tokens else "document"
    await asyncio.to_thread(until, lambda: awaited in bhxh.asked)
    victim.send_signal(signal.SIGKILL)
    await asyncio.to_thread(victim.communicate)
    bhxh.holds_tokens, bhxh.failures = False, []
    kept = len(bhxh.documents)
    assert kept == (0 if moment == "before the document" else 1)

    again = _command(patient, "send", "--certificate", str(leave.id), "--json")
    out, _ = await asyncio.to_thread(again.communicate)
    assert (again.returncode, b'"sending"' in out, len(bhxh.documents)) == (1, True, kept)
    [left] = await _all(counter)
    with pytest.raises(Conflict, match="still_sending"):
        await counter.resend(left.id)
    later = replace(counter, clock=lambda: utc_now() + dt.timedelta(minutes=11))
    assert (await later.resend(left.id)).state is ACCEPTED
    assert len(bhxh.documents) == kept + 1


async def test_the_command_line_sends_and_tells(
    dummy_rig: Rig, bhxh: StandInPortal, settings: Settings
) -> None:
    """`portal send --batch` sends each sick leave, `portal status` shows them, `portal resend` refuses what
    is settled.
    """
    batch = (await dummy_rig.submit(as_csv(record(11), record(12)))).json()["id"]
    await dummy_rig.work()
    sent = _command(settings, "send", "--batch", batch, "--format", "xml11")
    out, err = await asyncio.to_thread(sent.communicate)
    assert (sent.returncode, err) == (0, b"")
    assert out.count(b"accepted") == len(bhxh.documents) == 2
    shown = _command(settings, "status", "--json")
    out, _ = await asyncio.to_thread(shown.communicate)
    assert out.count(b'"accepted"') == 2
    settled = out.decode().split('"id": "')[1].split('"')[0]
    refused = _command(settings, "resend", settled, "--confirm")
    _, err = await asyncio.to_thread(refused.communicate)
    assert (refused.returncode, b"settled" in err, len(bhxh.documents)) == (1, True, 2)


async def test_of_a_batch_what_is_in_force_is_sent(
    dummy_rig: Rig, bhxh: StandInPortal, settings: Settings
) -> None:
    """In the place of what was replaced its successor; what stays behind is named, and the command says
    no.
    """
    batch = (
        await dummy_rig.submit(as_csv(*(record(number, wants_recovery="0") for number in range(21, 24))))
    ).json()["id"]
    await dummy_rig.work()
    good, revoked, replaced = [
        line["certificate_id"] for line in await dummy_rig.results(batch) if line["certificate_id"]
    ]
    await dummy_rig.call("POST", f"/v1/certificates/{revoked}/revoke", json={"reason": "wrong_data"})
    successor = (
        await dummy_rig.call("POST", f"/v1/certificates/{replaced}/replace", json={"reason": "lost"})
    ).json()["id"]
    await dummy_rig.work()
    sent = _command(settings, "send", "--batch", batch, "--format", "xml11")
    _, err = await asyncio.to_thread(sent.communicate)
    assert (sent.returncode, revoked in err.decode(), len(bhxh.documents)) == (1, True, 2)
    async with dummy_rig.res.db.read() as session:
        assert {
            str(each.certificate_id) for each in await submissions.newest(session, state=None, limit=10)
        } == {good, successor}
