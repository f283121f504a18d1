"""Who may do what, beyond what `test_every_route` walks over."""

import re
from collections.abc import AsyncIterator

import pytest

from certsvc.callers.keys import keep_key, revoke_key
from certsvc.clock import utc_now
from certsvc.states import Role
from tests.support.records import as_csv, record
from tests.support.rig import Rig


@pytest.fixture
async def names(rig: Rig) -> dict[str, str]:
    """A certificate and a batch of station 01802, asked for by that station."""
    batch = await rig.submit(as_csv(record(1, facility="01802")), role="facility 01802")
    await rig.work()
    certificate = (await rig.call("GET", "/v1/certificates", role="facility 01802")).json()["items"][0]
    return {"certificate_id": certificate["id"], "batch_id": batch.json()["id"], "change": "suspend"}


async def test_a_stations_file_with_anothers_cases_is_rejected_row_by_row(rig: Rig) -> None:
    """Its own rows are accepted, the other's rejected; the other learns of nothing."""
    batch_id = (await rig.submit(as_csv(record(1), record(2, facility="01802")), role="facility")).json()[
        "id"
    ]
    await rig.work()
    answer = await rig.call("GET", f"/v1/batches/{batch_id}/results", role="facility")
    assert answer.text.count('"outcome": "issued"') == 2
    assert answer.text.count("V-FACILITY") == 2
    assert (await rig.call("GET", "/v1/certificates", role="facility 01802")).json()["items"] == []


async def test_a_batch_belongs_to_who_sent_it(rig: Rig, names: dict[str, str]) -> None:
    """Another insurer does not see it; admins and auditors do."""
    address = f"/v1/batches/{names['batch_id']}"
    statuses = {
        role: (await rig.call("GET", address, role=role)).status_code
        for role in ("another insurer", "insurer", "facility", "auditor", "admin", "facility 01802")
    }
    assert statuses == {
        "another insurer": 404,
        "insurer": 404,
        "facility": 404,
        "auditor": 200,
        "admin": 200,
        "facility 01802": 200,
    }


async def test_auditors_see_no_codes_in_results(rig: Rig, names: dict[str, str]) -> None:
    """As in the list of certificates: what leads to a person's paper is not theirs to have."""
    code = (await rig.certificate(names["certificate_id"]))["code"]
    for form in ("ndjson", "csv"):
        address = f"/v1/batches/{names['batch_id']}/results?format={form}"
        assert code in (await rig.call("GET", address, role="admin")).text
        assert code not in (await rig.call("GET", address, role="auditor")).text


async def test_an_insurer_changes_only_what_it_asked_for(rig: Rig) -> None:
    """Another insurer's is visible, but its withdrawal is a 403."""
    certificate = await rig.issued(record(5))
    for change in ("revoke", "suspend", "replace"):
        answer = await rig.call(
            "POST",
            f"/v1/certificates/{certificate['id']}/{change}",
            role="another insurer",
            json={"reason": "fraud"},
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")
    assert (await rig.certificate(certificate["id"]))["status"] == "issued"


async def test_a_renewed_key_owns_what_the_old_one_did(rig: Rig) -> None:
    """Keys can be changed: another key of the same holder reads its batches and withdraws its
    certificates.
    """
    batch_id = (await rig.submit(as_csv(record(6)))).json()["id"]
    await rig.work()
    assert (await rig.call("GET", f"/v1/batches/{batch_id}", role="renewed insurer")).status_code == 200
    certificate = next(line for line in await rig.results(batch_id) if line["certificate_id"])
    answer = await rig.call(
        "POST",
        f"/v1/certificates/{certificate['certificate_id']}/revoke",
        role="renewed insurer",
        json={"reason": "fraud"},
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "revoked")


async def test_no_host_header_leads_elsewhere(rig: Rig) -> None:
    """Links are relative and nothing is redirected: a made-up Host is repeated nowhere."""
    for number in (1, 2):
        await rig.request(record(number))
    headers = {"Host": "evil.example"}
    listed = await rig.call("GET", "/v1/certificates?limit=1", headers=headers)
    slashed = await rig.call("GET", "/livez/", headers=headers)
    assert "evil.example" not in str(listed.headers) + listed.text + str(slashed.headers)
    assert (listed.status_code, slashed.status_code) == (200, 404)


async def test_head_answers_as_get_without_content(rig: Rig) -> None:
    """RFC 9110 clause 9.3.2: same status and headers, no bytes."""
    asked, got = [await rig.call(method, "/livez", role=None) for method in ("HEAD", "GET")]
    assert (asked.status_code, asked.content, asked.headers["Content-Length"]) == (
        200,
        b"",
        got.headers["Content-Length"],
    )


async def test_lists_go_on_where_they_stopped(rig: Rig) -> None:
    """Pages of two, newest first: each certificate once, `Link` and `next_cursor` agree."""
    await rig.submit(as_csv(*(record(number) for number in range(1, 4))))
    await rig.read()
    await rig.request(record(9))
    seen: list[str] = []
    address = "/v1/certificates?limit=2"
    while address:
        answer = await rig.call("GET", address)
        page = answer.json()
        seen += [each["id"] for each in page["items"]]
        link = re.fullmatch(r'<(/v1/.*)>; rel="next"', answer.headers.get("Link", ""))
        assert (link is None) == (page["next_cursor"] is None)
        address = link[1] if link else ""
    everything = [each["id"] for each in (await rig.call("GET", "/v1/certificates")).json()["items"]]
    assert seen == everything
    assert len(set(seen)) == 7
    assert (
        everything[0]
        == (await rig.call("GET", "/v1/certificates?case_id=TH-220206-000009")).json()["items"][0]["id"]
    )
    filtered = (await rig.call("GET", "/v1/certificates?kind=recovery&status=requested")).json()["items"]
    assert [each["kind"] for each in filtered] == ["recovery"] * 3


async def test_a_strangers_file_is_not_even_read(rig: Rig) -> None:
    """Without a key a batch is refused before its body is taken in: nobody fills our disk unasked."""
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(32):
            taken += 1
            yield b"x" * 65536

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await rig.call("POST", "/v1/batches", role=None, content=body(), headers=headers)
    assert answer.status_code == 401
    assert taken <= 1


async def test_a_good_key_is_kept(rig: Rig) -> None:
    """Another is made where there is none, or where it was revoked."""

    async def kept(text: str | None) -> str:
        return await keep_key(rig.res.db, text, role=Role.AUDITOR, facility_code=None, now=utc_now())

    key = await kept(None)
    assert await kept(key) == key
    await revoke_key(rig.res.db, key[:16], now=utc_now())
    assert await kept(key) != key
