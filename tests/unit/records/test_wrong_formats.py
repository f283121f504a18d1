"""What people take for a table and we do not read: named as what it is, with what its sender can do."""

import codecs
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.records.test_packages import packed, parts_of, workbook
from tests.unit.records.test_tables import refused, saved


def compound(*streams: str, first: int = 1, size: int = 512) -> bytes:
    """A compound file of so many streams, whose directory begins in that sector and goes on in the sectors
    before it.
    """
    names, count = ["Root Entry", *streams], size // 128
    entries = [
        name.encode("utf-16-le").ljust(64, b"\0") + (2 * len(name) + 2).to_bytes(2, "little") + bytes(62)
        for name in names
    ]
    chunks = [b"".join(entries[at : at + count]).ljust(size, b"\0") for at in range(0, len(entries), count)]
    sectors = {first - index: chunk for index, chunk in enumerate(chunks)}
    table = {number: number - 1 if number - 1 in sectors else 0xFFFFFFFE for number in sectors}
    tables = range(first + 1, first + 2 + first // (size // 4))
    for index, number in enumerate(tables):
        places = range(index * size // 4, (index + 1) * size // 4)
        sectors[number] = b"".join(table.get(place, 0xFFFFFFFF).to_bytes(4, "little") for place in places)
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(76, b"\0") + b"\xff" * 436)
    header[30:32], header[48:52] = (size.bit_length() - 1).to_bytes(2, "little"), first.to_bytes(4, "little")
    for index, number in enumerate(tables):
        header[76 + 4 * index : 80 + 4 * index] = number.to_bytes(4, "little")
    return bytes(header).ljust(size, b"\0") + b"".join(
        sectors.get(number, bytes(size)) for number in range(tables[-1] + 1)
    )


FODS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<office:document'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body/></office:document>'
)
XML_2003 = (
    '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<!-- x --><Workbook'
    ' xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
    ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="F0"/></Workbook>'
)
TABLE = "<table><tr><td>Họ và tên</td><td>Ngày sinh</td></tr></table>"

