"""A piece: what a certificate has for itself, compressed and encrypted under a data key of its own.

piece = version ‖ nonce ‖ AES-256-GCM(data key, zlib(bytes))
"""

import os
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from certsvc.errors import Broken

_VERSION = b"\x01"
_NONCE_BYTES = 12
_LEVEL = 1
"""Of zlib: most of a piece is hexadecimal, which every level halves; on a press, time counts more than the
rest.
"""


def seal_piece(data: bytes, key: bytes) -> bytes:
    """What a certificate has for itself, compressed and encrypted under its data key (32 bytes, used
    once).
    """
    nonce = os.urandom(_NONCE_BYTES)
    return b"".join((_VERSION, nonce, AESGCM(key).encrypt(nonce, zlib.compress(data, _LEVEL), _VERSION)))


def open_piece(sealed: bytes, key: bytes) -> bytes:
    """What `seal_piece` sealed. Raises Broken `blob_damaged` where key and bytes do not belong together."""
    if not sealed.startswith(_VERSION):
        raise damaged()
    try:
        return zlib.decompress(
            AESGCM(key).decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], _VERSION)
        )
    except (InvalidTag, ValueError, zlib.error) as error:
        raise damaged() from error


def damaged() -> Broken:
    return Broken(
        "blob_damaged", "Tệp đã lưu bị hỏng hoặc bị sửa.", "A stored file is damaged or was changed."
    )
