"""The social insurance's exchange files as tables: CT07 in `HSCHUNGTU`, and XML1 with XML11 in `GIAMDINHHS`
[insurance].

One file may hold many dossiers (HOSO) or several envelopes, one after another, or be a ZIP of such files. A
row is a dossier; its number is the dossier's place, counted through the whole file. Only the current dossier
is held. One that cannot be read becomes a row that says so (V-DOCUMENT), and the others go on.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from certsvc.errors import InputError
from certsvc.records.exchange.rows import COLUMNS, row_of_ct07, row_of_pair
from certsvc.records.raw.packages import Package, count_elements, damage_refused, open_package
from certsvc.records.raw.refusals import refusal
from certsvc.records.raw.rows import Flag, RawRow
from certsvc.records.raw.xml_feed import CHUNK_BYTES, feed, fields_of

ROOTS = ("HSCHUNGTU", "GIAMDINHHS")
_WANTED = frozenset({"CT07", "XML1", "XML11"})
_MOST_DOCUMENT_BYTES = 1 << 20
_MOST_CONTENT_CHARS = _MOST_DOCUMENT_BYTES * 3 // 2
_MOST_FIELD_CHARS = 100
_ELEMENTS_PER_DOSSIER, _SPARE_ELEMENTS = 400, 400_000
_MOST_FILES, _MOST_DIRECTORY_BYTES = 65_535, 16 << 20
_BLANKS = re.compile(r"\s+")


def is_exchange_zip(package: Package) -> bool:
    """Whether a ZIP holds XML files only; what macOS and Windows add to them does not count."""
    names = [name for name in package.namelist() if not _is_litter(name)]
    return bool(names) and all(name.lower().endswith(".xml") for name in names)


def _is_litter(name: str) -> bool:
    base = name.rpartition("/")[2]
    return (
        not base
        or name.startswith("__MACOSX/")
        or base.startswith("._")
        or base in (".DS_Store", "Thumbs.db", "desktop.ini")
    )


@contextmanager
def open_exchange(file: BinaryIO, *, is_zip: bool, max_unpacked_bytes: int) -> Iterator["ExchangeSheet"]:
    """The dossiers of a file as one sheet. Raises InputError as `open_package`."""
    if not is_zip:
        yield ExchangeSheet(lambda: iter((_chunks(file),)))
        return
    with opened_package(file, max_unpacked_bytes=max_unpacked_bytes) as package:
        yield ExchangeSheet(lambda: _files(package))


@contextmanager
def opened_package(file: BinaryIO, *, max_unpacked_bytes: int) -> Iterator[Package]:
    """A package that may be a ZIP of dossiers, of which there may be many. Raises InputError as
    `open_package`.
    """
    limits = {"most_parts": _MOST_FILES, "most_directory_bytes": _MOST_DIRECTORY_BYTES}
    with open_package(file, max_unpacked_bytes=max_unpacked_bytes, **limits) as package:
        yield package


def _files(package: Package) -> Iterator[Iterator[bytes]]:
    for info in package.infolist():
        if not _is_litter(info.filename):
            with damage_refused():
                part = package.open(info)
            with part:
                yield _chunks(part)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while True:
        with damage_refused():
            chunk = file.read(CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


class ExchangeSheet:
    """Dossiers as rows; the first row holds the names of our columns."""

    is_delimited = False
    part = ""

    def __init__(self, files: Callable[[], Iterator[Iterator[bytes]]]) -> None:
        self._files = files
        self._elements_left = _SPARE_ELEMENTS

    def narrow(self, indexes: frozenset[int]) -> None:
        """Nothing to save here: a dossier is read as a whole."""

    def rows(self) -> Iterator[RawRow]:
        """The header as row 0, then every dossier. Raises InputError `broken_xml`, `unknown_xml`."""
        yield RawRow(0, COLUMNS)
        number = 0
        for chunks in self._files():
            envelope = _Envelope()
            for _ in feed(self._counted(chunks), envelope):
                for row in envelope.take():
                    number += 1
                    self._elements_left += _ELEMENTS_PER_DOSSIER
                    yield RawRow(number, row.cells, row.flags)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The chunks, until they hold more elements than their dossiers can need: a file may go on without
        end.
        """
        for chunk in chunks:
            self._elements_left -= count_elements(chunk)
            if self._elements_left < 0:
                raise refusal("broken_xml")
            yield chunk


