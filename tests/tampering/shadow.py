"""Shadow attacks: what was signed is hidden, replaced, or both; or the whole file is written anew."""

import io
from collections.abc import Callable

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from tests.tampering.attack import MISPLACED, NOT_SIGNED, Attack
from tests.tampering.bases import STREAM_1_T, STREAM_3_LTA, TABLE_1_B, TABLE_3_LT, Base
from tests.tampering.editing import appended, number_of

_PAGE = ("/Pages", "/Kids", 0)


def _hidden(*path: str | int) -> Callable[[Base], bytes]:
    return lambda base: appended(base, {}, freed=[number_of(base.data, *path)])


def _null(base: Base) -> bytes:
    return appended(base, {number_of(base.data, *_PAGE, "/Contents", 0): b"null"})


def _new_catalog(base: Base) -> bytes:
    return appended(
        base, {900: b"<< /Type /Catalog /Pages << /Type /Pages /Kids [] /Count 0 >> >>"}, root=900
    )


def _new_pages(base: Base) -> bytes:
    page = b"<< /Type /Pages /Count 1 /Kids [<< /Type /Page /MediaBox [0 0 595 419] >>] >>"
    return appended(base, {number_of(base.data, "/Pages"): page})


def _hide_and_replace(base: Base) -> bytes:
    """The new cross-reference knows another document; of the old one only the form is named."""
    catalog = b"<< /Type /Catalog /Pages 901 0 R /AcroForm %d 0 R >>" % number_of(base.data, "/AcroForm")
    return appended(
        base, {900: catalog, 901: b"<< /Type /Pages /Kids [] /Count 0 >>"}, root=900, chained=False
    )


def _changed_places(base: Base) -> bytes:
    """What was prepared before signing comes to the front: the page's contents change places."""
    numbers = [number_of(base.data, *_PAGE, "/Contents", index) for index in (0, 1)]
    reader = PdfFileReader(io.BytesIO(base.data))
    texts = [
        bytes(reader.get_object(generic.Reference(number, 0, reader)).data)  # type: ignore[no-untyped-call]
        for number in reversed(numbers)
    ]
    return appended(
        base,
        {
            number: b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text)
            for number, text in zip(numbers, texts, strict=True)
        },
    )


def _rewritten(base: Base) -> bytes:
    """As an optimiser saves it: every object, in new places."""
    out = io.BytesIO()
    copy_into_new_writer(PdfFileReader(io.BytesIO(base.data))).write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def _cut(index: int) -> Callable[[Base], bytes]:
    """The file up to the revision before this signature."""
    return lambda base: base.data[: base.data.rindex(b"%%EOF", 0, base.places[index].object_start) + 6]


ATTACKS = (
    Attack("hide-content", "a content stream declared free", _hidden(*_PAGE, "/Contents", 0), MISPLACED),
    Attack("hide-page", "the page declared free", _hidden(*_PAGE), MISPLACED),
    Attack("hide-null", "a content stream replaced by null", _null, MISPLACED),
    Attack("replace-catalog", "another catalog in the newest trailer", _new_catalog, MISPLACED),
    Attack("replace-pages", "another page tree under the old number", _new_pages, MISPLACED),
    Attack("replace-contents", "two contents of the page change places", _changed_places, MISPLACED),
    Attack("hide-and-replace", "a cross-reference that knows another document", _hide_and_replace, MISPLACED),
    Attack("rewritten", "every object in new places, as an optimiser saves", _rewritten, MISPLACED),
    Attack("cut-first", "cut before the first signature", _cut(0), NOT_SIGNED, (TABLE_1_B, STREAM_1_T)),
    Attack("cut-last", "cut before the last signature", _cut(-1), MISPLACED, (TABLE_3_LT, STREAM_3_LTA)),
)
