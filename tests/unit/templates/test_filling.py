"""Filling a form, fast or in full layout: one page, nothing lost, only our typeface, no text as markup."""

import dataclasses
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from io import BytesIO

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from certsvc.errors import Broken, InputError
from certsvc.models import Slot
from certsvc.pdf import Blank
from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.designs import Design, find_design
from certsvc.templates.faces import FACES, unprintable
from certsvc.templates.filling import Filled, fill
from certsvc.templates.preview import filled_pdf
from certsvc.templates.printed import printed_json
from certsvc.templates.samples import SAMPLE_VALUES, sample_values
from tests.unit.templates.conftest import RECORD

VIETNAMESE = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđ"
TINOS = {face.removesuffix(".ttf") for face in FACES}
LONG_EMPLOYER = (
    'Chi nhánh Công ty TNHH Một thành viên Vận tải & Xây dựng "Sông Hồng" – Xí nghiệp cơ giới số 3, '
    "Khu công nghiệp Bắc Thăng Long, huyện Đông Anh, thành phố Hà Nội"
)
INJECTIONS = (
    "{{7*7}}{% raw %}",
    "</style><style>p{display:none}</style>",
    '<img src="http://127.0.0.1:9/x.png">',
    "<b>& &lt;b&gt; '\"",
    "url(file:///etc/passwd)",
    "]]><!--",
)
SHORT = 12
SHORT_INJECTIONS = ("{{7*7}}", "<b>&lt;", "'\"--><")
"""For short fields: a page has no room for forty characters in each."""


def _sick_leave(version: str = "mau07-2025") -> Design:
    design = find_design(f"sick_leave/{version}")
    assert design is not None
    return design


def _fill(
    design: Design, values: Mapping[str, str], *, head_examined: bool = False, record: bytes = b"{}"
) -> Filled:
    return fill(design, values, record=record, head_examined=head_examined, is_reissue=False)


def _text(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 1
        text: str = document[0].get_textpage().get_text_range()
        return text


def _bare(text: str) -> str:
    """Without white space and soft line ends, so that wrapping does not matter."""
    return re.sub(r"[\s\u0002\ufffe]+", "", text)


def test_every_value_is_on_the_one_page_in_nfc(variant: tuple[Design, bool], filled: Filled) -> None:
    """Each field's text can be read back from the PDF, composed, in capitals if the form prints those."""
    design, head_examined = variant
    text = _bare(_text(filled_pdf(filled)))
    values = sample_values(design, head_examined=head_examined)
    for name in set(design.fields) - {"verify_url", "parent", "facility"}:
        assert _bare(values[name]) in text, name
    assert _bare(values["parent"].upper()) in text
    assert _bare(values["facility"].upper()) in text
    assert unicodedata.is_normalized("NFC", text)


def test_all_vietnamese_letters_come_back_by_poppler(run_on: Callable[..., str]) -> None:
    """The face has every accented letter in both cases, and other readers find them by its ToUnicode map."""
    letters = VIETNAMESE + VIETNAMESE.upper()
    words = " ".join(letters[start : start + 12] for start in range(0, len(letters), 12))
    design = _sick_leave()
    filled = _fill(design, sample_values(design) | {"employer": words})
    text = _bare(run_on(filled_pdf(filled), "pdftotext", "PDF", "-"))
    assert len([letter for letter in letters if not letter.isascii()]) == 134
    assert _bare(words) in text


def test_only_tinos_is_embedded(filled: Filled, run_on: Callable[..., str]) -> None:
    """Every font in the file is a subset of Tinos, embedded, with a Unicode map."""
    rows = run_on(filled_pdf(filled), "pdffonts", "PDF").splitlines()[2:]
    assert rows
    for row in rows:
        assert re.match(r"[A-Z]{6}\+Tinos-(Regular|Bold|Italic|BoldItalic) ", row), row
        assert re.search(r" yes yes yes ", row), row


def test_file_is_sound_tagged_and_says_what_it_is(filled: Filled, run_on: Callable[..., str]) -> None:
    """qpdf finds no fault; the file has tags, a title, the language and declares PDF/A-3a."""
    run_on(filled_pdf(filled), "qpdf", "--check", "PDF")
    facts = run_on(filled_pdf(filled), "pdfinfo", "PDF")
    assert re.search(r"^Tagged: +yes$", facts, re.MULTILINE)
    assert re.search(r"^Title: +Giấy ", facts, re.MULTILINE)
    assert re.search(r"^Pages: +1$", facts, re.MULTILINE)
    metadata = run_on(filled_pdf(filled), "pdfinfo", "-meta", "PDF")
    assert "<pdfaid:part>3</pdfaid:part>" in metadata or 'pdfaid:part="3"' in metadata
    assert PdfFileReader(BytesIO(filled_pdf(filled))).root["/Lang"] == "vi"


@pytest.mark.parametrize("version", ["ct07-2017", "mau07-2025"])
def test_long_employer_keeps_the_full_size(version: str) -> None:
    """An employer of 160 characters wraps at the form's own size: nothing else on the page gets smaller."""
    design = _sick_leave(version)
    plain = _fill(design, sample_values(design))
    filled = _fill(design, sample_values(design) | {"employer": LONG_EMPLOYER})
    assert _bare(LONG_EMPLOYER) in _bare(_text(filled_pdf(filled)))
    assert _height_of_name(filled_pdf(filled)) == pytest.approx(_height_of_name(filled_pdf(plain)), abs=0.01)


def _height_of_name(pdf: bytes) -> float:
    name = SAMPLE_VALUES["full_name"]
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0].get_textpage()
        start, _ = page.search(name, match_case=True).get_next()
        _, bottom, _, top = page.get_charbox(start, loose=True)
        return float(top - bottom)