class _Envelope:
    """Listens to an envelope and turns each dossier into a row; whoever takes it gives it its number."""

    def __init__(self) -> None:
        self._rows: list[RawRow] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._left = 0
        self._facility, self._kind = "", ""
        self._document: str | None = ""
        self._documents: list[tuple[str, str | None]] = []

    def take(self) -> Iterable[RawRow]:
        rows, self._rows = self._rows, []
        return rows

    def start(self, depth: int, name: str, /) -> None:
        if depth == 1 and name not in ROOTS:
            raise refusal("unknown_xml")
        self._path.append(name)
        self._text.clear()
        self._left = _MOST_FIELD_CHARS
        match name:
            case "HSCHUNGTU" | "GIAMDINHHS":
                self._facility = ""
            case "HOSO":
                self._documents = []
            case "FILEHOSO":
                self._kind, self._document = "", ""
            case "NOIDUNGFILE":
                self._left = _MOST_CONTENT_CHARS if not self._kind or self._kind in _WANTED else 0
            case _:
                pass

    def text(self, text: str) -> None:
        """Documents that we do not read are not held; neither is one that is too long, which then counts as
        broken.
        """
        self._left -= len(text)
        if self._left >= 0:
            self._text.append(text)
        else:
            self._text.clear()

    def end(self, _: int, name: str, /) -> None:
        self._path.pop()
        text = "".join(self._text).strip() if self._left >= 0 else None
        self._text.clear()
        match self._path[-1:], name:
            case ["THONGTINDONVI"], "MACSKCB":
                self._facility = text or ""
            case ["FILEHOSO"], "LOAIHOSO":
                self._kind = text or ""
            case ["FILEHOSO"], "NOIDUNGFILE":
                self._document = text
            case ["HOSO"], "FILEHOSO":
                if self._kind in _WANTED and len(self._documents) <= len(_WANTED):
                    self._documents.append((self._kind, self._document))
            case _, "HOSO":
                self._rows.append(_row(self._documents, self._facility))
            case _:
                pass


def _row(documents: list[tuple[str, str | None]], facility_code: str) -> RawRow:
    """The row of a dossier, which holds one CT07; or an XML1 and, where leave is asked for, the XML11 of the
    same visit.
    """
    try:
        read = [(kind, _decoded(document)) for kind, document in documents]
    except (InputError, ValueError):
        return _refused(Flag.BROKEN_DOCUMENT)
    found = {wanted: [fields for kind, fields in read if kind == wanted] for wanted in _WANTED}
    match found["CT07"], found["XML11"], found["XML1"]:
        case [ct07], _, _:
            return RawRow(0, row_of_ct07(ct07, facility_code=facility_code))
        case [], [leave], [xml1] if _key(leave) == _key(xml1):
            return RawRow(0, row_of_pair(leave, xml1, facility_code=facility_code))
        case [], [], [xml1]:
            return RawRow(0, row_of_pair(None, xml1, facility_code=facility_code))
        case [], [], []:
            return _refused(Flag.NO_DOCUMENT)
        case _:
            return _refused(Flag.UNPAIRED_DOCUMENT)


def _key(fields: dict[str, str]) -> str:
    return fields.get("MA_LK", "").strip()


def _decoded(content: str | None) -> dict[str, str]:
    """The fields of a document in base64. Raises ValueError or InputError for anything else."""
    if content is None:
        raise ValueError
    try:
        document = base64.b64decode(_BLANKS.sub("", content), validate=True)
    except binascii.Error as error:
        raise ValueError from error
    if len(document) > _MOST_DOCUMENT_BYTES:
        raise ValueError
    return fields_of(document, most_chars=_MOST_DOCUMENT_BYTES)


def _refused(flag: Flag) -> RawRow:
    """A row that asks for sick leave, as its dossier may have done, and says why it gets none."""
    return RawRow(0, ["1" if name == "wants_sick_leave" else None for name in COLUMNS], {0: flag})
