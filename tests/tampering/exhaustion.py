"""Exhaustion: small files that would keep a reader busy, and large ones that hold nothing."""

import struct
import zlib
from collections.abc import Callable

from certsvc.signing.identities import Identity
from tests.tampering import identities
from tests.tampering.attack import (
    BORROWED,
    BROKEN,
    MISPLACED,
    NOT_SIGNED,
    TOO_COMPLEX,
    UNREADABLE,
    Answer,
    Attack,
)
from tests.tampering.bases import TABLE_1_B, Base, aside
from tests.tampering.editing import last, last_startxref
from tests.tampering.resigned import signed_by

_ONE = (TABLE_1_B,)
_CATALOG, _PAGES = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"


def pdf(*objects: bytes, root: int = 1, more: bytes = b"") -> bytes:
    """A PDF of these objects with a proper cross-reference table."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(out) + b"trailer\n<< /Size %d /Root %d 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        root,
        more,
        table,
    )


def _form(fields: bytes, *others: bytes) -> bytes:
    return pdf(b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%b] >> >>" % fields, _PAGES, *others)


def xref_bomb(*, is_plain: bool = False) -> bytes:
    """A cross-reference stream of two thousand million empty entries; written so that a search for /W finds
    nothing.
    """
    head = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n"
    entries = (
        b"/Type /XRef /W [0 0 0] /Size 2000000000"
        if is_plain
        else b"/#54ype /#58Ref /#57 [0 0 0] /#53ize 2000000000"
    )
    rows = zlib.compress(b"")
    body = b"2 0 obj << %b /Root 1 0 R /Filter /FlateDecode /Length %d >>stream\n%b\nendstream endobj\n" % (
        entries,
        len(rows),
        rows,
    )
    return head + body + b"startxref\n%d\n%%%%EOF\n" % len(head)


def _xref_loop(*, steps: int) -> bytes:
    """Each cross-reference says that another comes before it, for ever."""
    head = b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
    section = b"xref\n0 0\ntrailer\n<< /Size 3 /Root 1 0 R /Prev %010d >>\n"
    places = [len(head) + step * len(section % 0) for step in range(steps)]
    sections = b"".join(section % places[(step + 1) % steps] for step in range(steps))
    return head + sections + b"startxref\n%d\n%%%%EOF\n" % places[0]


def _flate_bomb() -> bytes:
    """Two layers of compression around five hundred million zeros, in the object stream that holds the
    catalog.
    """
    inner = zlib.compressobj(9)
    once = b"".join(inner.compress(bytes(1 << 24)) for _ in range(32)) + inner.flush()
    twice = zlib.compress(once, 9)
    body = (
        b"<< /Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /FlateDecode] /Length %d"
        b" >>stream\n%b\nendstream" % (len(twice), twice)
    )
    return _with_object_stream(body)


def _endless_object_stream() -> bytes:
    """The object stream says that it holds a thousand million objects."""
    return _with_object_stream(
        b"<< /Type /ObjStm /N 1000000000 /First 4 /Length 8 >>stream\n1 0 << >>\nendstream"
    )


def _own_object_stream() -> bytes:
    """The object stream lies in itself."""
    return _with_object_stream(
        b"<< /Type /ObjStm /N 1 /First 4 /Length 8 /Extends 3 0 R >>stream\n3 0 << >>\nendstream",
        is_inside=True,
    )


def _with_object_stream(body: bytes, *, is_inside: bool = False) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    objects = len(out)
    out += b"3 0 obj %b endobj\n" % body
    table = len(out)
    places = ((0, 0, 0), (2, 3, 0), (1, table, 0), (2, 3, 0) if is_inside else (1, objects, 0))
    rows = b"".join(struct.pack(">BIB", *row) for row in places)
    out += (
        b"2 0 obj << /Type /XRef /W [1 4 1] /Size 4 /Root 1 0 R /Length %d >>stream\n%b\nendstream endobj\n"
        % (len(rows), rows)
    )
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % table


def _field_lattice() -> bytes:
    """Forty generations of fields, each with the next one's children thrice: more paths than anybody can
    walk.
    """
    nodes = [
        b"<< /T (a) /Kids [%d 0 R %d 0 R %d 0 R] >>" % (number, number, number) for number in range(4, 44)
    ]
    return _form(b"3 0 R", *nodes, b"<< /T (z) >>")


def _deep_pages(base: Base) -> bytes:
    """A revision whose page tree goes three thousand levels down."""
    out, offsets = bytearray(base.data), []
    for number in range(1000, 4000):
        offsets.append(len(out))
        out += b"%d 0 obj << /Type /Pages /Count 1 /Kids [%d 0 R] >> endobj\n" % (number, number + 1)
    table = len(out)
    out += b"xref\n1000 3000\n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(out) + b"trailer\n<< /Size 4001 /Root 1000 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        last_startxref(base.data),
        table,
    )


def _revisions(count: int) -> Callable[[Base], bytes]:
    def make(base: Base) -> bytes:
        out, previous = bytearray(base.data), last_startxref(base.data)
        for _ in range(count):
            at = len(out)
            out += b"xref\n0 0\ntrailer\n<< /Size 99 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
                previous,
                at,
            )
            previous = at
        return bytes(out)

    return make


def _cms(value: bytes) -> Callable[[Base], bytes]:
    """This at the start of the signature's value."""

    def make(base: Base) -> bytes:
        at = last(base).hole_start + 1
        return base.data[:at] + value.hex().encode() + base.data[at + 2 * len(value) :]

    return make


