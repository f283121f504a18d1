"""CSV: comma, semicolon or tab, or what a first line such as `sep=|` says.

A row's number is its record's, as a spreadsheet shows it: a quoted cell with line breaks is part of one row,
and `sep=` is none.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
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
"""What Excel takes for an instruction and does not show as a row."""
_MOST_RECORD_CHARS, _MOST_COLUMNS = 1 << 20, 16_384
"""Of one row: as long as a JSON record may be, and as wide as a row of a spreadsheet."""


class CsvSheet:
    """A CSV file as a sheet."""

    is_delimited = True
    part = ""

    def __init__(self, file: BinaryIO, *, layout: Layout, max_rows: int) -> None:
        """`file` is UTF-8 without a byte order mark. Raises InputError: `empty_file`, `not_utf8`,
        `not_a_table`.
        """
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
        """Nothing to save here: a record is read as a whole."""

    def rows(self) -> Iterator[RawRow]:
        """Rows that are not blank. Raises InputError: `unclosed_quote`, `too_many_rows`, `row_too_long`."""
        number = 0
        records = csv.reader(self._lines(), delimiter=self._delimiter, strict=True)
        try:
            for number, record in enumerate(records, 1):
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
        """Lines, as long as the record they make up is not too long: the csv module makes a cell of every
        delimiter before anyone sees a row.
        """
        # The text's own iterator is faster, but does not bound a line.
        read = partial(self._text.readline, _MOST_RECORD_CHARS + 1)
        lines: Iterable[str] = iter(read, "") if self._has_long_lines else self._text
        for line in lines:
            self._left -= len(line)
            if self._left < 0:
                raise _TooLongError
            yield line


class _TooLongError(Exception):
    """A record is longer than any row of a table."""


def _check_text(file: BinaryIO) -> bool:
    """Decode the whole file once, so that a bad byte at its end refuses it before any row is judged. Returns
    whether lines may be longer than a record.
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
    """The delimiter with which one of the first rows holds the most known titles; if none is known, the most
    cells.
    """

    def score(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        try:
            records = list(islice(reader, HEADER_DEPTH))
        except csv.Error:
            return 0, 0
        known = [len({layout.find(cell) for cell in record} - {None}) for record in records]
        return max(known, default=0), max(map(len, records), default=0)

    return max(_DELIMITERS, key=score)
