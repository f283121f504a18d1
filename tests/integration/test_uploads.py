"""Files that were sent in: sealed, kept for a while, erased with a person's papers."""

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from certsvc.clock import utc_now
from certsvc.errors import Broken, Conflict
from certsvc.files.uploads import opened_upload
from certsvc.issuing.erasing import erase_files, forget_uploads
from certsvc.models import Batch, BatchStatus
from certsvc.store import batches
from certsvc.worker import sweep
from tests.support.records import as_csv, record
from tests.support.rig import Rig

FILE = as_csv(record(1), record(2))


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


def stored(rig: Rig) -> list[Path]:
    return [
        path for path in (rig.station.settings.data_dir / "blobs" / "batches").glob("*") if path.is_file()
    ]


async def batch_of(rig: Rig, batch_id: str) -> Batch:
    async with rig.res.db.read() as session:
        batch = await batches.find(session, uuid.UUID(batch_id))
    assert batch is not None
    return batch


async def test_a_file_is_sealed_from_the_first_moment(rig: Rig) -> None:
    """What lies in the store holds nothing in clear; opened it is the very file, before it is read and
    afterwards.
    """
    batch_id = (await rig.submit(FILE)).json()["id"]
    for _ in range(2):
        [path] = stored(rig)
        assert record(1)["case_id"].encode() not in path.read_bytes()
        async with opened_upload(
            await batch_of(rig, batch_id), blobs=rig.res.blobs, vault=rig.res.vault
        ) as clear:
            assert clear is not None
            assert clear.read_bytes() == FILE
        assert not clear.exists()
        await rig.work()


async def test_files_are_looked_at_in_turns(rig: Rig) -> None:
    """However many send one at once: the threads that the rest of the service needs are not all taken by
    files.
    """
    async with rig.res.file_turns, rig.res.file_turns:
        assert rig.res.file_turns.locked()
        waiting = asyncio.create_task(rig.submit(FILE))
        assert not (await asyncio.wait({waiting}, timeout=0.3))[0]
    assert (await waiting).status_code == 202


DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda data: data[:-1],
    lambda data: b"\x02" + data[1:],
    lambda data: data[:40] + b"?" + data[41:],
    lambda data: data[:5],
    lambda data: data + b"x",
]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_file_is_never_opened(rig: Rig, damage: Callable[[bytes], bytes]) -> None:
    """Cut short, changed or of another kind: an error of the operator's, no bytes."""
    batch_id = (await rig.submit(FILE)).json()["id"]
    [path] = stored(rig)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Broken, match="blob_damaged"):
        async with opened_upload(await batch_of(rig, batch_id), blobs=rig.res.blobs, vault=rig.res.vault):
            pass


async def test_a_key_opens_its_own_batch_only(rig: Rig) -> None:
    """Put into another row, a wrapped key does not open."""
    ids = [(await rig.submit(FILE)).json()["id"] for _ in range(2)]
    first, second = [await batch_of(rig, batch_id) for batch_id in ids]
    first.file_key = second.file_key
    with pytest.raises(Broken, match="file_key_unreadable"):
        async with opened_upload(first, blobs=rig.res.blobs, vault=rig.res.vault):
            pass


async def test_files_are_forgotten_when_their_time_is_over(rig: Rig) -> None:
    """Not before, and not while they are read; batch and results stay."""
    done = (await rig.submit(FILE)).json()["id"]
    await rig.work()
    waiting = (await rig.submit(FILE)).json()["id"]
    await forget_uploads(rig.res.db, blobs=rig.res.blobs, created_before=utc_now() - dt.timedelta(days=1))
    await sweep(rig.res)
    assert len(stored(rig)) == 2
    await forget_uploads(rig.res.db, blobs=rig.res.blobs, created_before=utc_now() + dt.timedelta(days=1))
    assert [path.name for path in stored(rig)] == [uuid.UUID(waiting).hex]
    assert (await batch_of(rig, done)).file_key is None
    assert len(await rig.results(done)) == 4
    assert (await rig.call("GET", f"/v1/batches/{done}/results?format=xlsx")).status_code == 200


async def test_erasing_a_certificate_erases_the_files_it_was_asked_for_in(rig: Rig) -> None:
    """Every file with the case, whatever became of it there; others stay. While one is being read: try again
    later.
    """
    first = (await rig.submit(FILE)).json()["id"]
    await rig.work()
    rejected = (await rig.submit(as_csv(record(1, sex="x")))).json()["id"]
    other = (await rig.submit(as_csv(record(3)))).json()["id"]
    await rig.work()
    certificate_id = uuid.UUID(
        next(
            line["certificate_id"]
            for line in await rig.results(first)
            if line["case_id"] == record(1)["case_id"]
        )
    )
    await erase_files(rig.res.db, certificate_id, blobs=rig.res.blobs, actor="operator", now=utc_now())
    assert [path.name for path in stored(rig)] == [uuid.UUID(other).hex]
    assert [(await batch_of(rig, batch_id)).file_key is None for batch_id in (first, rejected, other)] == [
        True,
        True,
        False,
    ]


async def test_a_file_that_is_being_read_is_not_erased(rig: Rig) -> None:
    """Else its other rows would be lost."""
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.work()
    certificate_id = uuid.UUID((await rig.results(batch_id))[0]["certificate_id"])
    async with rig.res.db.begin() as session:
        batch = await batches.find_for_change(session, uuid.UUID(batch_id))
        assert batch is not None
        batch.status = BatchStatus.READING
    with pytest.raises(Conflict, match="still_being_read"):
        await erase_files(rig.res.db, certificate_id, blobs=rig.res.blobs, actor="operator", now=utc_now())
    assert len(stored(rig)) == 1