def _signed(find: Callable[[], Identity]) -> Callable[[Base], bytes]:
    return lambda base: aside(lambda: signed_by(find()))


def _in_a_lattice() -> Identity:
    return identities.accompanied(identities.with_key(2048), identities.lattice())


def _in_a_crowd() -> Identity:
    return identities.accompanied(identities.with_key(2048), identities.lattice()[:1] * 1000)


def _always(data: Callable[[], bytes]) -> Callable[[Base], bytes]:
    return lambda base: data()


def _bomb(name: str, about: str, data: Callable[[], bytes], answer: Answer = UNREADABLE) -> Attack:
    return Attack(name, about, _always(data), answer, _ONE)


def _nested(start: bytes, end: bytes, *, depth: int = 50_000) -> bytes:
    return pdf(b"<< /Type /Catalog /Pages 2 0 R /AcroForm %b >>" % (start * depth + end * depth), _PAGES)


ATTACKS = (
    _bomb("empty", "no byte at all", lambda: b""),
    _bomb("text", "a text", "Giấy nghỉ ốm".encode),
    _bomb("zip", "another kind of file", lambda: b"PK\x03\x04" + bytes(100)),
    _bomb("bare-header", "a header and nothing else", lambda: b"%PDF-1.7\n"),
    _bomb("bare-end", "a header and an end", lambda: b"%PDF-1.7\nstartxref\n0\n%%EOF"),
    _bomb(
        "zeros-behind-header", "a header and zeros to the limit", lambda: b"%PDF-1.7\n" + bytes(19 * 1024**2)
    ),
    _bomb("xref-bomb", "a cross-reference that unfolds without end", xref_bomb, TOO_COMPLEX),
    _bomb("xref-bomb-plain", "the same, spelt plainly", lambda: xref_bomb(is_plain=True), TOO_COMPLEX),
    _bomb("xref-itself", "a cross-reference before itself", lambda: _xref_loop(steps=1)),
    _bomb("xref-loop", "a ring of three cross-references", lambda: _xref_loop(steps=3)),
    _bomb("xref-ring", "a ring of five thousand cross-references", lambda: _xref_loop(steps=5_000)),
    _bomb("flate-bomb", "compressed twice, five hundred million zeros", _flate_bomb),
    _bomb("object-stream-endless", "a thousand million objects in one stream", _endless_object_stream),
    _bomb("object-stream-itself", "an object stream that holds itself", _own_object_stream, TOO_COMPLEX),
    _bomb(
        "length-itself",
        "a stream whose length is itself",
        lambda: pdf(_CATALOG, _PAGES, b"<< /Length 3 0 R >>\nstream\nx\nendstream", root=3),
        TOO_COMPLEX,
    ),
    _bomb("reference-itself", "an object that is a reference to itself", lambda: pdf(b"1 0 R"), TOO_COMPLEX),
    _bomb(
        "reference-ring",
        "a form that is a ring of references",
        lambda: pdf(b"<< /Type /Catalog /AcroForm 2 0 R >>", b"3 0 R", b"2 0 R"),
        TOO_COMPLEX,
    ),
    _bomb("deep-arrays", "arrays fifty thousand deep", lambda: _nested(b"[", b"]"), TOO_COMPLEX),
    _bomb("deep-dictionaries", "dictionaries fifty thousand deep", lambda: _nested(b"<</a ", b">>")),
    _bomb(
        "deep-strings",
        "brackets in a string, a million deep",
        lambda: _nested(b"(", b")", depth=1_000_000),
        NOT_SIGNED,
    ),
    _bomb(
        "fields-lattice",
        "fields with the same children thrice, forty generations",
        _field_lattice,
        TOO_COMPLEX,
    ),
    _bomb(
        "fields-ring",
        "a field that is its own child",
        lambda: _form(b"3 0 R", b"<< /T (a) /Kids [3 0 R] >>"),
        NOT_SIGNED,
    ),
    _bomb("fields-many", "five thousand fields", lambda: _form(b"<< /T (a) >>" * 5000), TOO_COMPLEX),
    _bomb(
        "fields-signed",
        "a hundred signature fields",
        lambda: _form(b"<< /FT /Sig /T (a) /V 3 0 R >>" * 100, b"<< /Type /Sig >>"),
        TOO_COMPLEX,
    ),
    _bomb(
        "pages-ring",
        "a page tree that is its own child",
        lambda: pdf(_CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"),
        NOT_SIGNED,
    ),
    _bomb(
        "huge-number",
        "a number of a hundred thousand digits",
        lambda: pdf(b"<< /Type /Catalog /Pages 2 0 R /N %b >>" % (b"9" * 100_000), _PAGES),
    ),
    _bomb(
        "huge-name",
        "a name of two hundred thousand escapes",
        lambda: pdf(b"<< /Type /Catalog /Pages 2 0 R /%b 1 >>" % (b"#41" * 200_000), _PAGES),
        NOT_SIGNED,
    ),
    _bomb(
        "byte-ranges",
        "nine hundred byte ranges",
        lambda: pdf(_CATALOG, _PAGES) + b"% /ByteRange [0 1 2 3]\n" * 900,
        TOO_COMPLEX,
    ),
    Attack("key-huge", "a signer's key of 16384 bits", _signed(identities.with_huge_key), BROKEN, _ONE),
    Attack(
        "key-unfit",
        "a signer's key that does not fit the signature's algorithm",
        _signed(identities.with_unfit_key),
        BROKEN,
        _ONE,
    ),
    Attack(
        "certificates-lattice",
        "authorities of which each has certified every other",
        _signed(_in_a_lattice),
        BORROWED,
        _ONE,
    ),
    Attack("certificates-many", "a thousand certificates", _signed(_in_a_crowd), BORROWED, _ONE),
    Attack(
        "deep-pages",
        "a page tree three thousand levels deep behind a signature",
        _deep_pages,
        MISPLACED,
        _ONE,
    ),
    Attack("revisions", "twenty revisions behind a signature", _revisions(20), MISPLACED, _ONE),
    Attack(
        "revisions-many", "five thousand revisions behind a signature", _revisions(5000), TOO_COMPLEX, _ONE
    ),
    Attack(
        "zeros-behind",
        "nineteen million zeros behind the end",
        lambda base: base.data + bytes(19 * 1024**2),
        MISPLACED,
        _ONE,
    ),
    Attack(
        "too-large",
        "thirty million zeros behind the end",
        lambda base: base.data + bytes(30 * 1024**2),
        TOO_COMPLEX,
        _ONE,
    ),
    Attack(
        "cms-endless",
        "a CMS that says it has four thousand million bytes",
        _cms(b"\x30\x84\xff\xff\xff\xff"),
        BROKEN,
        _ONE,
    ),
    Attack("cms-indefinite", "a CMS without a length", _cms(b"\x30\x80"), BROKEN, _ONE),
    Attack(
        "cms-long-length",
        "a CMS whose length has a hundred digits",
        _cms(b"\x30\xff" + b"\xff" * 100),
        BROKEN,
        _ONE,
    ),
    Attack(
        "cms-deep", "a CMS of four hundred sequences in one another", _cms(b"\x30\x80" * 400), BROKEN, _ONE
    ),
)
