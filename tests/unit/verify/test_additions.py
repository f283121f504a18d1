"""What may be between two signatures: three objects, and the field's other entries unchanged."""

import io
from collections.abc import Callable

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from certsvc.verify.pdf.additions import adds_only_signature
from certsvc.verify.pdf.examining import FileKind
from tests.unit.verify import samples


def verdict(data: bytes, *, field_name: str = "organisation") -> bool:
    """Whether the last revision signs this field and does no more."""
    reader = PdfFileReader(io.BytesIO(data))
    last = reader.xrefs.total_revisions - 1
    return adds_only_signature(
        reader.get_historical_resolver(last - 1), reader.get_historical_resolver(last), field_name=field_name
    )


@pytest.mark.parametrize(
    ("count", "step", "name"), [(3, 1, "representative"), (3, 2, "organisation"), (2, 1, "organisation")]
)
def test_our_own_revisions_add_only_a_signature(count: int, step: int, name: str) -> None:
    """The second and the third signature's, each for its own field and for no other."""
    data = samples.genuine(count)[: samples.places(samples.genuine(count))[step].end]
    assert verdict(data, field_name=name)
    assert not verdict(data, field_name="practitioner")


def test_the_first_signatures_revision_does_more() -> None:
    """It fills the text and changes the catalog, and comes before any signature."""
    data = samples.genuine(3)
    assert not verdict(data[: samples.places(data)[0].end], field_name="practitioner")


def test_several_revisions_at_once_are_not_one() -> None:
    """There are two between the first signature and the third."""
    reader = PdfFileReader(io.BytesIO(samples.genuine(3)))
    last = reader.xrefs.total_revisions - 1
    assert not adds_only_signature(
        reader.get_historical_resolver(last - 2),
        reader.get_historical_resolver(last),
        field_name="organisation",
    )


def _field(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    """The last field, which is still empty."""
    found: generic.DictionaryObject = writer.root["/AcroForm"]["/Fields"][-1].get_object()
    return found


def _sign(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    """As we write it, with a dictionary that is not a signature: that is for others to prove."""
    field = _field(writer)
    field[pdf_name("/V")] = writer.add_object(generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Sig")}))  # type: ignore[no-untyped-call]
    appearance = writer.add_object(generic.StreamObject(stream_data=b""))
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): appearance})  # type: ignore[no-untyped-call]
    writer.update_container(field)
    return field


def _moved(writer: IncrementalPdfFileWriter) -> None:
    _sign(writer)[pdf_name("/Rect")] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 419)))


def _unlocked(writer: IncrementalPdfFileWriter) -> None:
    del _sign(writer)["/Lock"]


def _opened_action(writer: IncrementalPdfFileWriter) -> None:
    _sign(writer)[pdf_name("/A")] = generic.DictionaryObject({pdf_name("/S"): pdf_name("/JavaScript")})  # type: ignore[no-untyped-call]


def _other_page(writer: IncrementalPdfFileWriter) -> None:
    _sign(writer)
    samples.replace_page(writer)


def _fourth_object(writer: IncrementalPdfFileWriter) -> None:
    _sign(writer)
    writer.add_object(generic.StreamObject(stream_data=b"0 0 1 rg"))


def _replaced_picture(writer: IncrementalPdfFileWriter) -> None:
    """An appearance under the number of another object."""
    field = _sign(writer)
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    field[pdf_name("/AP")] = generic.DictionaryObject(
        {pdf_name("/N"): list.__getitem__(page["/Contents"], 0)}
    )  # type: ignore[no-untyped-call]


def _second_appearance(writer: IncrementalPdfFileWriter) -> None:
    field = _sign(writer)
    field["/AP"][pdf_name("/D")] = field["/AP"].raw_get("/N")


def _direct_value(writer: IncrementalPdfFileWriter) -> None:
    _sign(writer)[pdf_name("/V")] = generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Sig")})  # type: ignore[no-untyped-call]


def _unfilled(writer: IncrementalPdfFileWriter) -> None:
    del _sign(writer)["/V"]


def _further_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Signature9", box=(0, 0, 400, 400)))


def _another_info(writer: IncrementalPdfFileWriter) -> None:
    _sign(writer)
    writer.set_info(generic.DictionaryObject({pdf_name("/Title"): generic.TextStringObject("khác")}))  # type: ignore[no-untyped-call]


def _earlier_field_again(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0].get_object()
    writer.update_container(field)


FORGERIES = [
    _moved,
    _unlocked,
    _opened_action,
    _other_page,
    _fourth_object,
    _replaced_picture,
    _second_appearance,
    _direct_value,
    _unfilled,
    _further_field,
    _another_info,
    _earlier_field_again,
]


def _unsigned_last() -> bytes:
    data = samples.genuine(3)
    return data[: samples.places(data)[1].end]


def _revised(change: Callable[[IncrementalPdfFileWriter], object]) -> bytes:
    out = io.BytesIO(_unsigned_last())
    writer = samples.Quiet(out)
    change(writer)
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return out.getvalue()


def test_control_a_signed_field_passes() -> None:
    """Without this the forgeries would prove nothing."""
    assert verdict(_revised(_sign))


@pytest.mark.parametrize("forge", FORGERIES)
def test_nothing_more_passes(forge: Callable[[IncrementalPdfFileWriter], object]) -> None:
    """Another position, field or title, no lock or value, an action, a page, more objects, numbers in use."""
    assert not verdict(_revised(forge))


def test_an_undefined_number_that_the_file_reserved_does_not_pass() -> None:
    """A number to which the signed part could already refer must not get its object later, in any way."""
    data = _unsigned_last()
    reader = PdfFileReader(io.BytesIO(data))
    size = reader.trailer.raw_get("/Size")
    raised = data.replace(b"/Size %d /Prev" % size, b"/Size %d /Prev" % (size + 2))
    assert raised != data
    shadowed = io.BytesIO(raised)
    writer = samples.Quiet(shadowed)
    writer._lastobj_id = int(size) - 1
    _sign(writer)
    writer.write_in_place()  # type: ignore[no-untyped-call]
    assert not verdict(shadowed.getvalue())


def test_what_is_not_plainly_ours_is_for_pyhankos_rules_to_judge() -> None:
    """A field signed without appearance passes them and the examination, but not if the page changes."""
    pki = samples.pki()
    for change, kind in ((None, FileKind.OURS_INTACT), (samples.replace_page, FileKind.TAMPERED)):
        pdf = io.BytesIO(_unsigned_last())
        if change is not None:
            pdf = io.BytesIO(samples.revised(pdf.getvalue(), change))
        samples.sign_over(pdf, pki.identity(), field="organisation")
        assert not verdict(pdf.getvalue())
        assert samples.look(pdf.getvalue()).kind is kind
