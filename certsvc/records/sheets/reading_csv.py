"""CSV: comma, semicolon or tab, or what a first line such as `sep=|` says.

A row's number is its record's, as a spreadsheet shows it: a quoted cell with line breaks is one row, and
`sep=` is none.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import BinaryIO

from certsvc.records.columns import Layout
from certsvc.records.raw.refusals import refusal
from certsvc.records.raw.rows import RawRow

HEADER_DEPTH = 20
_ENCODING = "utf-8"
_DELIMITERS = (",", ";", "\t")
_CHUNK_BYTES = 1 << 20
_SAMPLE_CHARS = 1 << 16
_MOST_BLANK_ROWS = 1 << 20
_SEPARATOR_LINE = re.compile(r'("?)sep=([^\w"\r\n])\1 *(?:\r\n|\r|\n)', re.IGNORECASE)
"""What Excel takes for an instruction and shows as no row."""
_MOST_RECORD_CHARS, _MOST_COLUMNS = 1 << 20, 16_384
"""Of one row: as much as a record of JSON may be, and as many cells as a row of a spreadsheet has."""


class CsvSheet:
    """The one sheet of a CSV file."""

    is_delimited = True
    part = ""

    def __init__(self, file: BinaryIO, *, layout: Layout, max_rows: int) -> None:
        """`file` is UTF-8 without a mark. Raises InputError: `empty_file`, `not_utf8`, `not_a_table`."""
        self._has_long_lines = _check_text(file)
        self._text = io.TextIOWrapper(file, encoding=_ENCODING, newline="")
        sample = self._text.read(_SAMPLE_CHARS)
        said = _SEPARATOR_LINE.match(sample)
        self._delimiter = said[2] if said else _sniff(sample, layout)
        self._text.seek(0)
        if said:
            self._text.readline()
        self._last_row = max_rows + _MOST_BLANK_ROWS
        self._max_rows = max_rows
        self._left = _MOST_RECORD_CHARS

    def narrow(self, indexes: frozenset[int]) -> None:
        """Cells cost nothing more here."""

    def rows(self) -> Iterator[RawRow]:
        """Rows that are not blank. Raises InputError: `unclosed_quote`, `too_many_rows`, `row_too_long`."""
        number = 0
        try:
            for number, record in enumerate(
                csv.reader(self._lines(), delimiter=self._delimiter, strict=True), 1
            ):
                self._left = _MOST_RECORD_CHARS
                if len(record) > _MOST_COLUMNS:
                    raise refusal("row_too_long", row=number)
                if any(record) and any(cell.strip() for cell in record):
                    yield RawRow(number, record)
                elif number > self._last_row:
                    raise refusal("too_many_rows", max_rows=self._max_rows)
        except csv.Error as error:
            raise refusal("unclosed_quote", row=number + 1) from error
        except _TooLongError:
            raise refusal("row_too_long", row=number + 1) from None

    def _lines(self) -> Iterator[str]:
        """Lines while the record that they make up is not too long: the csv module makes a cell of every
        delimiter before anyone sees a row.
        """
        read = partial(self._text.readline, _MOST_RECORD_CHARS + 1)
        for line in (
            iter(read, "") if self._has_long_lines else self._text
        ):  # the text's own iterator is the faster one
            self._left -= len(line)
            if self._left < 0:
                raise _TooLongError
            yield line


class _TooLongError(Exception):
    """A record is longer than any row of a table."""


def _check_text(file: BinaryIO) -> bool:
    """Decode the whole file once, so that a bad byte at its end refuses it before a row is judged. Whether
    there may be lines longer than a record.
    """
    file.seek(0)
    decoder = codecs.getincrementaldecoder(_ENCODING)()
    is_blank, longest, unbroken = True, 0, 0
    try:
        while chunk := file.read(_CHUNK_BYTES):
            text = decoder.decode(chunk)
            if "\0" in text:
                raise refusal("not_a_table")
            is_blank = is_blank and not text.strip()
            last_end = max(text.rfind("\n"), text.rfind("\r"))
            unbroken = len(text) - 1 - last_end if last_end >= 0 else unbroken + len(text)
            longest = max(longest, unbroken)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise refusal("not_utf8") from error
    if is_blank:
        raise refusal("empty_file")
    file.seek(0)
    return longest > _MOST_RECORD_CHARS


def _sniff(sample: str, layout: Layout) -> str:
    """The delimiter with which one of the first rows holds the most titles we know, or the most cells where
    we know none.
    """

    def score(delimiter: str) -> tuple[int, int]:
        try:
            records = list(
                islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), HEADER_DEPTH)
            )
        except csv.Error:
            return 0, 0
        known = [len({layout.find(cell) for cell in record} - {None}) for record in records]
        return max(known, default=0), max(map(len, records), default=0)

    return max(_DELIMITERS, key=score)
