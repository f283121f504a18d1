"""Files that were sent in, sealed at rest: AES-256-GCM under a data key of their own, which the batch's row
keeps wrapped.

    sealed = version ‖ nonce ‖ ciphertext ‖ tag

What a person put in the place of a row is sealed under the same key, bound to its row. Files are sealed and
opened piece by piece; what is opened is used only once its tag was right. Erasing is destroying the key
(`docs/decisions/0017-returned-files.md`).
"""

import asyncio
import json
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM

from certsvc.errors import InputError
from certsvc.files.blobs import Blobs, batch_name
from certsvc.files.pieces import damaged
from certsvc.models import Batch
from certsvc.records import Cell
from certsvc.vault import Vault, new_data_key

_T = TypeVar("_T")

_VERSION = b"\x01"
_NONCE_BYTES, _TAG_BYTES = 12, 16
_CHUNK_BYTES = 1 << 20


async def keep_upload(file: Path, batch_id: uuid.UUID, *, blobs: Blobs, vault: Vault) -> bytes:
    """Put a file, sealed, among the blobs; returns its key as the batch's row is to keep it."""
    key = new_data_key()
    with tempfile.NamedTemporaryFile() as sealed:
        await asyncio.to_thread(_seal, file, Path(sealed.name), key)
        await blobs.put(batch_name(batch_id), Path(sealed.name))
    return vault.wrap_batch_key(batch_id, key)


def required(file: _T | None) -> _T:
    """The file of a batch, or its key. Raises InputError `file_not_kept` where it is gone."""
    if file is None:
        raise InputError(
            "file_not_kept",
            "Tệp không còn được lưu; hãy gửi lại.",
            "The file is no longer kept; send it again.",
        )
    return file


@asynccontextmanager
async def opened_upload(batch: Batch, *, blobs: Blobs, vault: Vault) -> AsyncIterator[Path | None]:
    """The file of a batch, in clear as long as the block lasts; None where it is no longer kept.

    Raises Broken `blob_missing`, `blob_damaged` or `file_key_unreadable` where an operator must act.
    """
    if batch.file_key is None:
        yield None
        return
    key = _key_of(batch, vault)
    with tempfile.NamedTemporaryFile() as clear:
        with tempfile.NamedTemporaryFile() as sealed:
            await blobs.fetch(batch_name(batch.id), Path(sealed.name))
            await asyncio.to_thread(_open, Path(sealed.name), Path(clear.name), key)
        yield Path(clear.name)


def seal_cells(batch: Batch, row: int, cells: Mapping[str, Cell], *, vault: Vault) -> bytes:
    """A row's cells (values of JSON) as its amendment keeps them. Raises ValueError where the batch's file is
    gone, and its key with it.
    """
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_key_of(batch, vault)).encrypt(
        nonce, json.dumps(cells).encode(), _cells_place(batch, row)
    )


def open_cells(batch: Batch, row: int, sealed: bytes, *, vault: Vault) -> dict[str, Cell]:
    """What `seal_cells` sealed. Raises as it does, and Broken `blob_damaged`."""
    try:
        cells: dict[str, Cell] = json.loads(
            AESGCM(_key_of(batch, vault)).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _cells_place(batch, row)
            )
        )
    except InvalidTag as error:
        raise damaged() from error
    return cells


def _key_of(batch: Batch, vault: Vault) -> bytes:
    if batch.file_key is None:
        raise ValueError("the file of this batch is gone, and what hung on it")
    return vault.unwrap_batch_key(batch.id, batch.file_key)


def _cells_place(batch: Batch, row: int) -> bytes:
    return b"batch_amendments.cells:" + batch.id.bytes + row.to_bytes(8)


def _seal(file: Path, to: Path, key: bytes) -> None:
    nonce = os.urandom(_NONCE_BYTES)
    cipher = Cipher(AES256(key), GCM(nonce)).encryptor()
    cipher.authenticate_additional_data(_VERSION)
    with file.open("rb") as clear, to.open("wb") as sealed:
        sealed.write(_VERSION + nonce)
        while chunk := clear.read(_CHUNK_BYTES):
            sealed.write(cipher.update(chunk))
        sealed.write(cipher.finalize() + cipher.tag)


def _open(file: Path, to: Path, key: bytes) -> None:
    left = file.stat().st_size - len(_VERSION) - _NONCE_BYTES - _TAG_BYTES
    with file.open("rb") as sealed, to.open("wb") as clear:
        if left < 0 or sealed.read(len(_VERSION)) != _VERSION:
            raise damaged()
        cipher = Cipher(AES256(key), GCM(sealed.read(_NONCE_BYTES))).decryptor()
        cipher.authenticate_additional_data(_VERSION)
        while left:
            chunk = sealed.read(min(left, _CHUNK_BYTES))
            clear.write(cipher.update(chunk))
            left -= len(chunk)
        try:
            cipher.finalize_with_tag(sealed.read())
        except (InvalidTag, ValueError) as error:
            raise damaged() from error
