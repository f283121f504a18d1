"""WeasyPrint's drawing, rewritten: one balanced content stream without the slots, and the resources it uses.

Objects are `pydyf`'s; a reference is the text `12 0 R`. Fonts are named by `slots.font_name`, patterns and
pictures keep WeasyPrint's names [ISO 32000-2 §7.8.2, §7.8.3, §14.6].
"""

import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pydyf

from certsvc.errors import Broken
from certsvc.pdf import stream
from certsvc.templates.compiler.laying import Drawn
from certsvc.templates.compiler.objects import Objects
from certsvc.templates.faces import FACES
from certsvc.templates.slots import font_name

_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_FONT = re.compile(rb"^/([A-Z]{6}) ([\d.]+) Tf$")
_BEGIN = re.compile(rb"<</MCID (\d+)>>")
_FAMILY = "Tinos-Form"
_STYLES = {
    "": "Tinos-Regular.ttf",
    "-Bold": "Tinos-Bold.ttf",
    "-Italic": "Tinos-Italic.ttf",
    "-Bold-Italic": "Tinos-BoldItalic.ttf",
}


class Contents:
    """A drawn page to be copied into `objects`.

    `qr` and `fonts` are the numbers there of the QR's image and the font resources; `copies` maps the bodies
    that earlier pages have copied to their numbers.
    """

    def __init__(
        self, drawn: Drawn, objects: Objects, *, qr: int, fonts: int, copies: dict[bytes, int]
    ) -> None:
        self._drawn, self._objects = drawn, objects
        self._page = drawn.object(b"%d 0 R" % drawn.pdf.pages["Kids"][0])
        self._resources = drawn.object(self._page["Resources"])
        faces = {font.hash: _face(font.name) for font in drawn.document.fonts.values()}
        self._names = {key.encode("ascii"): font_name(face).encode("ascii") for key, face in faces.items()}
        self._numbers = {int(self._resources["Font"].split()[0]): fonts, self._qr_image(): qr}
        self._copies = copies

    def _qr_image(self) -> int:
        images = [
            reference
            for reference in self._resources["XObject"].values()
            if self._drawn.object(reference).extra.get("Subtype") == "/Image"
        ]
        if len(images) != 1:
            raise Broken(
                "design_images",
                "Mẫu phải có đúng một hình: mã QR.",
                "A design has exactly one image: the QR.",
            )
        return int(images[0].split()[0])

    def glyphs(self) -> dict[str, dict[int, str]]:
        """The glyphs that the drawing uses of each face: glyph number → the text it stands for."""
        used: dict[str, dict[int, str]] = {}
        for font in self._drawn.document.fonts.values():
            used.setdefault(_face(font.name), {}).update(font.to_unicode)
        return {face: used[face] for face in FACES if face in used}

    def page_content(self, *, without: Collection[int]) -> bytes:
        """The content stream, without the marked content in `without`; it restores the graphics state."""
        operators = _without_slots(_operators(self._drawn.object(self._page["Contents"])), frozenset(without))
        return _compressed(b"", b"q\n" + self._renamed(operators) + b"\nQ\n")

    def resources(self, *, pictures: Mapping[str, int]) -> bytes:
        """Entries of the resource dictionary, with further `pictures`; what they refer to is copied.

        ColorSpace is left out, for forms use only sRGB.
        """
        resources = self._resources.items()
        kept = {key: value for key, value in resources if key not in {"ColorSpace", "XObject"} and value}
        entries, drawn = self._entries(kept), self._entries(self._resources["XObject"])
        more = b"".join(b" /%b %d 0 R" % (name.encode("ascii"), number) for name, number in pictures.items())
        return b"%b /XObject << %b%b >>" % (entries, drawn, more)

    def _entries(self, dictionary: Mapping[str, Any]) -> bytes:
        return self._renumbered(pydyf.Dictionary(dictionary).data).removeprefix(b"<<").removesuffix(b">>")

    def _renamed(self, operators: Iterator[bytes]) -> bytes:
        return b"\n".join(
            _FONT.sub(lambda found: b"/%b %b Tf" % (self._names[found[1]], found[2]), operator)
            for operator in operators
        )

    def _renumbered(self, body: bytes) -> bytes:
        return _REFERENCE.sub(lambda found: b"%d 0 R" % self._copy(int(found[1])), body)

    def _copy(self, number: int) -> int:
        """The number here of WeasyPrint's object, which is copied at first use; equal objects become one."""
        if number not in self._numbers:
            body = self._body(self._drawn.pdf.objects[number])
            if body not in self._copies:
                self._copies[body] = self._objects.add(body)
            self._numbers[number] = self._copies[body]
        return self._numbers[number]

    def _body(self, source: Any) -> bytes:
        if not isinstance(source, pydyf.Stream):
            return self._renumbered(source.data)
        entries = self._entries(source.extra)
        if "Filter" in source.extra:
            return stream(entries, _stream_data(source))
        return _compressed(entries, self._renamed(_operators(source)))


def _face(name: bytes) -> str:
    """The face of WeasyPrint's font `/ABCDEF+Tinos-Form-Bold`."""
    try:
        return _STYLES[name.decode("utf-8").partition("+")[2].removeprefix(_FAMILY)]
    except KeyError as error:
        raise Broken(
            "design_font", "Mẫu dùng phông chữ lạ.", f"The design uses a typeface other than ours: {name!r}."
        ) from error


def _operators(source: Any) -> Iterator[bytes]:
    """A content stream's lines; the three with which WeasyPrint begins marked content become one."""
    lines = iter(_stream_data(source).split(b"\n"))
    for line in lines:
        if line.startswith((b"/Span", b"/Figure", b"/Artifact")):
            following = next(lines)
            yield line + b" " + (following if following == b"BMC" else following + b" " + next(lines))
        else:
            yield line


def _stream_data(source: Any) -> bytes:
    plain: bytes = pydyf.Stream(source.stream).data
    return plain.partition(b"stream\n")[2].removesuffix(b"\nendstream")


def _without_slots(operators: Iterator[bytes], numbers: frozenset[int]) -> Iterator[bytes]:
    """Drops empty marked content, but keeps colours set within it, for later content may rely on them."""
    inside = False
    for operator in operators:
        begin = _BEGIN.search(operator) if operator.endswith(b"BDC") else None
        if begin and int(begin[1]) in numbers:
            inside = True
        elif inside and operator == b"EMC":
            inside = False
        elif not inside or operator not in {b"BT", b"ET"}:
            yield operator


def _compressed(entries: bytes, data: bytes) -> bytes:
    return stream(entries + b" /Filter /FlateDecode", zlib.compress(data, 9))


def font_resources(fonts: Mapping[str, int]) -> bytes:
    """The dictionary of font resources: each face under its name."""
    return b"<< %b >>" % b" ".join(
        b"/%b %d 0 R" % (font_name(face).encode("ascii"), number) for face, number in fonts.items()
    )
