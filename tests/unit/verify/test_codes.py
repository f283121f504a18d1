"""Look-up codes and tokens: however people write them, there is one canonical form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.codes import ALPHABET, Code, CodeKind, encode_code, encode_token, format_code, normalise_code

CODES = st.text(ALPHABET, min_size=16, max_size=16)
TOKENS = st.text(ALPHABET, min_size=26, max_size=26)
CONFUSED = {"0": "0Oo", "1": "1IiLl"}


@st.composite
def _sloppy(draw: st.DrawFn, code: str) -> str:
    letters = [
        draw(st.sampled_from(CONFUSED.get(letter, letter + letter.lower())))
        + draw(st.sampled_from(["", "", "-", " ", "\u2011", "\u00a0"]))
        for letter in code
    ]
    return draw(st.sampled_from(["", " ", "\n"])) + "".join(letters)


@given(st.data(), CODES)
def test_a_sloppily_typed_code_is_the_same_code(data: st.DataObject, code: str) -> None:
    """Case, spaces, hyphens and look-alike letters do not matter."""
    assert normalise_code(data.draw(_sloppy(code))) == Code(CodeKind.CODE, code)


@given(CODES)
def test_a_printed_code_reads_back(code: str) -> None:
    """Four groups of four, and the way back."""
    printed = format_code(code)
    assert [len(group) for group in printed.split("-")] == [4, 4, 4, 4]
    assert normalise_code(printed) == Code(CodeKind.CODE, code)


@given(
    CODES,
    st.sampled_from(
        [
            "https://x.vn/v/{}",
            "HTTPS://X.VN/V/{}",
            "http://127.0.0.1:8000/v/{}?lang=vi",
            "x.vn/v/{}/",
            "/v/{}",
            "https://x.vn/v#{}",
            "https://x.vn/v/#{}",
            "  https://x.vn/v/{}\n",
        ]
    ),
)
def test_a_pasted_address_holds_its_code(code: str, address: str) -> None:
    """A whole address may be pasted where a code is asked for."""
    assert normalise_code(address.format(format_code(code))) == Code(CodeKind.CODE, code)


@given(TOKENS)
def test_a_scanned_address_holds_its_token(token: str) -> None:
    """A QR holds a token and, in newer ones, claims after it."""
    expected = Code(CodeKind.TOKEN, token)
    assert normalise_code(f"HTTPS://TRACUU.EXAMPLE.VN/V/{token}/2QZDKA2BAEBKM") == expected
    assert normalise_code(f"https://tracuu.example.vn/v/{token}") == expected
    assert normalise_code(token) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "ABCD-EFGH-JKMN-PQR",
        "ABCD-EFGH-JKMN-PQRST",
        "UBCD-EFGH-JKMN-PQRS",
        "ABCD EFGH JKMN PQR!",
        "https://x.vn/v/",
        "https://x.vn/w/ABCDEFGHJKMNPQRS",
        "Ă" * 16,
        "0" * 5000,
    ],
)
def test_anything_else_is_no_code(text: str) -> None:
    """Wrong length, letters outside the alphabet, other services' URLs."""
    assert normalise_code(text) is None


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    """Whatever is pasted, the answer is a canonical code or none."""
    code = normalise_code(text)
    assert code is None or set(code.text) <= set(ALPHABET)


@given(st.binary(min_size=10, max_size=10), st.binary(min_size=16, max_size=16))
def test_encoding_keeps_every_bit(short: bytes, long: bytes) -> None:
    """80 and 128 bits survive; another length is refused."""
    assert _decode(encode_code(short)) == int.from_bytes(short)
    assert _decode(encode_token(long)) == int.from_bytes(long)
    assert (len(encode_code(short)), len(encode_token(long))) == (16, 26)
    with pytest.raises(ValueError, match="10 bytes"):
        encode_code(long)


def _decode(text: str) -> int:
    number = 0
    for letter in text:
        number = number * 32 + ALPHABET.index(letter)
    return number