OTHERS: dict[str, tuple[bytes, str]] = {
    "flat ODF": (FODS.encode(), ".fods"),
    "flat ODF in UTF-16": (FODS.replace("UTF-8", "UTF-16").encode("utf-16"), ".fods"),
    "XML Spreadsheet 2003": (XML_2003.encode(), "XML 2003"),
    "XML Spreadsheet 2003 with a mark": (codecs.BOM_UTF8 + XML_2003.encode(), "XML 2003"),
    "a table of HTML": (TABLE.encode(), "HTML"),
    "HTML": (
        f"\r\n<!DOCTYPE html PUBLIC '-//W3C//DTD'>\n<!-- x --><HTML><body>{TABLE}</body></HTML>".encode(),
        "HTML",
    ),
    "XHTML": (
        f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{TABLE}</html>'.encode(),
        "HTML",
    ),
    "HTML as Excel writes it": (
        f'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><meta charset=utf-16>{TABLE}'.encode(
            "utf-16"
        ),
        "HTML",
    ),
    "HTML of another encoding": (
        "<html><title>Họ tên</title>".encode("cp1258", errors="replace").replace(b"?", b"\xd2"),
        "HTML",
    ),
    "a web archive": (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n", "MHTML"),
    "Excel 97": (compound("Workbook", "\x05SummaryInformation"), ".xls"),
    "Excel 5": (compound("Book"), ".xls"),
    "Excel 97 with a long directory": (compound(*map(str, range(9)), "Workbook", first=5), ".xls"),
    "Excel 97 in large sectors": (compound("x", "Workbook", size=4096), ".xls"),
    "Excel 4 without a container": (b"\x09\x04\x06\0\0\0\x10\0" + bytes(100), ".xls"),
    "Word 97": (compound("WordDocument"), "Word"),
    "some other Office document": (compound("Something"), "Office"),
    "PDF": (b"%PDF-1.7\n", "PDF"),
    "RTF": (rb"{\rtf1\ansi x}", "Word"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "hình ảnh"),
    "RAR": (b"Rar!\x1a\x07\x01\0" + bytes(50), "tệp nén"),
    "gzip": (b"\x1f\x8b\x08" + bytes(50), "tệp nén"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_wrong_format_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    """In both languages, as what it is; what helps is to save it, not to export it again."""
    content, word = OTHERS[name]
    assert_named(saved(tmp_path, content), word)


def assert_named(path: Path, word: str) -> None:
    error = refused(path)
    assert error.code == "not_a_table"
    assert word in error.message_vi
    assert ".xlsx" in error.message_vi or "giải nén" in error.message_vi
    assert error.message_en.startswith("The file is a")
    assert "phần mềm bệnh viện" not in error.message_vi
    assert "hospital" not in error.message_en


SPREADSHEET = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def test_packages_of_other_kinds_are_named(tmp_path: Path) -> None:
    """By what they hold: binary and strict workbooks, texts, slides, Numbers, archives."""
    book, path = parts_of(workbook(tmp_path)), tmp_path / "x"

    def of_kind(kind: bytes) -> dict[str, bytes]:
        return book | {"[Content_Types].xml": book["[Content_Types].xml"].replace(SPREADSHEET, kind)}

    office = b"application/vnd.openxmlformats-officedocument."
    named = {
        ".xlsb": of_kind(b"application/vnd.ms-excel.sheet.binary.macroEnabled.main"),
        "Word": of_kind(office + b"wordprocessingml.document.main+xml"),
        "trình chiếu": of_kind(office + b"presentationml.presentation.main+xml"),
        "Numbers": {"Index/Document.iwa": b"x", "Index/Tables/DataList.iwa": b"x", "preview.jpg": b"x"},
        "Pages": {"Index.zip": b"x", "Data/a.jpg": b"x"},
        "tệp nén": {"cases.xlsx": b"x", "doc.txt": b"y"},
        "Strict": {
            name: content.replace(b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", STRICT)
            for name, content in book.items()
        },
        "ODT": {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"},
        "OpenDocument": {"mimetype": b"application/vnd.oasis.opendocument.graphics", "content.xml": b"<x/>"},
    }
    for word, parts in named.items():
        assert_named(packed(path, parts), word)


STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"


@pytest.mark.parametrize("first", [4, 3000])
def test_a_workbook_with_a_password_is_told_of_it(first: int, tmp_path: Path) -> None:
    """Its directory may lie anywhere in the file, beyond what is looked through, and be as long as it
    likes.
    """
    streams = (
        "\x06DataSpaces",
        "Version",
        "DataSpaceMap",
        "TransformInfo",
        "EncryptionInfo",
        "EncryptedPackage",
    )
    assert (
        refused(saved(tmp_path, compound(*streams, first=first)), max_unpacked_bytes=1 << 26).code
        == "encrypted_file"
    )


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_container_is_named_all_the_same(data: st.DataObject, tmp_path: Path) -> None:
    """Its directory may go in circles or nowhere: the file is refused, with one of the codes for it."""
    content = bytearray(compound(*map(str, range(9)), "Workbook", first=5))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert (
        refused(saved(tmp_path, bytes(content[: data.draw(st.integers(8, len(content)))]))).code
        == "not_a_table"
    )


def test_unknown_xml_is_told_both_ways(tmp_path: Path) -> None:
    """It may come from a hospital's program or from a spreadsheet: the message helps both. So it does with a
    document type, which is never read.
    """
    error = refused(saved(tmp_path, '<?xml version="1.0"?><patients><patient/></patients>'))
    assert (error.code, ".xlsx" in error.message_vi) == ("unknown_xml", True)
    assert refused(saved(tmp_path, '<!DOCTYPE HSCHUNGTU [<!ENTITY a "b">]><HSCHUNGTU/>')).code == "broken_xml"
