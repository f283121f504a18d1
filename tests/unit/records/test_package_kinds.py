"""What a ZIP is: an ODS wherever it says so, dossiers of a Mac, packages of ZIP64."""

import io
import itertools
import zipfile
from pathlib import Path

import pytest

from certsvc.errors import InputError
from tests.support import ods
from tests.unit.records.test_packages import Parts, packed, workbook
from tests.unit.records.test_tables import TITLES, VALUES, read, refused

ODS_XML = ods.content(ods.sheet(ods.row(TITLES), ods.row(VALUES))).encode()


MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ods.KIND}"/></manifest:manifest>'
).encode()


KIND = ods.KIND.encode()


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    "order",
    [
        *itertools.permutations(
            [("mimetype", KIND), ("content.xml", ODS_XML), ("META-INF/manifest.xml", MANIFEST)]
        )
    ],
    ids=lambda order: " ".join(name for name, _ in order),
)
def test_an_ods_says_what_it_is_wherever_that_stands(
    order: list[tuple[str, bytes]], how: int, tmp_path: Path
) -> None:
    """First, last, packed or not."""
    table, rows = read(packed(tmp_path / "x", dict(order), how=how))
    assert (table.format, [row.number for row in rows]) == ("ods", [2])


@pytest.mark.parametrize(
    "parts",
    [
        {"content.xml": ODS_XML, "META-INF/manifest.xml": MANIFEST},
        {"content.xml": ODS_XML, "meta.xml": b"<x/>"},
        {"mimetype": b"", "content.xml": ODS_XML, "META-INF/manifest.xml": MANIFEST},
        {"mimetype": KIND + b"\n", "content.xml": ODS_XML},
        {"mimetype": KIND + b"-template", "content.xml": ODS_XML},
        {
            "Basic/script-lc.xml": b"<x/>",
            "Basic/Standard/script-lb.xml": b"<x/>",
            "mimetype": KIND,
            "content.xml": ODS_XML,
        },
    ],
    ids=[
        "only a manifest",
        "neither",
        "an empty kind",
        "a line end",
        "a template",
        "libraries without a module",
    ],
)
def test_an_ods_may_leave_out_what_it_is(parts: Parts, tmp_path: Path) -> None:
    """As old exports do: its manifest says it, or its content."""
    assert read(packed(tmp_path / "x", parts))[0].format == "ods"


def test_dossiers_of_a_mac_are_dossiers(tmp_path: Path) -> None:
    """What the system adds to them counts for nothing."""
    parts = {"a.xml": b"<nothing/>", "__MACOSX/._a.xml": b"\0\5\x16\7", ".DS_Store": b"x"}
    with pytest.raises(InputError) as caught:
        read(packed(tmp_path / "x", parts))
    assert caught.value.code == "unknown_xml", "said of a.xml, which is read"


def as_zip64(content: bytes) -> bytes:
    """The same package with the directory's end as ZIP64 has it, as written by programs that do not know yet
    how large it will be.
    """
    end = content.rindex(b"PK\x05\x06")
    count, size, start = (
        content[end + 10 : end + 12],
        content[end + 12 : end + 16],
        content[end + 16 : end + 20],
    )
    end64 = (
        b"PK\x06\x06"
        + (44).to_bytes(8, "little")
        + b"\x2d\0\x2d\0"
        + bytes(8)
        + 2 * (count + bytes(6))
        + size
        + bytes(4)
        + start
        + bytes(4)
    )
    locator = b"PK\x06\x07" + bytes(4) + end.to_bytes(8, "little") + b"\1\0\0\0"
    return content[:end] + end64 + locator + b"PK\x05\x06" + bytes(4) + b"\xff" * 12 + bytes(2)


def with_zip64_sizes(path: Path) -> bytes:
    """Each part with its sizes in eight bytes, as streaming programs write them."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            with new.open(name, "w", force_zip64=True) as part:
                part.write(old.read(name))
    return out.getvalue()


def test_zip64_is_read(tmp_path: Path) -> None:
    """Large or not; an ODS too; and it comes back with its results."""
    book, path = workbook(tmp_path), tmp_path / "x"
    for content in (as_zip64(book.read_bytes()), with_zip64_sizes(book), as_zip64(with_zip64_sizes(book))):
        path.write_bytes(content)
        assert len(read(path)[1]) == 2
    path.write_bytes(as_zip64(packed(path, {"mimetype": KIND, "content.xml": ODS_XML}).read_bytes()))
    assert read(path)[0].format == "ods"


def test_a_zip64_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    """Its end may be elsewhere than we look: its sender is to save it again. A directory that is too large to
    hold is refused for its size.
    """
    path, content = tmp_path / "x", as_zip64(workbook(tmp_path).read_bytes())
    path.write_bytes(content.replace(b"PK\x06\x06", b"PK\x06\0"))
    error = refused(path)
    assert (error.code, "ZIP64" in error.message_en, ".xlsx" in error.message_vi) == (
        "not_a_table",
        True,
        True,
    )
    at = content.index(b"PK\x06\x06") + 40
    path.write_bytes(content[:at] + (1 << 40).to_bytes(8, "little") + content[at + 8 :])
    assert refused(path).code == "too_large_unpacked"
