"""PDF/A-3a and PDF/UA-1: what veraPDF says about our files, and the requirements one by one."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from certsvc.models import Kind, Slot
from certsvc.pdf import Blank
from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.compiler.compiling import assemble_fully
from certsvc.templates.designs import Design, load_designs
from certsvc.templates.filling import Filled, fill
from certsvc.templates.preview import filled_pdf, with_marks
from certsvc.templates.samples import sample_values
from certsvc.templates.slots import Base
from tests.support.conformance import broken_rules
from tests.unit.templates.conftest import RECORD

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfuaid": "http://www.aiim.org/pdfua/ns/id/",
    "pdfaSchema": "http://www.aiim.org/pdfa/ns/schema#",
}
ROLES = {"/Document", "/Div", "/P", "/Span", "/H1", "/H2", "/Figure", "/Form"}


def _all_files() -> dict[str, bytes]:
    """Every design in both variants: the base, filled, filled and marked, and laid out fully."""
    made = {}
    for design in load_designs():
        for flag in (False, True):
            name, values = f"{design.version}-{flag}", sample_values(design, head_examined=flag)
            filled = fill(design, values, record=RECORD, head_examined=flag, is_reissue=flag)
            made[f"{name}-base"] = compile_base(design, head_examined=flag, is_reissue=flag).blank.pdf
            made[f"{name}-filled"] = filled_pdf(filled)
            made[f"{name}-marked"] = with_marks(filled)
            made[f"{name}-full"] = assemble_fully(
                design, values, record=RECORD, head_examined=flag, is_reissue=flag
            ).blank.pdf
    return made


def test_verapdf_finds_nothing_wrong(tmp_path: Path) -> None:
    """By its own rules, veraPDF accepts bases, filled forms and full layouts as PDF/A-3a and PDF/UA-1."""
    found = broken_rules(_all_files(), tmp_path)
    assert {name: rules for name, rules in found.items() if rules} == {}


def test_verapdf_would_find_what_is_wrong(tmp_path: Path) -> None:
    """Without language, output intent or a tag, the same check fails: it does not accept everything."""
    pdf = compile_base(load_designs()[0], head_examined=False, is_reissue=False).blank.pdf
    harmed = {
        "intent": pdf.replace(b"/OutputIntents", b"/OutputIntentz"),
        "title": pdf.replace(b"/DisplayDocTitle true", b"/DisplayDocTitle fals"),
        "alt": pdf.replace(b"/Alt ", b"/Alz "),
        "label": pdf.replace(b"/TU ", b"/TV "),
    }
    assert all(other != pdf for other in harmed.values())
    found = broken_rules(harmed, tmp_path)
    assert found["intent 3a"]
    assert found["title ua1"]
    assert found["alt ua1"]
    assert found["label ua1"]


@pytest.fixture(params=["base", "filled", "full"])
def pdf(request: pytest.FixtureRequest, base: Base, filled: Filled, laid_out: Blank) -> bytes:
    """A base, a filled form, a full layout."""
    return {"base": base.blank.pdf, "filled": filled_pdf(filled), "full": laid_out.pdf}[request.param]


@pytest.fixture
def reader(pdf: bytes) -> PdfFileReader:
    return PdfFileReader(BytesIO(pdf))


@pytest.fixture
def page(reader: PdfFileReader) -> generic.DictionaryObject:
    found: generic.DictionaryObject = reader.root["/Pages"]["/Kids"][0]
    return found


def test_qpdf_finds_no_fault(pdf: bytes, run_on: Callable[..., str]) -> None:
    """Structure and streams are sound; `qpdf --check` exits with an error otherwise."""
    assert "No syntax or stream encoding errors found" in run_on(pdf, "qpdf", "--check", "PDF")


def test_metadata_say_what_the_file_is(reader: PdfFileReader, variant: tuple[Design, bool]) -> None:
    """XMP declares PDF/A-3a and PDF/UA-1 with its extension schema, and agrees with /Info."""
    assert "/Filter" not in reader.root["/Metadata"]
    xmp = ET.fromstring(reader.root["/Metadata"].data)

    def text(path: str) -> str:
        element = xmp.find(f".//{path}", NAMESPACES)
        assert element is not None, path
        return element.text or ""

    info = reader.trailer_view["/Info"]
    assert (text("pdfaid:part"), text("pdfaid:conformance"), text("pdfuaid:part")) == ("3", "A", "1")
    assert text("pdfaSchema:namespaceURI") == NAMESPACES["pdfuaid"]
    assert text("dc:title//rdf:li") == info["/Title"]
    assert info["/Title"].startswith("Giấy ")
    assert text("dc:language//rdf:li") == reader.root["/Lang"] == "vi"
    assert text("pdf:Producer") == info["/Producer"]
    assert (
        text("xmp:CreateDate") == text("xmp:ModifyDate") == f"{variant[0].valid_from:%Y-%m-%d}T00:00:00+07:00"
    )
    assert info["/CreationDate"] == info["/ModDate"] == f"D:{variant[0].valid_from:%Y%m%d}000000+07'00'"


def test_catalog_is_that_of_an_archived_accessible_file(
    reader: PdfFileReader, page: generic.DictionaryObject
) -> None:
    """Tagged, titled, sRGB as output intent, tab order by structure, and no form fields but signatures."""
    root = reader.root
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value is True
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert page["/Tabs"] == "/S"
    [intent] = _each(root["/OutputIntents"])
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"]["/N"] == 3
    assert intent["/DestOutputProfile"].data[36:40] == b"acsp"
    assert root["/AcroForm"]["/SigFlags"] == 3
    assert "/NeedAppearances" not in root["/AcroForm"]
    assert root["/Extensions"]["/ESIC"]["/BaseVersion"] == "/1.7"
    assert not {"/Perms", "/DSS", "/OpenAction", "/AA"} & set(root)


def test_signature_fields_are_ready(
    reader: PdfFileReader, page: generic.DictionaryObject, variant: tuple[Design, bool]
) -> None:
    """One per signer, in order, printed, locked, labelled and tagged; the last locks the document."""
    design, head_examined = variant
    fields = _each(reader.root["/AcroForm"]["/Fields"])
    assert [field["/T"] for field in fields] == [
        slot.value for slot in design.slots(head_examined=head_examined)
    ]
    assert _each(page["/Annots"]) == fields
    for field in fields:
        assert (field["/FT"], field["/Subtype"], field["/F"]) == ("/Sig", "/Widget", 132)
        assert field["/TU"].startswith("Chữ ký số")
        assert "/V" not in field
        assert field["/AP"]["/N"]["/Subtype"] == "/Form"
        assert [float(side) for side in field["/AP"]["/N"]["/BBox"]][2:] == pytest.approx(
            [float(field["/Rect"][2] - field["/Rect"][0]), float(field["/Rect"][3] - field["/Rect"][1])],
            abs=0.002,
        )
    assert [("/Lock" in field) for field in fields] == [False] * (len(fields) - 1) + [True]
    assert (fields[-1]["/Lock"]["/Action"], fields[-1]["/Lock"]["/P"]) == ("/All", 1)
    assert fields[-1]["/T"] == Slot.ORGANISATION


def _each(array: Any) -> list[Any]:
    """The items themselves if the array holds references; anything but an array is its own only item."""
    return (
        [array[index] for index in range(len(array))] if isinstance(array, generic.ArrayObject) else [array]
    )


def _elements(element: generic.DictionaryObject) -> Iterator[generic.DictionaryObject]:
    yield element
    for kid in _each(element["/K"]):
        if isinstance(kid, generic.DictionaryObject) and "/S" in kid:
            assert kid["/P"] == element
            yield from _elements(kid)


def test_structure_and_content_agree(reader: PdfFileReader, page: generic.DictionaryObject) -> None:
    """Marked contents and widgets belong to one element each, as the parent tree says; H1 comes first."""
    root = reader.root["/StructTreeRoot"]
    elements = list(_elements(root["/K"][0]))
    roles = [element["/S"] for element in elements]
    assert set(roles) <= ROLES
    assert next(role for role in roles if role.startswith("/H")) == "/H1"
    assert roles.count("/H1") == roles.count("/Figure") == 1
    numbers = {
        int(kid): element for element in elements for kid in _each(element["/K"]) if isinstance(kid, int)
    }
    content = b"\n".join(part.data for part in _each(page["/Contents"]))
    assert (
        sorted(numbers)
        == sorted(int(number) for number in re.findall(rb"/MCID (\d+)", content))
        == list(range(len(numbers)))
    )
    keys = _each(root["/ParentTree"]["/Nums"])
    parents = dict(zip(keys[::2], keys[1::2], strict=True))
    assert [numbers[number] for number in range(len(numbers))] == _each(parents[page["/StructParents"]])
    for widget in _each(page["/Annots"]):
        form = parents[widget["/StructParent"]]
        assert form["/S"] == "/Form"
        assert _each(form["/K"])[0]["/Obj"] == widget
    assert root["/ParentTreeNextKey"] > max(parents)


def test_nothing_is_drawn_outside_marked_content(page: generic.DictionaryObject) -> None:
    """All painting is tagged content or an artifact; a stream restores the state in which it began."""
    painting = re.compile(rb"(?:^|\s)(?:Tj|TJ|Do|f\*?|F|S|s|B\*?|b\*?|sh)$")
    for part in _each(page["/Contents"]):
        depth = saved = 0
        for line in part.data.split(b"\n"):
            depth += line.endswith((b"BDC", b"BMC")) - (line == b"EMC")
            saved += (line == b"q") - (line == b"Q")
            assert depth or not painting.search(line), line
        assert (depth, saved) == (0, 0)


def test_picture_has_words_and_a_box(reader: PdfFileReader, page: generic.DictionaryObject) -> None:
    """The QR is a figure with an alternative text and its place on the page; no pixel of it is smoothed."""
    [figure] = [
        element
        for element in _elements(reader.root["/StructTreeRoot"]["/K"][0])
        if element["/S"] == "/Figure"
    ]
    assert "QR" in figure["/Alt"]
    left, bottom, right, top = (float(side) for side in figure["/A"]["/BBox"])
    assert right - left == pytest.approx(35 * 72 / 25.4, abs=0.01)
    assert top - bottom == pytest.approx(35 * 72 / 25.4, abs=0.01)
    assert 0 < bottom < top < float(page["/MediaBox"][3])
    [image] = [image.get_object() for image in page["/Resources"]["/XObject"].values()]
    assert (image["/ColorSpace"], image["/BitsPerComponent"], bool(image["/Interpolate"])) == (
        "/DeviceGray",
        1,
        False,
    )


def _fonts(page: generic.DictionaryObject) -> Iterator[tuple[str, Any]]:
    for name, font in page["/Resources"]["/Font"].items():
        yield name, font.get_object()


def test_fonts_are_inside_with_their_widths_and_letters(page: generic.DictionaryObject) -> None:
    """Each is an embedded subset with the widths of the embedded program; every glyph has a Unicode text."""
    for name, font in _fonts(page):
        [descendant] = _each(font["/DescendantFonts"])
        descriptor = descendant["/FontDescriptor"]
        assert font["/BaseFont"] == descendant["/BaseFont"] == descriptor["/FontName"]
        assert re.fullmatch(rf"/[A-Z]{{6}}\+{name[1:]}", font["/BaseFont"])
        assert (font["/Encoding"], descendant["/CIDToGIDMap"]) == ("/Identity-H", "/Identity")
        assert "/CIDSet" not in descriptor
        program = TTFont(BytesIO(descriptor["/FontFile2"].data))
        assert not {"fpgm", "prep", "GSUB", "GPOS"} & set(program.keys())
        widths = _widths(descendant["/W"])
        order, scale = program.getGlyphOrder(), 1000 / program["head"].unitsPerEm
        for glyph, width in widths.items():
            assert width == pytest.approx(program["hmtx"][order[glyph]][0] * scale, abs=0.006)
        mapped = dict(
            re.findall(
                r"<([0-9A-F]{4})> <([0-9A-F]+)>",
                font["/ToUnicode"].data.decode("ascii").partition("endcodespacerange")[2],
            )
        )
        assert {int(code, 16) for code in mapped} | {0} == set(widths)


def _widths(array: Any) -> dict[int, float]:
    widths: dict[int, float] = {}
    items = list(array)
    for first, run in zip(items[::2], items[1::2], strict=True):
        widths |= {int(first) + offset: float(width) for offset, width in enumerate(run)}
    return widths


def test_record_is_attached(
    reader: PdfFileReader,
    variant: tuple[Design, bool],
    run_on: Callable[..., str],
    laid_out: Blank,
    filled: Filled,
) -> None:
    """One embedded file, the document's data, with name, description, media type and unchanged bytes."""
    [specification] = _each(reader.root["/AF"])
    [name, named] = _each(reader.root["/Names"]["/EmbeddedFiles"]["/Names"])
    assert named == specification
    expected = {
        Kind.SICK_LEAVE: ("ct07.xml", "/text/xml"),
        Kind.RECOVERY: ("giay-xac-nhan.json", "/application/json"),
    }[variant[0].kind]
    assert (name, specification["/EF"]["/F"]["/Subtype"]) == expected
    assert specification["/F"] == specification["/UF"] == name
    assert specification["/Desc"]
    assert specification["/AFRelationship"] == "/Data"
    for pdf in (laid_out.pdf, filled_pdf(filled)):
        with pypdfium2.PdfDocument(pdf) as document:
            attachments = [document.get_attachment(index) for index in range(document.count_attachments())]
            assert [bytes(attachment.get_data()) for attachment in attachments] == [RECORD]
