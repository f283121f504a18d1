"""Erasing a PDF: nobody gets it any more, from wherever; what it was stays known."""

import io
import uuid
import zipfile

import pytest
from sqlalchemy import select

from certsvc.clock import utc_now
from certsvc.errors import NotFound
from certsvc.issuing.erasing import erase_files
from certsvc.models import Event, PublishedFile
from tests.support.records import as_csv, record
from tests.support.rig import Rig


async def _erase(rig: Rig, certificate_id: str) -> int:
    return await erase_files(
        rig.res.db, uuid.UUID(certificate_id), blobs=rig.res.blobs, actor="operator", now=utc_now()
    )


async def test_an_erased_pdf_is_gone_everywhere(dummy_rig: Rig) -> None:
    """404 for the caller and for its holder; not in the batch's archive; others are not touched; its key is
    nowhere.
    """
    batch_id = (await dummy_rig.submit(as_csv(record(1), record(2)))).json()["id"]
    await dummy_rig.work()
    lines = [line for line in await dummy_rig.results(batch_id) if line["outcome"] == "issued"]
    gone, kept = lines[0], lines[1]
    proven = await dummy_rig.call(
        "POST", f"/v/{gone['code']}", role=None, json={"birth_date": "05/09/1988", "id_last4": "0001"}
    )
    assert await _erase(dummy_rig, gone["certificate_id"]) == 2, "its PDF, and the file it was asked for in"
    answer = await dummy_rig.call("GET", f"/v1/certificates/{gone['certificate_id']}/pdf")
    assert (answer.status_code, answer.json()["code"]) == (404, "file_erased")
    answer = await dummy_rig.call("GET", f"/v/{gone['code']}/pdf?grant={proven.json()['grant']}", role=None)
    assert (answer.status_code, answer.json()["code"]) == (404, "file_erased")
    assert (await dummy_rig.call("GET", f"/v1/certificates/{kept['certificate_id']}/pdf")).status_code == 200
    archive = (await dummy_rig.call("GET", f"/v1/batches/{batch_id}/archive.zip")).content
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = opened.namelist()
    assert len([name for name in names if name.endswith(".pdf")]) == len(lines) - 1
    assert not [name for name in names if name.startswith(f"{gone['serial']}_")]


async def test_what_it_was_stays_known(dummy_rig: Rig) -> None:
    """Digest and history stay, so a file in somebody's hands can still be judged; erasing twice changes
    nothing.
    """
    certificate = await dummy_rig.issued(record(1))
    assert await _erase(dummy_rig, certificate["id"]) == 1
    assert await _erase(dummy_rig, certificate["id"]) == 0
    async with dummy_rig.res.db.read() as session:
        file = await session.get_one(PublishedFile, certificate["pdf_sha256"])
        events = (await session.scalars(select(Event).where(Event.name == "erased"))).all()
    assert file.data_key is None
    assert [(each.actor, each.facts) for each in events] == [("operator", {"files": 1})]
    assert (await dummy_rig.call("GET", f"/v/{certificate['code']}", role=None)).json()["verdict"] == "valid"


async def test_nothing_to_erase(dummy_rig: Rig) -> None:
    """An unknown certificate is said to be; one that is not issued yet has no file, and is issued all the
    same.
    """
    with pytest.raises(NotFound, match="no_such_certificate"):
        await _erase(dummy_rig, str(uuid.uuid4()))
    asked = (await dummy_rig.request(record(1))).json()
    assert await _erase(dummy_rig, asked["id"]) == 0
    await dummy_rig.work()
    assert (await dummy_rig.certificate(asked["id"]))["status"] == "issued"
