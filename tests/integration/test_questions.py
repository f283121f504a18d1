"""Questions about codes and QR texts, and records with fields that do not exist."""

from typing import Any

import pytest

from certsvc.checking.lookups import look_up_qr
from certsvc.clock import utc_now
from tests.support.records import as_csv, record
from tests.support.rig import Rig


@pytest.fixture
async def certificate(rig: Rig) -> Any:
    return await rig.issued(record(3))


async def _verdict(rig: Rig, **question: str) -> tuple[str, str]:
    answer = (await rig.call("POST", "/v1/verify", role=None, json=question)).json()
    return answer["verdict"], answer["reasons"][0]["code"]


@pytest.mark.parametrize(
    "address",
    ["{base}/v/{code}", "{base}/V/{code}", "{upper}/V/{code}", "http://127.0.0.1:9/v/{code}", "{code}"],
)
async def test_a_qr_of_ours_is_answered(rig: Rig, certificate: Any, address: str) -> None:
    """Our host in any case, whatever its port has become, or the bare code."""
    base = rig.res.settings.base_url
    text = address.format(base=base, upper=base.upper(), code=certificate["code"])
    assert await _verdict(rig, qr=text) == ("valid", "genuine")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/v/{code}",
        "{base}/v/{code}/FORGED",
        "{base}:99999/v/{code}",
        "https://evil.example\\@{host}/v/{code}",
        "https://evil.example@{host}/v/{code}",
        "https://{host}@evil.example/v/{code}",
        "https://{host}.evil.example/v/{code}",
        "https://evil.example/?to={base}/v/{code}",
        "ftp://{host}/v/{code}",
        "https://[/v/{code}",
        "{base}\n/v/{code}",
        "{base}/v\\{code}",
        "{base}/other/v/{code}",
        "//evil.example/v/{code}",
    ],
)
async def test_a_true_code_in_a_forgers_qr_is_forged(rig: Rig, certificate: Any, address: str) -> None:
    """A QR that leads to somebody else's page must not be called genuine, though its code is."""
    base = "https://tracuu.example.vn"
    text = address.format(base=base, host="tracuu.example.vn", code=certificate["code"])
    report = await look_up_qr(
        rig.res.db,
        text,
        base_url=base,
        vault=rig.res.vault,
        trust=await rig.res.trust.get(utc_now()),
        now=utc_now(),
    )
    assert (report.verdict, *report.reasons) == ("invalid", "forged_qr")


@pytest.mark.parametrize("ending", ["", "/", "?fbclid=x&y=%20", "#top", "/?utm=1#x"])
async def test_what_messengers_add_says_nothing(rig: Rig, certificate: Any, ending: str) -> None:
    """A slash, a query or a fragment behind our own address, in a QR and on the page alike."""
    address = f"{rig.res.settings.base_url}/v/{certificate['code']}{ending}"
    assert await _verdict(rig, qr=address) == ("valid", "genuine")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://example.com/menu", "example.com"),
        ("HTTP://[/V/x", "["),
        ("https://user@bank.example:8443/login", "bank.example"),
        ("//example.com\\v", "example.com"),
    ],
)
async def test_an_address_of_others_is_told_as_such(rig: Rig, text: str, host: str) -> None:
    """With the host that a browser would open; it is no forgery."""
    answer = (await rig.call("POST", "/v1/verify", role=None, json={"qr": text})).json()
    assert (answer["verdict"], answer["reasons"][0]["code"]) == ("unknown", "leads_elsewhere")
    assert f"“{host}”" in answer["checks"][0]["detail"]


@pytest.mark.parametrize("text", ["WIFI:S:x;;", "a/b", "xin chào"])
async def test_what_is_no_address_is_malformed(rig: Rig, text: str) -> None:
    answer = await rig.call("POST", "/v1/verify", role=None, json={"qr": text})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed_code")


async def test_a_large_question_is_refused_before_it_is_parsed(rig: Rig) -> None:
    """Only files may be large: megabytes of brackets would hold up everybody."""
    body = b'{"code":[' + b"[]," * 400_000 + b"[]]}"
    answer = await rig.call(
        "POST", "/v1/verify", role=None, content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_misspelt_field_is_told(rig: Rig) -> None:
    """An optional field under a wrong name would silently be missing on the paper."""
    answer = await rig.request(record(4) | {"father_nam": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_fields")
    assert [error["field"] for error in answer.json()["errors"]] == ["father_nam"]


async def test_another_stations_leave_is_mentioned_without_dates(rig: Rig) -> None:
    """A station learns that days overlap once it asks in earnest, not when its patient was ill elsewhere; an
    insurer is told in a dry run too.
    """
    await rig.issued(record(5, facility="01802"), role="facility 01802")
    here = record(5) | {"case_id": "TH-OTHER", "isolation_to": "2022-02-14", "last_test_on": "2022-02-14"}
    for role, dry_run, rules, is_told in (
        ("facility", "true", 0, False),
        ("insurer", "true", 1, True),
        ("facility", "false", 1, False),
    ):
        batch_id = (await rig.submit(as_csv(here), role=role, dry_run=dry_run)).json()["id"]
        await rig.read()
        text = (await rig.call("GET", f"/v1/batches/{batch_id}/results", role=role)).text
        assert text.count('"A-OVERLAP"') == rules
        assert ("13/02/2022" in text) is is_told
