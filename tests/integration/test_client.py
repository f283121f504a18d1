"""The client of another program against the application itself: certificates, batches, checks, webhooks, in
both ways.
"""

from pathlib import Path
from zipfile import ZipFile

import httpx2
import pytest

from certsvc.client import AsyncClient, Conflict, InvalidRequest, NoAccess, NotFound
from certsvc.client.results import RowResult
from tests.support.records import as_csv, record
from tests.support.rig import Rig


def client_of(rig: Rig, role: str | None = "insurer") -> AsyncClient:
    transport = httpx2.ASGITransport(rig.app, raise_app_exceptions=False)
    return AsyncClient("http://test", rig.station.keys[role] if role else None, transport=transport)


async def test_a_certificate_lives(rig: Rig) -> None:
    """Asked for, issued, fetched, found, checked, suspended, reinstated, replaced, revoked."""
    async with client_of(rig) as client:
        asked = await client.request_certificate("sick_leave", record(1), idempotency_key="one")
        assert (
            await client.request_certificate("sick_leave", record(1), idempotency_key="one")
        ).id == asked.id
        await rig.work()
        issued = await client.wait_for_certificate(asked.id)
        assert (issued.status, issued.code) == ("issued", asked.code)
        pdf = await client.get_pdf(issued.id)
        assert pdf.startswith(b"%PDF")
        assert b"<" in await client.export_certificate(issued.id, "ct07")
        assert [
            each.id
            async for each in client.list_certificates(
                facility="01801", status="issued", kind="sick_leave", case_id=issued.case_id
            )
        ] == [issued.id]
        assert (await client.suspend(issued.id, "other", text="it is looked into")).status == "suspended"
        assert (await client.reinstate(issued.id, "other", text="it was looked into")).status == "issued"
        successor = await client.replace(issued.id, "lost")
        await rig.work()
        assert (await client.get_certificate(issued.id)).replaced_by == successor.id
        assert (await client.revoke(successor.id, "fraud")).reason == "fraud"
    async with client_of(rig, None) as anybody:
        assert (await anybody.verify_file(pdf)).verdict == "replaced"
        assert (await anybody.verify_code(issued.code or "")).verdict == "replaced"


async def test_what_is_printed_opens_more(rig: Rig) -> None:
    issued = await rig.issued(record(1))
    async with client_of(rig, None) as anybody:
        stranger = await anybody.verify_qr(issued["verify_url"])
        assert (stranger.is_valid, stranger.certificate and stranger.certificate.holder) == (True, None)
        with pytest.raises(NoAccess):
            await anybody.prove(issued["code"], "1988-09-06")
        proven = await anybody.prove(
            issued["code"], record(1)["birth_date"], id_last4=record(1)["citizen_id"][-4:]
        )
        assert proven.certificate is not None
        assert proven.certificate.holder == record(1)["full_name"]
        pdf = await anybody.get_proven_pdf(issued["code"], proven.grant or "")
        reports = [
            each
            async for each in anybody.verify_many([("a.pdf", pdf), ("b.pdf", pdf + b" ")], [issued["code"]])
        ]
    assert [(each.item, each.source.kind, each.source.name, each.verdict) for each in reports] == [
        (1, "file", "a.pdf", "valid"),
        (2, "file", "b.pdf", "invalid"),
        (3, "code", "codes.txt", "valid"),
    ]


async def test_a_batch_lives(rig: Rig, tmp_path: Path) -> None:
    """Rehearsed, submitted, followed to its end; its rows, files and exchange files."""
    data = as_csv(record(1), record(2, test_method="tea leaves"))
    async with client_of(rig) as client:
        rehearsed = await client.submit_batch(data, dry_run=True)
        batch = await client.submit_batch(data, facility="01801", late_reason="late", mapping="")
        await rig.work()
        assert {each.outcome async for each in client.batch_results(rehearsed.id)} == {
            "would_issue",
            "rejected",
        }
        ended = await client.wait_for_batch(batch.id)
        assert (ended.status, ended.counts.issued, ended.counts.rejected) == ("done", 2, 1)
        assert await client.get_batch(batch.id) == ended
        rows = [each async for each in client.batch_results(batch.id)]
        assert [(each.row, each.outcome) for each in rows] == [
            (2, "issued"),
            (2, "issued"),
            (3, "rejected"),
            (3, "rejected"),
        ]
        assert all(rule.message_vi for each in rows[2:] for rule in each.rules)
        assert (
            (await client.save_batch_results(batch.id, tmp_path / "results.xlsx"))
            .read_bytes()
            .startswith(b"PK")
        )
        assert (
            b"case_id"
            in (await client.save_batch_results(batch.id, tmp_path / "results.csv", "csv")).read_bytes()
        )
        with ZipFile(await client.save_batch_archive(batch.id, tmp_path / "archive.zip")) as archive:
            assert len(archive.namelist()) == 3
        with ZipFile(await client.save_batch_export(batch.id, "xml11", tmp_path / "export.zip")) as exported:
            assert len(exported.namelist()) == 2


