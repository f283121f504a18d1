"""What a file is: told by what it holds, never by its name. What is none of ours is named, so that its sender
knows what to do.
"""

import re
from enum import StrEnum
from typing import BinaryIO

from certsvc.records.exchange.reading import ROOTS, is_exchange_zip, opened_package
from certsvc.records.raw import compound
from certsvc.records.raw.packages import Package
from certsvc.records.raw.refusals import refusal, wrong_format
from certsvc.records.raw.text import TextFile, text_file
from certsvc.records.sheets.odf_kinds import is_ods
from certsvc.records.sheets.reading_json import format_of
from certsvc.records.sheets.xlsx_parts import CONTENT_TYPES

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_SCANNED_BYTES, _SEARCHED_CHARS = 1 << 20, 1 << 16
_MAGIC = {
    b"%PDF-": "pdf",
    b"{\\rtf": "word",
    b"\x89PNG": "picture",
    b"\xff\xd8\xff": "picture",
    b"GIF8": "picture",
    b"Rar!\x1a\x07": "archive",
    b"7z\xbc\xaf\x27\x1c": "archive",
    b"\x1f\x8b\x08": "archive",
    b"\x09\x08\x08\0": "xls",
    b"\x09\x08\x10\0": "xls",
    b"\x09\x04\x06\0": "xls",
    b"\x09\x02\x06\0": "xls",
    b"\x09\0\x04\0": "xls",
    b"MIME-Version:": "mhtml",
}
"""First bytes; the ones of workbooks are those of Excel 2 to 5, whose stream some programs write without a
container.
"""
_STREAMS = {"Workbook": "xls", "Book": "xls", "WordDocument": "word", "PowerPoint Document": "slides"}
_BEFORE_ROOT = re.compile(
    r"\s*(?:<\?.*?\?>|<!--.*?-->|<![Dd][Oo][Cc][Tt][Yy][Pp][Ee][^<>\[]*(?:\[[^\]]*\]\s*)?>)", re.DOTALL
)
_ROOT = re.compile(r"\s*<(?:[A-Za-z_][\w.-]{0,60}:)?([A-Za-z_][\w.-]{0,60})[\s/>]")
_HTML = frozenset(
    {"html", "head", "body", "table", "meta", "style", "title", "div", "center", "font", "script", "link"}
)
_XML_FORMATS = {
    "Workbook": ("urn:schemas-microsoft-com:office:spreadsheet", "xml2003"),
    "document": ("urn:oasis:names:tc:opendocument:xmlns:office:1.0", "fods"),
    "wordDocument": ("http://schemas.microsoft.com/office/word/2003/wordml", "word"),
}
"""By the local name of a document's root: the namespace that must be named too, and the format."""


class FileKind(StrEnum):
    """A format that is read, as a batch keeps it."""

    XLSX = "xlsx"
    ODS = "ods"
    DOSSIERS = "xml"
    ZIPPED_DOSSIERS = "xml.zip"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


def kind_of(file: BinaryIO, *, max_unpacked_bytes: int) -> tuple[FileKind, TextFile | None]:
    """What a file is, and how its text lies in it where it is one.

    Raises InputError: `empty_file`, `not_a_table`, `not_utf8`, `encrypted_file`, `too_large_unpacked`,
    `broken_file`.
    """
    file.seek(0)
    start = file.read(_SCANNED_BYTES)
    if not start:
        raise refusal("empty_file")
    if start.startswith(_ZIP_MAGIC):
        with opened_package(file, max_unpacked_bytes=max_unpacked_bytes) as package:
            return _kind_of_package(package), None
    if start.startswith(compound.MAGIC):
        raise _compound(file, start)
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            raise wrong_format(name)
    if file.seek(0, 2) > max_unpacked_bytes:
        raise refusal("too_large_unpacked")
    text = text_file(file)
    return _kind_of_text(text.start(_SCANNED_BYTES)), text


def _kind_of_package(package: Package) -> FileKind:
    """ODF says what it is first of all; what may be one or the other, Office Open XML does not hold."""
    if is_ods(package):
        return FileKind.ODS
    if package.has(CONTENT_TYPES):
        return FileKind.XLSX
    if is_exchange_zip(package):
        return FileKind.ZIPPED_DOSSIERS
    names = package.namelist()
    if any(
        name.lower().endswith((".iwa", "index.apxl", "index.numbers")) or name.lower() == "index.zip"
        for name in names
    ):
        raise wrong_format("iwork")
    raise wrong_format("archive") if names else refusal("not_a_table")


def _compound(file: BinaryIO, start: bytes) -> Exception:
    names = compound.stream_names(file)
    if "EncryptedPackage" in names or "EncryptedPackage".encode("utf-16-le") in start:
        return refusal("encrypted_file")
    return wrong_format(next((name for stream, name in _STREAMS.items() if stream in names), "ole"))


def _kind_of_text(start: str) -> FileKind:
    start = start.removeprefix("\ufeff")
    if start.lstrip()[:1] == "<" and (kind := _kind_of_markup(start[:_SEARCHED_CHARS])):
        return kind
    return FileKind(format_of(start) or FileKind.CSV)


def _kind_of_markup(start: str) -> FileKind | None:
    at = 0
    while before := _BEFORE_ROOT.match(start, at):
        at = before.end()
    found = _ROOT.match(start, at)
    root = found[1] if found else ""
    if root.lower() in _HTML:
        raise wrong_format("html")
    namespace, name = _XML_FORMATS.get(root, ("", ""))
    if name and namespace in start:
        raise wrong_format(name)
    return FileKind.DOSSIERS if root in ROOTS or start.lstrip().startswith("<?xml") else None
