"""The format of a file, judged by its content, never by its name. A format that we only recognise is named,
so that the sender knows what to do.
"""

import re
from typing import BinaryIO

from certsvc.errors import InputError
from certsvc.records.exchange.reading import ROOTS, is_exchange_zip, opened_package
from certsvc.records.raw import compound
from certsvc.records.raw.foreign import ForeignFormat, wrong_format
from certsvc.records.raw.formats import FileFormat
from certsvc.records.raw.packages import Package
from certsvc.records.raw.refusals import refusal
from certsvc.records.raw.text import TextFile, text_file
from certsvc.records.sheets.odf_kinds import is_ods
from certsvc.records.sheets.reading_json import json_format
from certsvc.records.sheets.xlsx_parts import CONTENT_TYPES

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_SCANNED_BYTES, _SEARCHED_CHARS = 1 << 20, 1 << 16
_MAGIC = {
    b"%PDF-": ForeignFormat.PDF,
    b"{\\rtf": ForeignFormat.WORD,
    b"\x89PNG": ForeignFormat.PICTURE,
    b"\xff\xd8\xff": ForeignFormat.PICTURE,
    b"GIF8": ForeignFormat.PICTURE,
    b"Rar!\x1a\x07": ForeignFormat.ARCHIVE,
    b"7z\xbc\xaf\x27\x1c": ForeignFormat.ARCHIVE,
    b"\x1f\x8b\x08": ForeignFormat.ARCHIVE,
    b"\x09\x08\x08\0": ForeignFormat.XLS,
    b"\x09\x08\x10\0": ForeignFormat.XLS,
    b"\x09\x04\x06\0": ForeignFormat.XLS,
    b"\x09\x02\x06\0": ForeignFormat.XLS,
    b"\x09\0\x04\0": ForeignFormat.XLS,
    b"MIME-Version:": ForeignFormat.MHTML,
}
"""First bytes. Those of XLS are of Excel 2 to 5, whose stream some programs write without a container."""
_STREAMS = {
    "Workbook": ForeignFormat.XLS,
    "Book": ForeignFormat.XLS,
    "WordDocument": ForeignFormat.WORD,
    "PowerPoint Document": ForeignFormat.SLIDES,
}
_IWORK = (".iwa", "index.apxl", "index.numbers")
_BEFORE_ROOT = re.compile(
    r"\s*(?:<\?.*?\?>|<!--.*?-->|<![Dd][Oo][Cc][Tt][Yy][Pp][Ee][^<>\[]*(?:\[[^\]]*\]\s*)?>)", re.DOTALL
)
_ROOT = re.compile(r"\s*<(?:[A-Za-z_][\w.-]{0,60}:)?([A-Za-z_][\w.-]{0,60})[\s/>]")
_HTML = frozenset(
    {"html", "head", "body", "table", "meta", "style", "title", "div", "center", "font", "script", "link"}
)
_XML_FORMATS = {
    "Workbook": ("urn:schemas-microsoft-com:office:spreadsheet", ForeignFormat.XML_2003),
    "document": ("urn:oasis:names:tc:opendocument:xmlns:office:1.0", ForeignFormat.FLAT_ODF),
    "wordDocument": ("http://schemas.microsoft.com/office/word/2003/wordml", ForeignFormat.WORD),
}
"""By the local name of a document's root: the namespace that must appear too, and the format."""


def format_of(file: BinaryIO, *, max_unpacked_bytes: int) -> tuple[FileFormat, TextFile | None]:
    """A file's format, and where its text lies if it is a text file.

    Raises InputError: `empty_file`, `not_a_table`, `not_utf8`, `encrypted_file`, `too_large_unpacked`,
    `broken_file`.
    """
    file.seek(0)
    start = file.read(_SCANNED_BYTES)
    if not start:
        raise refusal("empty_file")
    if start.startswith(_ZIP_MAGIC):
        with opened_package(file, max_unpacked_bytes=max_unpacked_bytes) as package:
            return _format_of_package(package), None
    if start.startswith(compound.MAGIC):
        raise _compound(file, start)
    for magic, foreign in _MAGIC.items():
        if start.startswith(magic):
            raise wrong_format(foreign)
    if file.seek(0, 2) > max_unpacked_bytes:
        raise refusal("too_large_unpacked")
    text = text_file(file)
    return _format_of_text(text.start(_SCANNED_BYTES)), text


def _format_of_package(package: Package) -> FileFormat:
    """ODF is tried first: what identifies it is in no package of Office Open XML."""
    if is_ods(package):
        return FileFormat.ODS
    if package.has(CONTENT_TYPES):
        return FileFormat.XLSX
    if is_exchange_zip(package):
        return FileFormat.ZIPPED_DOSSIERS
    names = [name.lower() for name in package.namelist()]
    if "index.zip" in names or any(name.endswith(_IWORK) for name in names):
        raise wrong_format(ForeignFormat.IWORK)
    raise wrong_format(ForeignFormat.ARCHIVE) if names else refusal("not_a_table")


def _compound(file: BinaryIO, start: bytes) -> InputError:
    names = compound.stream_names(file)
    if "EncryptedPackage" in names or "EncryptedPackage".encode("utf-16-le") in start:
        return refusal("encrypted_file")
    found = (foreign for stream, foreign in _STREAMS.items() if stream in names)
    return wrong_format(next(found, ForeignFormat.OLE))


def _format_of_text(start: str) -> FileFormat:
    start = start.removeprefix("\ufeff")
    if start.lstrip()[:1] == "<" and (found := _format_of_markup(start[:_SEARCHED_CHARS])):
        return found
    return json_format(start) or FileFormat.CSV


def _format_of_markup(start: str) -> FileFormat | None:
    at = 0
    while before := _BEFORE_ROOT.match(start, at):
        at = before.end()
    found = _ROOT.match(start, at)
    root = found[1] if found else ""
    if root.lower() in _HTML:
        raise wrong_format(ForeignFormat.HTML)
    namespace, foreign = _XML_FORMATS.get(root, ("", None))
    if foreign and namespace in start:
        raise wrong_format(foreign)
    return FileFormat.DOSSIERS if root in ROOTS or start.lstrip().startswith("<?xml") else None
