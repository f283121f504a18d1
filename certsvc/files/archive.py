"""The archive of published files: what many share lies in layers, what one has for itself in a pack.

    file  = base ‖ stock ‖ piece
    layer = zlib(base or stock), an object named by the SHA-256 of what is in it
    piece = what is the certificate's own, sealed (`pieces`); a chunk's pieces lie end to end in one object,
        the pack

Layers hold nothing personal. Whoever has the pack but not the data key has nothing, so erasing a file is
destroying its key. All is written before a row of the register refers to it; what is never referred to is
harmless. What is delivered is what was published, byte for byte, or an error
(`docs/decisions/0011-packs-and-data-keys.md`).
"""

import asyncio
import hashlib
import itertools
import uuid
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from certsvc.errors import NotFound
from certsvc.files.blobs import Blobs, layer_name, pack_name
from certsvc.files.pieces import damaged, open_piece
from certsvc.models import PublishedFile
from certsvc.vault import Vault

_LAYER_LEVEL = 6
_MAX_LAYER_BYTES = 64 << 20
_MAX_CACHED_BYTES = 32 << 20
_MAX_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Location:
    """Where a piece lies: `length` bytes from `start` on in the pack."""

    pack: str
    start: int
    length: int


class Archive:
    """Puts what presses made into the store, and gives files back."""

    def __init__(self, blobs: Blobs, vault: Vault) -> None:
        self._blobs = blobs
        self._vault = vault
        self._stored: set[str] = set()
        self._cache: OrderedDict[str, bytes] = OrderedDict()

    async def put_layers(self, layers: Mapping[str, bytes]) -> None:
        """Store each layer (by SHA-256), once."""
        await asyncio.gather(
            *(self._put_layer(name, data) for name, data in layers.items() if name not in self._stored)
        )

    async def _put_layer(self, name: str, data: bytes) -> None:
        if await self._blobs.find_size(layer_name(name)) is None:
            await self._blobs.put(
                layer_name(name), await asyncio.to_thread(zlib.compress, data, _LAYER_LEVEL)
            )
        if len(self._stored) >= _MAX_REMEMBERED:
            self._stored.clear()  # one look into the store more for each
        self._stored.add(name)

    async def put_pack(self, pieces: Sequence[bytes]) -> list[Location]:
        """Store sealed pieces as one object of a random name; says where each lies, in their order."""
        pack = uuid.uuid4().hex
        await self._blobs.put(pack_name(pack), b"".join(pieces))
        starts = itertools.accumulate((len(piece) for piece in pieces), initial=0)
        return [Location(pack, start, len(piece)) for start, piece in zip(starts, pieces, strict=False)]

    async def get(self, published: PublishedFile) -> bytes:
        """The file as it was published.

        Raises NotFound `file_erased` once its key was destroyed; Broken `blob_missing`, `blob_damaged` or
        `file_key_unreadable` where an operator must act.
        """
        if published.data_key is None:
            raise NotFound(
                "file_erased", "Tệp PDF của giấy này đã được xoá.", "The PDF of this certificate was erased."
            )
        key = self._vault.unwrap_key(published.certificate_id, published.data_key)
        sealed = await self._blobs.get_range(
            pack_name(published.pack), start=published.start, length=published.length
        )
        layers = [await self._layer(name) for name in (published.base, published.stock) if name is not None]
        data = b"".join((*layers, open_piece(sealed, key)))
        if hashlib.sha256(data).hexdigest() != published.sha256:
            raise damaged()
        return data

    async def _layer(self, name: str) -> bytes:
        if name not in self._cache:
            self._keep(name, _open_layer(await self._blobs.get(layer_name(name)), name))
        self._cache.move_to_end(name)
        return self._cache[name]

    def _keep(self, name: str, layer: bytes) -> None:
        """Remember a layer; those that were not asked for the longest go."""
        self._cache[name] = layer
        size = sum(len(kept) for kept in self._cache.values())
        while size > _MAX_CACHED_BYTES and len(self._cache) > 1:
            size -= len(self._cache.popitem(last=False)[1])


def _open_layer(stored: bytes, name: str) -> bytes:
    unpacker = zlib.decompressobj()
    # Unlike a piece, a layer may come from anybody who can write to the store.
    try:
        layer = unpacker.decompress(stored, _MAX_LAYER_BYTES)
    except zlib.error as error:
        raise damaged() from error
    if hashlib.sha256(layer).hexdigest() != name:
        raise damaged()
    return layer