def test_longest_employer_shrinks_onto_the_page() -> None:
    """1024 characters, the field's limit, stand on one page, every one of them."""
    employer = (LONG_EMPLOYER + "; ") * 7
    design = _sick_leave()
    filled = _fill(design, sample_values(design) | {"employer": employer[:1024]})
    assert _bare(employer[:1024]) in _bare(_text(filled_pdf(filled)))


def test_what_cannot_fit_is_refused() -> None:
    """Text beyond the smallest size raises, rather than being cut or running onto a second page."""
    design = _sick_leave()
    with pytest.raises(InputError, match="text_too_long"):
        _fill(design, sample_values(design) | {"employer": "W" * 2000})


def test_text_is_never_markup(variant: tuple[Design, bool]) -> None:
    """Template code, tags, styles and addresses in every field come out as the very characters typed."""
    design, head_examined = variant
    values = sample_values(design, head_examined=head_examined)
    free = [name for name, value in values.items() if value and name != "verify_url"]
    attacks = {name: SHORT_INJECTIONS if len(values[name]) <= SHORT else INJECTIONS for name in free}
    attacked = values | {name: attacks[name][index % len(attacks[name])] for index, name in enumerate(free)}
    text = _bare(_text(filled_pdf(_fill(design, attacked, head_examined=head_examined)))).upper()
    for name in free:
        assert _bare(attacked[name]).upper() in text, name


@settings(max_examples=12)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["C", "Z"], max_codepoint=0x1EF9),
        min_size=1,
        max_size=40,
    )
)
def test_any_text_is_printed_as_it_is_or_refused(text: str) -> None:
    """Whatever characters a field has, the page shows exactly those, or filling says which it cannot show."""
    design = _sick_leave()
    values = sample_values(design) | {"employer": f"x{text}x"}
    if unprintable(text):
        with pytest.raises(InputError, match="unprintable"):
            _fill(design, values)
    else:
        assert {font.partition("+")[2] for font in _fonts(filled_pdf(_fill(design, values)))} <= TINOS


def _fonts(pdf: bytes) -> set[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        texts = document[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT], max_depth=5)
        return {text.get_font().get_base_name() for text in texts}


