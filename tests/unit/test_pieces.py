"""Pieces: what a certificate has for itself, sealed so that only its data key opens it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.errors import Broken
from certsvc.files.pieces import open_piece, seal_piece
from certsvc.vault import new_data_key


@given(st.binary(max_size=5000))
def test_a_piece_opens_to_what_was_sealed(data: bytes) -> None:
    """Whatever the bytes."""
    key = new_data_key()
    assert open_piece(seal_piece(data, key), key) == data


def test_a_sealed_piece_shows_nothing_and_is_smaller() -> None:
    """Text cannot be found in it; hexadecimal, most of a signed revision, is stored in little more than
    half.
    """
    data = (
        b"<< /Contents <"
        + new_data_key().hex().encode() * 100
        + new_data_key().hex().encode()
        + b"> /Name (Nguyen Thi Thu Nghiem)"
    )
    key = new_data_key()
    sealed = seal_piece(data, key)
    assert b"Nguyen" not in sealed
    assert len(sealed) < len(data)
    assert seal_piece(data, key) != sealed


@pytest.mark.parametrize("place", [0, 1, 12, 13, 20, -1])
def test_a_changed_piece_does_not_open(place: int) -> None:
    """Whichever byte is another: version, nonce, ciphertext, tag."""
    key = new_data_key()
    sealed = bytearray(seal_piece(b"a certificate's own bytes", key))
    sealed[place] ^= 1
    with pytest.raises(Broken, match="blob_damaged"):
        open_piece(bytes(sealed), key)


@pytest.mark.parametrize("length", [0, 1, 5, 13, 20])
def test_a_cut_piece_does_not_open(length: int) -> None:
    """However short: our own error, none of a library's."""
    key = new_data_key()
    with pytest.raises(Broken, match="blob_damaged"):
        open_piece(seal_piece(b"bytes", key)[:length], key)


def test_another_key_opens_nothing() -> None:
    """Not even one that was made the same moment."""
    with pytest.raises(Broken, match="blob_damaged"):
        open_piece(seal_piece(b"bytes", new_data_key()), new_data_key())
