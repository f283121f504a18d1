"""Structure: encryption, polyglots, truncation, two trailers, version lies, two files in one."""

import io
import re
import zipfile
from collections.abc import Callable

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from tests.tampering.attack import BROKEN, ENCRYPTED, MISPLACED, UNREADABLE, Attack
from tests.tampering.bases import STREAM_1_T, STREAM_3_LT, TABLE_1_B, TABLE_3_LT, Base
from tests.tampering.editing import last, last_startxref, number_of, overwritten
from tests.unit.verify import samples


def _encrypted(password: str) -> Callable[[Base], bytes]:
    def make(base: Base) -> bytes:
        writer = copy_into_new_writer(PdfFileReader(io.BytesIO(base.data)))
        writer.encrypt(owner_pass="chủ", user_pass=password)  # type: ignore[no-untyped-call]
        out = io.BytesIO()
        writer.write(out)  # type: ignore[no-untyped-call]
        return out.getvalue()

    return make


def _said_to_be_encrypted(base: Base) -> bytes:
    """A trailer that names an encryption which the objects do not have."""
    crypt = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%b> /U <%b> >>" % (b"00" * 32, b"11" * 32)
    trailer = b"xref\n0 0\ntrailer\n<< /Root %d 0 R /Size 99 /Prev %d /Encrypt %b /ID [<00> <00>] >>\n"
    at = len(base.data)
    return (
        base.data
        + trailer % (number_of(base.data), last_startxref(base.data), crypt)
        + b"startxref\n%d\n%%%%EOF\n" % at
    )


def _before(prefix: bytes) -> Callable[[Base], bytes]:
    return lambda base: prefix + base.data


def _behind(tail: bytes) -> Callable[[Base], bytes]:
    return lambda base: base.data + tail


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    return out.getvalue()


def _second_trailer(base: Base) -> bytes:
    return base.data + b"trailer\n<< /Root %d 0 R /Size 99 >>\nstartxref\n%d\n%%%%EOF\n" % (
        number_of(base.data),
        last_startxref(base.data),
    )


def _linearised(base: Base) -> bytes:
    """A hint table in front, which says that the file begins somewhere else."""
    hint = b"%%PDF-1.7\n77 0 obj\n<< /Linearized 1 /L %d /H [0 9] /O 3 /E 99 /N 1 /T 9 >>\nendobj\n" % len(
        base.data
    )
    return hint + base.data[len(b"%PDF-1.7\n") :]


def _version(text: bytes) -> Callable[[Base], bytes]:
    return lambda base: overwritten(base.data, 0, text)


def _cut_to(length: Callable[[bytes], int]) -> Callable[[Base], bytes]:
    return lambda base: base.signed[: length(base.signed)]


def _joined(*, is_first: bool) -> Callable[[Base], bytes]:
    def make(base: Base) -> bytes:
        other = samples.genuine(2)
        return base.data + other if is_first else other + base.data

    return make


def _first_file_then_update(base: Base) -> bytes:
    """One certificate's front, another's last revision."""
    other, place = samples.genuine(2), last(base)
    end = samples.places(other)[0].end
    return base.data[: place.end] + other[end:]


def _other_line_ends(base: Base) -> bytes:
    """As a mail programme that takes it for text."""
    return base.data.replace(b"\n", b"\r\n")


def _zeroed_startxref(base: Base) -> bytes:
    at = base.data.rindex(b"startxref", 0, last(base).end) + len(b"startxref\n")
    return overwritten(base.data, at, b"0" * (base.data.index(b"\n", at) - at))


def _renamed(key: bytes) -> Callable[[Base], bytes]:
    def make(base: Base) -> bytes:
        return re.sub(rb"/%b\b" % key, b"/" + key[:-1] + b"X", base.data)

    return make


_ENDS = (TABLE_1_B, TABLE_3_LT, STREAM_1_T, STREAM_3_LT)

ATTACKS = (
    Attack("password", "saved with a password", _encrypted("mật khẩu"), ENCRYPTED),
    Attack("owner-password", "saved with restrictions only", _encrypted(""), BROKEN),
    Attack(
        "said-encrypted",
        "a trailer that says so of a file that is not encrypted",
        _said_to_be_encrypted,
        ENCRYPTED,
    ),
    Attack("word-encrypt", "the word behind the end", _behind(b"\n% /Encrypt"), MISPLACED),
    Attack("picture-in-front", "a picture's first bytes in front", _before(b"GIF89a"), UNREADABLE),
    Attack("page-in-front", "a web page in front", _before(b"<html><script>1</script></html>\n"), UNREADABLE),
    Attack("line-in-front", "an empty line in front", _before(b"\n"), UNREADABLE),
    Attack("header-in-front", "a second header in front", _before(b"%PDF-1.4\n"), MISPLACED),
    Attack("zip-behind", "an archive behind the end", _behind(_zip()), MISPLACED),
    Attack("page-behind", "a web page behind the end", _behind(b"<script>1</script>"), MISPLACED),
    Attack("comment-behind", "a comment behind the end", _behind(b"% x\n"), MISPLACED),
    Attack(
        "much-behind",
        "more white space behind the end than any gateway adds",
        _behind(b"\n" * 1100),
        MISPLACED,
    ),
    Attack("no-break-space", "what is no white space to a PDF", _behind(b"\xa0"), MISPLACED),
    Attack("second-end", "a second end", _behind(b"%%EOF\n"), MISPLACED),
    Attack(
        "second-startxref",
        "a second pointer to another cross-reference",
        _behind(b"startxref\n9\n%%EOF\n"),
        MISPLACED,
    ),
    Attack("second-trailer", "a second trailer", _second_trailer, MISPLACED),
    Attack("linearised", "linearisation hints in front", _linearised, MISPLACED),
    Attack("version-new", "the header says PDF 9.9", _version(b"%PDF-9.9"), BROKEN),
    Attack("version-none", "the header says no version", _version(b"%PDF-X.X"), MISPLACED),
    Attack("last-byte", "the last byte missing", _cut_to(lambda data: len(data) - 1), MISPLACED, _ENDS),
    Attack(
        "last-line", "the last line missing", _cut_to(lambda data: data.rindex(b"%%EOF")), MISPLACED, _ENDS
    ),
    Attack("half", "the first half", _cut_to(lambda data: len(data) // 2), UNREADABLE, _ENDS),
    Attack("header-only", "the first line", _cut_to(lambda data: 9), UNREADABLE, _ENDS),
    Attack("line-ends", "every line end another", _other_line_ends, MISPLACED),
    Attack("joined-behind", "another certificate behind it", _joined(is_first=True), MISPLACED),
    Attack("joined-before", "another certificate before it", _joined(is_first=False), MISPLACED),
    Attack(
        "joined-update", "another certificate's last signature behind it", _first_file_then_update, MISPLACED
    ),
    Attack("renamed-form", "/AcroForm written otherwise", _renamed(b"AcroForm"), MISPLACED),
    Attack("renamed-range", "/ByteRange written otherwise", _renamed(b"ByteRange"), MISPLACED),
    Attack("renamed-contents", "/Contents written otherwise", _renamed(b"Contents"), BROKEN),
    Attack("renamed-perms", "/Perms written otherwise", _renamed(b"Perms"), BROKEN),
    Attack(
        "startxref-zero",
        "the cross-reference is said to be at the file's start",
        _zeroed_startxref,
        MISPLACED,
    ),
)
