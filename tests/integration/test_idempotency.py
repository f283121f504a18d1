"""The same call twice: one effect, one answer."""

import asyncio
import datetime as dt

from certsvc.clock import utc_now
from tests.support.records import as_csv, record
from tests.support.rig import Rig

KEY = {"Idempotency-Key": "0b1e6b52-0001"}


async def _count(rig: Rig) -> int:
    return len((await rig.call("GET", "/v1/certificates", role="admin")).json()["items"])


async def test_same_key_same_content_replays_the_answer(rig: Rig) -> None:
    """Byte for byte, with its address, and says so; a second certificate is not made."""
    first = await rig.request(record(1), **KEY)
    again = await rig.request(record(1), **KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert await _count(rig) == 1


async def test_same_key_other_content_is_refused(rig: Rig) -> None:
    """422, and nothing is issued for the second."""
    await rig.request(record(1), **KEY)
    other = await rig.request(record(2), **KEY)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await _count(rig) == 1


async def test_keys_belong_to_their_callers(rig: Rig) -> None:
    """Another caller with the same key is told of the duplicate, and gets no stored answer of somebody
    else's.
    """
    await rig.request(record(1), **KEY)
    other = await rig.request(record(1), role="admin", **KEY)
    assert (other.status_code, other.json()["code"]) == (409, "already_exists")


async def test_other_content_names_the_certificate_that_is_there(rig: Rig) -> None:
    """So whoever corrects a typing error finds what to replace."""
    first = (await rig.request(record(1))).json()
    answer = await rig.request(record(1, employer="Công ty Khác"))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["certificate_id"], problem["is_same_content"]) == (
        409,
        "already_exists",
        first["id"],
        False,
    )
    assert "replace" in problem["message_vi"]
    assert await _count(rig) == 1


async def test_a_refused_call_may_be_mended_under_its_key(rig: Rig) -> None:
    """Nothing is kept of a call that failed."""
    assert (await rig.request(record(1, birth_date="mai"), **KEY)).status_code == 422
    assert (await rig.request(record(1), **KEY)).status_code == 202


async def test_concurrent_calls_with_one_key_make_one_certificate(rig: Rig) -> None:
    """Who is not the first gets the stored answer, or is asked to wait."""
    answers = await asyncio.gather(*(rig.request(record(1), **KEY) for _ in range(20)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {202, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert {answer.json()["code"] for answer in waiting} <= {"still_running"}
    assert all(answer.headers["Retry-After"] for answer in waiting)
    assert await _count(rig) == 1


async def test_fifty_equal_calls_without_a_key_make_one_certificate(rig: Rig) -> None:
    """The natural key: one is accepted, all others name it."""
    answers = await asyncio.gather(*(rig.request(record(1)) for _ in range(50)))
    [accepted] = [answer for answer in answers if answer.status_code == 202]
    refused = [answer for answer in answers if answer is not accepted]
    assert [answer.status_code for answer in refused] == [409] * 49
    assert {(answer.json()["code"], answer.json()["certificate_id"]) for answer in refused} == {
        ("already_exists", accepted.json()["id"])
    }
    assert await _count(rig) == 1


async def test_a_file_counts_by_its_content_not_by_its_boundaries(rig: Rig) -> None:
    """The same file under another boundary and name is the same call; another file or flag is not."""
    bodies = [_multipart(boundary, as_csv(record(1))) for boundary in ("one", "two-entirely-different")]
    first, again = [
        await rig.call("POST", "/v1/batches", content=body, headers=KEY | {"Content-Type": kind})
        for body, kind in bodies
    ]
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    assert (await rig.submit(as_csv(record(2)), headers=KEY)).status_code == 422
    assert (await rig.submit(as_csv(record(1)), headers=KEY, dry_run="true")).status_code == 422


def _multipart(boundary: str, data: bytes) -> tuple[bytes, str]:
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file";'
        f' filename="{boundary}.csv"\r\nContent-Type: text/csv\r\n\r\n'
    )
    return (
        head.encode() + data + f"\r\n--{boundary}--\r\n".encode(),
        f"multipart/form-data; boundary={boundary}",
    )


async def test_changes_are_replayed_too(rig: Rig) -> None:
    """A revocation repeated under its key is no conflict."""
    certificate = await rig.issued(record(1))
    address = f"/v1/certificates/{certificate['id']}/revoke"
    first = await rig.call("POST", address, json={"reason": "fraud"}, headers=KEY)
    again = await rig.call("POST", address, json={"reason": "fraud"}, headers=KEY)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert (await rig.call("POST", address, json={"reason": "fraud"})).status_code == 409


async def test_an_answer_is_kept_for_a_day_at_least(rig: Rig) -> None:
    """A day later it is still there."""
    first = await rig.request(record(1), **KEY)
    rig.set_clock(utc_now() + dt.timedelta(hours=24))
    assert (await rig.request(record(1), **KEY)).content == first.content


async def test_a_stored_answer_shows_no_code_to_who_reads_the_database(rig: Rig) -> None:
    """The kept body is sealed: a stolen database opens no look-up."""
    certificate = (await rig.request(record(1), **{"Idempotency-Key": "sealed"})).json()
    async with rig.res.db.engine.connect() as connection:
        [(body,)] = (await connection.exec_driver_sql("SELECT body FROM stored_answers")).all()
    assert certificate["code"].encode() not in body
    assert (await rig.request(record(1), **{"Idempotency-Key": "sealed"})).json() == certificate