async def test_rows_have_the_members_of_the_service(dummy_rig: Rig) -> None:
    """OpenAPI has no words for lines, so they are held against what is sent."""
    batch_id = (await dummy_rig.submit(as_csv(record(1, test_method="tea leaves")))).json()["id"]
    await dummy_rig.work()
    (line, *_) = await dummy_rig.results(batch_id)
    assert line.keys() == RowResult.model_fields.keys()
    assert line["rules"][0].keys() == type(RowResult.model_validate(line).rules[0]).model_fields.keys()


async def test_pages_follow_one_another(dummy_rig: Rig) -> None:
    async with client_of(dummy_rig) as client:
        await client.submit_batch(as_csv(*(record(number) for number in range(1, 4))))
        await dummy_rig.work()
        found = [each.id async for each in client.list_certificates(page_size=2)]
    assert (len(found), len(set(found))) == (6, 6)


async def test_refusals_tell_what_to_do(dummy_rig: Rig) -> None:
    """What a rule rejects, what exists already, what is somebody else's, what a role may not do, a call
    without a key.
    """
    async with client_of(dummy_rig) as client:
        with pytest.raises(InvalidRequest) as rejected:
            await client.request_certificate("sick_leave", record(1, test_method="tea leaves"))
        assert rejected.value.errors[0]["field"] == "test_method"
        assert rejected.value.request_id
        first = await client.request_certificate("sick_leave", record(1))
        with pytest.raises(Conflict) as existing:
            await client.request_certificate("sick_leave", record(1))
        assert (existing.value.code, str(first.id) in str(existing.value.facts)) == ("already_exists", True)
        with pytest.raises(Conflict, match="not_issued"):
            await client.get_pdf(first.id)
        waiting = AsyncClient(
            "http://test",
            dummy_rig.station.keys["insurer"],
            transport=httpx2.ASGITransport(dummy_rig.app),
            sleep=_at_once,
        )
        with pytest.raises(TimeoutError):
            await waiting.wait_for_certificate(first.id, at_most_s=3)
    async with client_of(dummy_rig, "facility 01802") as other:
        with pytest.raises(NotFound):
            await other.get_certificate(first.id)
    for role in ("auditor", None):
        async with client_of(dummy_rig, role) as refused:
            with pytest.raises(NoAccess):
                await refused.submit_batch(as_csv(record(2)))


async def _at_once(_: float) -> None:
    return


async def test_lists_and_mappings(dummy_rig: Rig) -> None:
    async with client_of(dummy_rig) as client:
        assert "01801" in {each.code for each in await client.list_facilities()}
        assert {each.facility_code for each in await client.list_practitioners(facility="01801")} == {"01801"}
        assert {each.kind for each in await client.list_designs()} == {"sick_leave", "recovery"}
        await client.request_certificate("recovery", record(1))
        assert [(each.kind, each.count) for each in await client.get_stats()] == [("recovery", 1)]
        saved = await client.save_mapping(
            "ours", {"Tên": "full_name", "Ghi chú": None}, defaults={"test_method": "antigen"}
        )
        assert await client.get_mapping("ours") == saved
        assert await client.list_mappings() == [saved]
        await client.remove_mapping("ours")
        assert await client.list_mappings() == []
        assert (await client.case_template("xlsx")).startswith(b"PK")


async def test_webhooks_are_kept(dummy_rig: Rig) -> None:
    async with client_of(dummy_rig) as client:
        made = await client.create_webhook(
            "https://receiver.example", events=["batch.finished"], batch_certificates=True
        )
        assert (made.events, made.batch_certificates, made.secret[:6]) == (["batch.finished"], True, "whsec_")
        assert (await client.change_webhook(made.id, enabled=False)).disabled_reason == "by_request"
        assert (await client.change_webhook(made.id, enabled=True, events=["certificate.failed"])).events == [
            "certificate.failed"
        ]
        assert (await client.rotate_webhook(made.id, overlap_s=0)).secret != made.secret
        sent = await client.send_test(made.id)
        assert [each.id async for each in client.list_deliveries(made.id, state="pending")] == [sent.id]
        assert await client.replay_delivery(made.id, sent.id) == 1
        assert await client.replay_failed(made.id, sent.created_at) == 0
        assert [each.id for each in await client.list_webhooks()] == [made.id]
        await client.remove_webhook(made.id)
        with pytest.raises(NotFound):
            await client.get_webhook(made.id)
