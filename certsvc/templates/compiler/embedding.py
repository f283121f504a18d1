"""Faces as PDF fonts: subsets that cover whatever a certificate may say, with widths and a Unicode mapping.

A font is Type 0 with Identity-H over CIDFontType2: its codes are the face's own glyph numbers, which subsets
keep (ISO 32000-2 clauses 9.7.4 to 9.7.6 and 9.9; ISO 19005-3 clauses 6.2.11.3 to 6.2.11.7).
"""

import functools
import hashlib
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from typing import Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from certsvc.pdf import stream
from certsvc.templates.faces import face_bytes

_VIETNAMESE = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđ"
_COMBINING = "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
_PUNCTUATION = "–—‘’‚“”„…‰‹›•′″№₫€−≤≥≈™\u2009\u2011\ufb01\ufb02"
REPERTOIRE = "".join(
    dict.fromkeys(
        "".join(map(chr, range(0x20, 0x7F)))
        + _VIETNAMESE
        + unicodedata.normalize("NFC", _VIETNAMESE.upper())
        + "".join(map(chr, range(0xA0, 0x100)))
        + _COMBINING
        + _PUNCTUATION
    )
)
"""What every face of a base can set: ASCII, Vietnamese, Latin-1, combining marks, common punctuation."""

_ITALIC_FLAG, _SYMBOLIC_FLAG, _SERIF_FLAG = 1 << 6, 1 << 2, 1 << 1
_BOLD_WEIGHT = 700
_MOST_MAPPINGS = 100


@dataclass(frozen=True, slots=True)
class EmbeddedFont:
    """A subset of a face as a font's objects; `descendant` and `descriptor` still lack their references."""

    glyphs: frozenset[int]
    name: str
    program: bytes
    descriptor: bytes
    descendant: bytes
    mapping: bytes

    def root(self, *, descendant: int, mapping: int) -> bytes:
        """The Type 0 font's dictionary, given the numbers of its parts."""
        parts = b"/DescendantFonts [%d 0 R] /ToUnicode %d 0 R" % (descendant, mapping)
        name = self.name.encode()
        return b"<< /Type /Font /Subtype /Type0 /BaseFont /%b /Encoding /Identity-H %b >>" % (name, parts)


def embed(face: str, *, texts: Mapping[int, str]) -> EmbeddedFont:
    """The font of a face: its repertoire and the glyphs of `texts` (glyph number → what it stands for)."""
    known = _repertoire(face)
    more = {glyph: text for glyph, text in texts.items() if glyph not in known}
    return _font(face, tuple(sorted(more.items())))


@functools.cache
def _repertoire(face: str) -> Mapping[int, str]:
    """Glyph number → character; the first of those that share a glyph."""
    ttfont = _open(face)
    cmap = ttfont.getBestCmap()
    found: dict[int, str] = {}
    for character in REPERTOIRE:
        if ord(character) in cmap:
            found.setdefault(ttfont.getGlyphID(cmap[ord(character)]), character)
    return found


@functools.lru_cache(maxsize=64)
def _font(face: str, more: tuple[tuple[int, str], ...]) -> EmbeddedFont:
    texts = {**_repertoire(face), **dict(more)}
    ttfont = _open(face)
    name = _subset_name(face, texts)
    program = _subset(face, texts)
    return EmbeddedFont(
        glyphs=frozenset(texts),
        name=name,
        program=stream(b"/Filter /FlateDecode /Length1 %d" % len(program), zlib.compress(program, 9)),
        descriptor=_descriptor(ttfont, name),
        descendant=_descendant(ttfont, name, texts),
        mapping=_mapping(texts),
    )


def _open(face: str) -> Any:
    return TTFont(BytesIO(face_bytes(face)), lazy=True, recalcTimestamp=False)


def _subset_name(face: str, texts: Iterable[int]) -> str:
    """Six letters that distinguish subsets, and the face's name (clause 9.9.2)."""
    digest = hashlib.sha256(repr((face, sorted(texts))).encode()).digest()
    return "".join(chr(ord("A") + byte % 26) for byte in digest[:6]) + "+" + face.removesuffix(".ttf")


def _subset(face: str, glyphs: Iterable[int]) -> bytes:
    options = Options(
        retain_gids=True,
        hinting=False,
        layout_features=[],
        name_IDs=[],
        notdef_outline=True,
        glyph_names=False,
        recalc_timestamp=False,
    )
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "gasp", "cmap", "OS/2", "post", "name"]
    ttfont = _open(face)
    subsetter = Subsetter(options)
    subsetter.populate(gids=sorted(glyphs))
    subsetter.subset(ttfont)
    out = BytesIO()
    ttfont.save(out, reorderTables=True)
    return out.getvalue()


def _descriptor(ttfont: Any, name: str) -> bytes:
    """Entries of the font descriptor (clause 9.8) except /FontFile2."""
    head, os2, scale = ttfont["head"], ttfont["OS/2"], 1000 / ttfont["head"].unitsPerEm
    box = " ".join(str(round(side * scale)) for side in (head.xMin, head.yMin, head.xMax, head.yMax))
    italic_angle = ttfont["post"].italicAngle
    flags = _SYMBOLIC_FLAG | _SERIF_FLAG | (_ITALIC_FLAG if italic_angle else 0)
    ascent, descent = round(ttfont["hhea"].ascent * scale), round(ttfont["hhea"].descent * scale)
    stem = 140 if os2.usWeightClass >= _BOLD_WEIGHT else 80
    return (
        f"/Type /FontDescriptor /FontName /{name} /Flags {flags} /FontBBox [{box}]"
        f" /ItalicAngle {italic_angle:.4g} /Ascent {ascent} /Descent {descent}"
        f" /CapHeight {round(os2.sCapHeight * scale)} /StemV {stem}"
    ).encode("ascii")


def _descendant(ttfont: Any, name: str, glyphs: Iterable[int]) -> bytes:
    """Entries of the CIDFont (clause 9.7.4.1) except /FontDescriptor; widths are to 1/100,000 em."""
    order, hmtx, scale = ttfont.getGlyphOrder(), ttfont["hmtx"], 1000 / ttfont["head"].unitsPerEm
    runs = []
    for _, run in groupby(enumerate(sorted({0, *glyphs})), key=lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        widths = " ".join(f"{round(hmtx[order[number]][0] * scale, 2):g}" for number in numbers)
        runs.append(f"{numbers[0]} [{widths}]")
    return (
        f"/Type /Font /Subtype /CIDFontType2 /BaseFont /{name}"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        f" /CIDToGIDMap /Identity /DW 0 /W [{' '.join(runs)}]"
    ).encode("ascii")


def _mapping(texts: Mapping[int, str]) -> bytes:
    """The ToUnicode CMap (clause 9.10.3)."""
    rows = [f"<{glyph:04X}> <{texts[glyph].encode('utf-16-be').hex().upper()}>" for glyph in sorted(texts)]
    blocks = [rows[start : start + _MOST_MAPPINGS] for start in range(0, len(rows), _MOST_MAPPINGS)]
    mappings = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    text = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{mappings}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    )
    return stream(b"/Filter /FlateDecode", zlib.compress(text.encode("ascii"), 9))
