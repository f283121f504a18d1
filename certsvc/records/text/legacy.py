"""Text in encodings from before Unicode, taken for Western text by a program that did not know them [text,
Encodings before Unicode].

TCVN3 (TCVN 5712:1993, form VN3; fonts .VnTime) has one byte for each small letter and for seven capitals;
capitals with a tone are small letters in a font of capitals. VNI writes a letter with its mark behind it.
Read as Windows-1252, both give letters and signs that look like a name's: «TrÇn», «Nguyeãn». Values are
judged as a whole, by the syllables that they decode to.
"""

import re
import unicodedata

from certsvc.records.text.syllables import is_syllable

_TCVN3_BYTES = {
    "ăâêôơưđ": range(0xA8, 0xAF),
    "ĂÂÊÔƠƯĐ": range(0xA1, 0xA8),
    "àảãáạ": range(0xB5, 0xBA),
    "ằẳẵắ": range(0xBB, 0xBF),
    "ặầẩẫấậè": range(0xC6, 0xCD),
    "ẻẽéẹềểễếệìỉ": (0xCE, 0xCF, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8),
    "ĩíịò": range(0xDC, 0xE0),
    "ỏõóọồổỗốộờởỡớợù": range(0xE1, 0xF0),
    "ủũúụừửữứựỳỷỹýỵ": range(0xF1, 0xFF),
}
_TCVN3 = dict.fromkeys(range(0x80, 0x100), "?") | {
    byte: letter
    for letters, places in _TCVN3_BYTES.items()
    for letter, byte in zip(letters, places, strict=True)
}

_TONES = "\u0300\u0301\u0309\u0303\u0323"
_VNI_MARKS = (
    ("aeouyôö", "", "øùûõï"),
    ("aeo", "\u0302", "àáåãä"),
    ("a", "\u0306", "èéúüë"),
)
"""Letters, what the marks add to them besides a tone, and the marks for the five tones; â and ê add it
without a tone.
"""
_VNI_LETTERS = {"ô": "ơ", "ö": "ư", "ñ": "đ", "ì": "ì", "í": "í", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
_VNI = (
    {
        letter + mark: unicodedata.normalize("NFC", _VNI_LETTERS.get(letter, letter) + added + tone)
        for letters, added, marks in _VNI_MARKS
        for letter in letters
        for mark, tone in zip(marks, _TONES, strict=True)
    }
    | {"aâ": "â", "eâ": "ê", "oâ": "ô", "aê": "ă"}
    | _VNI_LETTERS
)
_VNI_PIECE = re.compile("[aeouyôö][øùûõïàáåãäèéúüëâê]|.", re.DOTALL)

_BEYOND_ASCII = "\u00a1-\u00ffƒŠŒŽšœžŸ"
_WORD = re.compile(f"[a-zA-Z]*+[{_BEYOND_ASCII}][a-zA-Z{_BEYOND_ASCII}]*+")
"""A word with a character beyond ASCII; what is not a letter here may be one in TCVN3."""
_CAPITAL_INSIDE = re.compile("[a-z\u00df-\u00f6\u00f8-\u00ff][\u00c0-\u00d6\u00d8-\u00deŠŒŽŸ]")
_BEYOND_ONE_BYTE = {
    ord(bytes([byte]).decode("cp1252")): byte
    for byte in range(0x80, 0xA0)
    if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}
"""The five bytes that Windows-1252 leaves empty come through as the control characters of these numbers."""


def is_legacy(text: str) -> bool:
    """Whether a value is TCVN3 or VNI read as Windows-1252.

    All its characters are in Windows-1252; in one of the two encodings every word with a character beyond
    ASCII is a Vietnamese syllable; and as they stand at least two of these words are not, or one in which a
    capital beyond ASCII follows a small letter.
    """
    if _windows_bytes(text) is None:
        return False
    words = _WORD.findall(text)
    odd = [word for word in words if not is_syllable(word)]
    if len(odd) < 2 and not any(map(_CAPITAL_INSIDE.search, odd)):  # noqa: PLR2004 (two words, or a sure sign in one)
        return False
    return any(all(is_syllable(decode(word)) for word in words) for decode in (from_tcvn3, from_vni))


def is_encoded_twice(text: str) -> bool:
    """Whether a value is UTF-8 that was read as Windows-1252 (or as Latin-1) and written as UTF-8 again."""
    as_bytes = _windows_bytes(text)
    if as_bytes is None or as_bytes.isascii():
        return False
    try:
        as_bytes.decode()
    except UnicodeDecodeError:
        return False
    return True


def from_tcvn3(word: str) -> str:
    """The word that was meant, if these are TCVN3's bytes; a character that TCVN3 lacks becomes `?`."""
    return word.translate(_TCVN3)


def from_vni(word: str) -> str:
    """The word that was meant, in small letters, if it is VNI; a character that VNI lacks becomes `?`."""
    return _VNI_PIECE.sub(
        lambda piece: (
            _VNI.get(piece[0])
            or "".join(char if char.isascii() else _VNI.get(char, "?") for char in piece[0])
        ),
        word.lower(),
    )


def _windows_bytes(text: str) -> bytes | None:
    """The bytes of Windows-1252 that this text may have been; None where a character has no byte."""
    try:
        return text.translate(_BEYOND_ONE_BYTE).encode("latin-1")
    except UnicodeEncodeError:
        return None