def test_characters_outside_the_face_are_named() -> None:
    """Characters without glyph are refused before layout, by field and code point, without the text."""
    design = _sick_leave()
    with pytest.raises(InputError) as caught:
        _fill(design, sample_values(design) | {"full_name": "NGUYỄN 😷 中"})
    assert [error["field"] for error in caught.value.errors] == ["full_name"]
    assert "U+1F637, U+4E2D" in caught.value.errors[0]["message_vi"]
    assert "NGUYỄN" not in str(caught.value.errors)


def test_values_must_match_the_fields() -> None:
    """A missing or superfluous value and a blank required field are our own mistakes."""
    design = _sick_leave()
    values = sample_values(design)
    with pytest.raises(Broken, match="design_values"):
        _fill(design, {name: value for name, value in values.items() if name != "father"})
    with pytest.raises(Broken, match="design_values"):
        _fill(design, values | {"diagnosis": "x"})
    with pytest.raises(Broken, match="design_blank"):
        _fill(design, values | {"full_name": " "})
    with pytest.raises(Broken, match="design_blank"):
        _fill(design, values | {"practitioner": ""})


@pytest.mark.parametrize(
    "reference",
    [
        '<img src="http://127.0.0.1:9/x.png">',
        '<img src="file:///etc/hostname">',
        '<link rel="stylesheet" href="http://127.0.0.1:9/x.css">',
        '<svg><image href="http://127.0.0.1:9/x.png" width="9" height="9"/></svg>',
        '<p style="background: url(http://127.0.0.1:9/x.png)">x</p>',
    ],
)
def test_a_design_cannot_fetch(reference: str) -> None:
    """A design that refers to anything outside stops with an error that names the design, not the network."""
    design = _sick_leave("ct07-2017")
    sources = dict(design.sources) | {
        "form.html": design.sources["form.html"].replace(
            "</body>", f'<div style="position: absolute">{reference}</div></body>'
        )
    }
    with pytest.raises(Broken, match="design_fetches"):
        _fill(dataclasses.replace(design, sources=sources, digest=reference), sample_values(design))


def _boxes(blank: Blank) -> dict[Slot, tuple[float, ...]]:
    """Left, bottom, right, top of each signature's widget, in order of signing."""
    rectangles = {
        field.name: re.findall(rb"/Rect \[([^\]]+)\]", field.entries)[0].split() for field in blank.fields
    }
    return {Slot(name): tuple(map(float, rectangle)) for name, rectangle in rectangles.items()}


def test_slots_are_in_order_on_the_page_and_free_of_text(
    variant: tuple[Design, bool], filled: Filled
) -> None:
    """Slots are in signing order, within the page, as large as the marks need, with no printed text below."""
    design, head_examined = variant
    boxes = _boxes(filled.blank)
    assert tuple(boxes) == design.slots(head_examined=head_examined)
    with pypdfium2.PdfDocument(filled_pdf(filled)) as document:
        width, height = document[0].get_size()
        for x0, y0, x1, y1 in boxes.values():
            assert 0 < x0 < x1 < width
            assert 0 < y0 < y1 < height
            under = document[0].get_textpage().get_text_bounded(x0, y0, x1, y1)
            assert not under.strip(), under


def test_marks_stay_within_the_margins(variant: tuple[Design, bool], filled: Filled) -> None:
    """Every mark and its time, the seal's too, are within the page's left and right margins, 25 and 15 mm."""
    mm = 72 / 25.4
    for x0, _, x1, _ in _boxes(filled.blank).values():
        assert 25 * mm <= x0 + 0.01 < x1 - 0.01 <= 195 * mm, variant[0].id


