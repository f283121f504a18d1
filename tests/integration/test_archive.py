"""The archive on a real store: shared bytes once, files byte for byte, and an error for whatever is lost or
changed.
"""

import hashlib
import uuid
import zlib
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from certsvc.errors import Broken, NotFound, Unavailable
from certsvc.files.archive import Archive, Location
from certsvc.files.blobs import Blobs, layer_name, pack_name
from certsvc.files.pieces import seal_piece
from certsvc.models import PublishedFile
from certsvc.vault import Vault, new_data_key

BASE, STOCK, OWN = b"%PDF-1.7 a base" * 100, b" and a stock" * 100, b" and what is its own"
ID = uuid.UUID(int=7)


class CountingBlobs(Blobs):
    """Remembers what was written; refuses to write while `is_full`."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.written: list[str] = []
        self.is_full = False

    @override
    async def put(self, name: str, data: bytes | Path) -> None:
        if self.is_full:
            raise Unavailable("blobs_unavailable", "Đầy.", "Full.")
        self.written.append(name)
        await super().put(name, data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path) -> CountingBlobs:
    return CountingBlobs(folder.as_uri())


@pytest.fixture
def vault() -> Vault:
    return Vault(b"0123456789abcdef0123456789abcdef")


@pytest.fixture
def archive(blobs: CountingBlobs, vault: Vault) -> Archive:
    return Archive(blobs, vault)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


LAYERS = {digest(BASE): BASE, digest(STOCK): STOCK}


def entry(vault: Vault, key: bytes, place: Location, **changes: Any) -> PublishedFile:
    """The register's entry of base + stock + own."""
    facts = {
        "sha256": digest(BASE + STOCK + OWN),
        "certificate_id": ID,
        "base": digest(BASE),
        "stock": digest(STOCK),
        "pack": place.pack,
        "start": place.start,
        "length": place.length,
        "data_key": vault.wrap_key(ID, key),
    }
    return PublishedFile(**facts | changes)


async def stored(archive: Archive, vault: Vault, **changes: Any) -> PublishedFile:
    """The entry of a file that lies in the middle of a pack."""
    key = new_data_key()
    await archive.put_layers(LAYERS)
    places = await archive.put_pack([seal_piece(data, key) for data in (b"before", OWN, b"behind")])
    return entry(vault, key, places[1], **changes)


async def test_a_file_comes_back_byte_for_byte(archive: Archive, blobs: CountingBlobs, vault: Vault) -> None:
    """Put together from its layers and its piece, also by a process that never saw them."""
    file = await stored(archive, vault)
    assert await archive.get(file) == BASE + STOCK + OWN
    assert await Archive(blobs, vault).get(file) == BASE + STOCK + OWN


async def test_a_file_of_the_full_layout_lies_in_its_piece(archive: Archive, vault: Vault) -> None:
    """Without base and stock the piece is all."""
    key = new_data_key()
    [place] = await archive.put_pack([seal_piece(OWN, key)])
    assert await archive.get(entry(vault, key, place, sha256=digest(OWN), base=None, stock=None)) == OWN


async def test_layers_are_written_once(archive: Archive, blobs: CountingBlobs, vault: Vault) -> None:
    """By however many presses and workers they are handed out; each pack is a new object."""
    for _ in range(3):
        await stored(archive, vault)
    await stored(Archive(blobs, vault), vault)
    assert sorted(name for name in blobs.written if name.startswith("layers/")) == sorted(
        layer_name(name) for name in LAYERS
    )
    assert len({name for name in blobs.written if name.startswith("packs/")}) == 4


async def test_a_layer_that_could_not_be_stored_is_stored_later(
    archive: Archive, blobs: CountingBlobs
) -> None:
    """What failed is not remembered as stored."""
    blobs.is_full = True
    with pytest.raises(Unavailable, match="blobs_unavailable"):
        await archive.put_layers(LAYERS)
    blobs.is_full = False
    await archive.put_layers(LAYERS)
    assert set(blobs.written) == {layer_name(name) for name in LAYERS}


async def test_an_erased_file_is_gone(archive: Archive, vault: Vault) -> None:
    """Without its key there is nothing to deliver, though the bytes lie where they lay."""
    with pytest.raises(NotFound, match="file_erased"):
        await archive.get(await stored(archive, vault, data_key=None))


async def test_a_lost_pack_or_layer_is_missing(
    archive: Archive, folder: Path, blobs: CountingBlobs, vault: Vault
) -> None:
    """Removed, or cut before the piece or within it: an operator must act."""
    file = await stored(archive, vault)
    pack = folder / pack_name(file.pack)
    whole = pack.read_bytes()
    for left in (file.start, file.start + 3, 0):
        pack.write_bytes(whole[:left])
        with pytest.raises(Broken, match="blob_missing"):
            await archive.get(file)
    pack.unlink()
    with pytest.raises(Broken, match="blob_missing"):
        await archive.get(file)
    pack.write_bytes(whole)
    (folder / layer_name(digest(STOCK))).unlink()
    with pytest.raises(Broken, match="blob_missing"):
        await Archive(blobs, vault).get(file)


async def test_a_changed_piece_is_not_delivered(archive: Archive, folder: Path, vault: Vault) -> None:
    """Whoever writes to the store cannot have us hand out anything else."""
    file = await stored(archive, vault)
    pack = folder / pack_name(file.pack)
    changed = bytearray(pack.read_bytes())
    changed[file.start + 20] ^= 1
    pack.write_bytes(changed)
    with pytest.raises(Broken, match="blob_damaged"):
        await archive.get(file)


@pytest.mark.parametrize(
    "there",
    [zlib.compress(b"another base"), b"no zlib at all", zlib.compress(BASE)[:-9], zlib.compress(BASE[:-1])],
)
async def test_a_changed_layer_is_not_delivered(
    there: bytes, archive: Archive, folder: Path, blobs: CountingBlobs, vault: Vault
) -> None:
    """Layers are held against their names."""
    file = await stored(archive, vault)
    (folder / layer_name(digest(BASE))).write_bytes(there)
    with pytest.raises(Broken, match="blob_damaged"):
        await Archive(blobs, vault).get(file)


async def test_what_is_not_the_published_file_is_not_delivered(archive: Archive, vault: Vault) -> None:
    """Good pieces put together wrongly are held against the register's digest; another certificate's key
    opens nothing.
    """
    with pytest.raises(Broken, match="blob_damaged"):
        await archive.get(await stored(archive, vault, stock=None))
    with pytest.raises(Broken, match="file_key_unreadable"):
        await archive.get(await stored(archive, vault, certificate_id=uuid.UUID(int=8)))


async def test_many_layers_do_not_fill_the_memory(
    archive: Archive, vault: Vault, blobs: CountingBlobs
) -> None:
    """Of more layers than are kept every one still comes back right."""
    key = new_data_key()
    bases = [bytes([number]) * (9 << 20) for number in range(6)]
    layers = {digest(base): base for base in bases}
    await archive.put_layers(layers)
    [place] = await archive.put_pack([seal_piece(OWN, key)])
    for base in (*bases, *bases):
        assert (
            await archive.get(
                entry(vault, key, place, sha256=digest(base + OWN), base=digest(base), stock=None)
            )
            == base + OWN
        )
    assert sum(len(layer) for layer in archive._cache.values()) <= 32 << 20
