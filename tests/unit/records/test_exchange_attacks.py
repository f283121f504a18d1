"""Exchange files that mean harm, or are merely huge: refused early, and read in constant memory."""

import gc
import time
import tracemalloc
from pathlib import Path

import pytest

from certsvc.errors import InputError
from certsvc.records.raw.xml_feed import feed
from certsvc.records.sheets.tables import open_table
from tests.support.exchange import ct07, document, file_of, hschungtu, read, tags_of, zipped
from tests.support.records import record

BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE HSCHUNGTU [<!ENTITY a "ha"><!ENTITY b'
    b' "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><HSCHUNGTU>&b;</HSCHUNGTU>'
)
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE HSCHUNGTU SYSTEM "http://127.0.0.1:9/x.dtd"><HSCHUNGTU/>'
XXE = (
    b"<!DOCTYPE HSCHUNGTU [<!ENTITY x SYSTEM"
    b' "file:///etc/hostname">]><HSCHUNGTU><THONGTINDONVI>&x;</THONGTINDONVI></HSCHUNGTU>'
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BILLION_LAUGHS, "broken_xml"),
        (EXTERNAL, "broken_xml"),
        (XXE, "broken_xml"),
        (b"<HSCHUNGTU>" + b"<a>" * 100_000, "broken_xml"),
        (b"<HSCHUNGTU><a b='" + b"x" * (3 << 20) + b"'/></HSCHUNGTU>", "broken_xml"),
        (
            b"<HSCHUNGTU>" + b"".join(b"<a%d/>" % number for number in range(5000)) + b"</HSCHUNGTU>",
            "broken_xml",
        ),
        (b"<HSCHUNGTU><HOSO>", "broken_xml"),
        (b'<?xml version="1.0" encoding="utf-16"?><HSCHUNGTU/>', "broken_xml"),
        (b'<?xml version="1.0" encoding="x-none"?><HSCHUNGTU/>', "broken_xml"),
        (b"<HSCHUNGTU>" + b"<a/>" * 500_000 + b"</HSCHUNGTU>", "broken_xml"),
        (b"<HSCHUNGTU/>" * 500_000, "broken_xml"),
        (
            zipped(
                {f"{number}.xml": b"<HSCHUNGTU>" + b"<a/>" * 50_000 + b"</HSCHUNGTU>" for number in range(9)}
            ),
            "broken_xml",
        ),
        (b'<?xml version="1.0"?><Workbook/>', "unknown_xml"),
        (b"<HSCHUNGTU></HSCHUNGTU>", "no_rows"),
        (b"<HSCHUNGTU></HSCHUNGTU><HTML/>", "unknown_xml"),
        (zipped({"a.xml": BILLION_LAUGHS}), "broken_xml"),
        (zipped({"a.xml": b"<HSCHUNGTU>" + b" " * (64 << 20) + b"</HSCHUNGTU>"}), "too_large_unpacked"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_xml_is_refused(data: bytes, code: str, tmp_path: Path) -> None:
    """Entities, outside references, depth, endless tokens, endless names, lies about the encoding, bombs."""
    with pytest.raises(InputError) as refused:
        read(data, tmp_path)
    assert refused.value.code == code


CT07 = document("CT07", tags_of(record(1)))


@pytest.mark.parametrize(
    "content",
    [CT07 * 2, CT07 + b"<a/>" * 250_000, CT07.replace(b"</CT07>", b"<a/>" * 150_000 + b"</CT07>")],
    ids=["two documents", "documents without end", "fields without end"],
)
def test_a_document_that_goes_on_and_on_is_refused_with_its_row(content: bytes, tmp_path: Path) -> None:
    """It is one flat document of a hundred fields at most; the dossiers around it are read."""
    good = ct07(tags_of(record(2)))
    rows = read(hschungtu(good, file_of("CT07", content), good), tmp_path)
    assert [[notice.rule for notice in row.notices] for row in rows] == [[], ["V-DOCUMENT"], []]


class Heard:
    """How many documents began."""

    count = 0

    def start(self, depth: int, _: str, /) -> None:
        self.count += depth == 1

    def text(self, _: str, /) -> None: ...

    def end(self, _: int, __: str, /) -> None: ...


def test_what_follows_a_document_is_not_copied() -> None:
    """A hundred thousand documents in one piece are gone through once each: copying the rest for each took
    minutes.
    """
    heard, piece, began = Heard(), b"<HSCHUNGTU></HSCHUNGTU>\n" * 100_000, time.process_time()
    assert list(feed(iter([piece[:-30], piece[-30:]]), heard)) == [None, None]
    assert (heard.count, time.process_time() - began < 20) == (100_000, True)


def test_limits_of_rows_and_bytes_hold(tmp_path: Path) -> None:
    """As for every file."""
    data = hschungtu(*[ct07(tags_of(record(number))) for number in range(1, 4)])
    with pytest.raises(InputError, match="too_many_rows"):
        read(data, tmp_path, max_rows=2)
    with pytest.raises(InputError, match="too_large_unpacked"):
        read(data, tmp_path, max_unpacked_bytes=1000)


@pytest.mark.parametrize("hundreds", [25, pytest.param(100, marks=pytest.mark.long)])
def test_reading_takes_constant_memory(hundreds: int, tmp_path: Path) -> None:
    """Thousands of dossiers, 10 MB and more, are read within a fraction of that; so is one endless document
    of no interest.

    Nothing of it waits for the collector of cycles, which long-running processes call seldom.
    """
    one = "".join(f"<HOSO>{ct07(tags_of(record(number)))}</HOSO>" for number in range(100))
    path = tmp_path / "many.xml"
    with path.open("w", encoding="utf-8") as file:
        file.write(
            "<HSCHUNGTU><THONGTINDONVI><MACSKCB>01801</MACSKCB></THONGTINDONVI><THONGTINHOSO><DANHSACHHOSO>"
        )
        file.write(
            "<HOSO><FILEHOSO><LOAIHOSO>XML3</LOAIHOSO><NOIDUNGFILE>"
            f"{'QUJD' * (2 << 20)}</NOIDUNGFILE></FILEHOSO></HOSO>"
        )
        for _ in range(hundreds):
            file.write(one)
        file.write("</DANHSACHHOSO></THONGTINHOSO></HSCHUNGTU>")
    gc.disable()
    tracemalloc.start()
    try:
        with open_table(path, max_rows=200_000, max_unpacked_bytes=1 << 30) as table:
            count = sum(1 for _ in table)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert count == hundreds * 100 + 1
    assert path.stat().st_size > (8 << 20) + hundreds * 100_000
    assert peak < 4 << 20