def test_seal_covers_the_left_third_of_the_signature(filled: Filled) -> None:
    """A 36 mm seal overlaps the left third of the 45 mm signature beside it [signers, Visible marks]."""
    boxes = _boxes(filled.blank)
    seal, signature = boxes[Slot.ORGANISATION], boxes[Slot.REPRESENTATIVE]
    mm = 72 / 25.4
    seal_right = (seal[0] + seal[2]) / 2 + 18 * mm
    signature_left = (signature[0] + signature[2]) / 2 - 22.5 * mm
    assert (seal_right - signature_left) / (45 * mm) == pytest.approx(1 / 3, abs=0.02)
    assert all(
        box[0] > signature[2] or box[2] < seal[0] for slot, box in boxes.items() if slot is Slot.PRACTITIONER
    )


@pytest.mark.parametrize("tail", ["", "A" * 250])
def test_qr_reads_from_the_printed_page(tail: str) -> None:
    """The QR decodes at 150 dpi to the exact URL, even one with claims; it is 35 mm wide."""
    design = _sick_leave()
    address = SAMPLE_VALUES["verify_url"] + ("/" + tail if tail else "")
    filled = _fill(design, sample_values(design) | {"verify_url": address})
    with pypdfium2.PdfDocument(filled_pdf(filled)) as document:
        picture = document[0].render(scale=150 / 72).to_pil().convert("L")
    (code,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    assert code.text == address
    assert (code.position.top_right.x - code.position.top_left.x) / 150 * 25.4 == pytest.approx(35, abs=0.7)
    assert code.ec_level == "M"


def test_same_values_give_the_same_file(variant: tuple[Design, bool], filled: Filled) -> None:
    """Filling twice gives identical bytes, and another name gives others over the same base."""
    design, flag = variant
    values = sample_values(design, head_examined=flag)
    again = fill(design, values, record=RECORD, head_examined=flag, is_reissue=flag)
    other = fill(
        design, values | {"full_name": "TRẦN VĂN THỬ"}, record=RECORD, head_examined=flag, is_reissue=flag
    )
    assert again == filled
    assert other.blank is filled.blank
    assert other.objects != filled.objects


@pytest.mark.parametrize("name", ["NGUYỄN THỊ VÍ DỤ", "NGUYỄN Ω"])
def test_both_ways_hold_the_record_and_the_marks_to_sign(name: str) -> None:
    """Fast or laid out in full, a file has the record as an attachment, and the same signature fields."""
    design = _sick_leave()
    filled = _fill(design, sample_values(design) | {"full_name": name}, record=b"<CT07/>")
    assert filled.is_fast is ("Ω" not in name)
    with pypdfium2.PdfDocument(filled_pdf(filled)) as document:
        assert [
            bytes(document.get_attachment(index).get_data()) for index in range(document.count_attachments())
        ] == [b"<CT07/>"]
    assert list(_boxes(filled.blank)) == list(design.slots(head_examined=False))


def test_who_signs_is_the_callers_choice() -> None:
    """If only the organisation signs, its field is the only one, both ways."""
    design = _sick_leave()
    for name in ("NGUYỄN THỊ VÍ DỤ", "NGUYỄN Ω"):
        values = sample_values(design) | {"full_name": name}
        filled = fill(
            design, values, record=b"", head_examined=False, is_reissue=False, slots=(Slot.ORGANISATION,)
        )
        assert list(_boxes(filled.blank)) == [Slot.ORGANISATION]


def test_only_what_filling_replaces_is_in_the_objects() -> None:
    """Texts, QR and record: the rest of a certificate is its base."""
    design = _sick_leave()
    filled = _fill(design, sample_values(design))
    base = compile_base(design, head_examined=False, is_reissue=False)
    assert filled.blank is base.blank
    assert set(filled.objects) == {base.text_stream, base.qr, base.record}


def test_printed_json_says_what_is_printed(variant: tuple[Design, bool]) -> None:
    """Every field of the design in its order, with its text, readable as UTF-8."""
    design, head_examined = variant
    values = sample_values(design, head_examined=head_examined)
    data = printed_json(design, dict(sorted(values.items())))
    assert json.loads(data) == {"design": design.id, "fields": values}
    assert list(json.loads(data)["fields"]) == list(design.fields)
    assert values["facility"].encode() in data
