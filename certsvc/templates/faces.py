"""The forms' only typeface.

Tinos has the metrics of Times New Roman, which Decree 30/2020/NĐ-CP prescribes, and every Vietnamese
letter. It is read from this package, never from the system, so a form looks the same everywhere.
"""

import functools
import unicodedata
from pathlib import Path

import uharfbuzz as hb

FACES = ("Tinos-Regular.ttf", "Tinos-Bold.ttf", "Tinos-Italic.ttf", "Tinos-BoldItalic.ttf")
SCHEME = "tinos:"

FACES_CSS = "\n".join(
    f'@font-face {{ font-family: "Tinos Form"; font-weight: {700 if "Bold" in name else 400}; '
    f'font-style: {"italic" if "Italic" in name else "normal"}; src: url("{SCHEME}{name}"); }}'
    for name in FACES
)
"""The stylesheet that defines the family "Tinos Form": our own name, so that no installed font matches it."""

_BOLD_FROM = 600


def face_of(*, weight: int, is_italic: bool) -> str:
    """The file name of the face for text of that CSS weight and style."""
    style = ("Bold" if weight >= _BOLD_FROM else "") + ("Italic" if is_italic else "")
    return f"Tinos-{style or 'Regular'}.ttf"


def face_bytes(name: str) -> bytes:
    """The TrueType file of one of `FACES`."""
    return _path(name).read_bytes()


@functools.cache
def open_face(name: str) -> hb.Face:
    """One of `FACES` for HarfBuzz, which maps the file, so that processes share its memory."""
    return hb.Face(hb.Blob.from_file_path(str(_path(name))))


def _path(name: str) -> Path:
    return Path(__file__).parent / "fonts" / "tinos" / name


@functools.cache
def _covered() -> frozenset[int]:
    return frozenset.intersection(*(frozenset(open_face(name).unicodes) for name in FACES))


def unprintable(text: str) -> str:
    """The characters of `text` that the forms' typeface lacks or that must not be set, each once, in order.

    Control, format (such as bidirectional overrides), private and unassigned characters count even if the
    typeface has them: they change what is seen without being seen. A line feed is allowed.
    """
    covered = _covered()
    return "".join(
        dict.fromkeys(
            character
            for character in text
            if character != "\n"
            and (ord(character) not in covered or unicodedata.category(character).startswith("C"))
        )
    )
