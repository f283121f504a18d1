"""Active content: what runs, calls or opens when the file is opened."""

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.embed import EmbeddedFileObject, FileSpec, embed_file
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.tampering.attack import MISPLACED, Attack
from tests.tampering.editing import Change, by_editor, dictionary, first_page, numbers


def _text(value: str) -> generic.TextStringObject:
    return generic.TextStringObject(value)


def _on_opening(**action: generic.PdfObject) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root[pdf_name("/OpenAction")] = dictionary(**action)
        writer.update_root()  # type: ignore[no-untyped-call]

    return change


def _on_page(writer: IncrementalPdfFileWriter) -> None:
    page = first_page(writer)
    page[pdf_name("/AA")] = dictionary(O=dictionary(S=pdf_name("/JavaScript"), JS=_text("app.alert(1)")))
    writer.update_container(page)


def _named_script(writer: IncrementalPdfFileWriter) -> None:
    script = dictionary(S=pdf_name("/JavaScript"), JS=_text("app.alert(1)"))
    names = generic.ArrayObject([_text("a"), writer.add_object(script)])
    writer.root[pdf_name("/Names")] = dictionary(JavaScript=dictionary(Names=names))
    writer.update_root()  # type: ignore[no-untyped-call]


def _embedded(writer: IncrementalPdfFileWriter) -> None:
    embedded = EmbeddedFileObject.from_file_data(writer, b"MZ", mime_type="application/octet-stream")
    embed_file(writer, FileSpec("ho-so.exe", embedded_data=embedded))


def _dynamic_form(writer: IncrementalPdfFileWriter) -> None:
    form = writer.root["/AcroForm"]
    form[pdf_name("/XFA")] = writer.add_object(generic.StreamObject(stream_data=b"<xdp/>"))
    writer.update_container(form)


def _need_appearances(writer: IncrementalPdfFileWriter) -> None:
    form = writer.root["/AcroForm"]
    form[pdf_name("/NeedAppearances")] = generic.BooleanObject(value=True)  # type: ignore[no-untyped-call]
    writer.update_container(form)


def _link(writer: IncrementalPdfFileWriter) -> None:
    page = first_page(writer)
    action = dictionary(S=pdf_name("/URI"), URI=_text("http://127.0.0.1:9/"))
    box = numbers(0, 0, 595, 419)
    page["/Annots"].append(
        writer.add_object(dictionary(Type=pdf_name("/Annot"), Subtype=pdf_name("/Link"), Rect=box, A=action))
    )
    writer.update_container(page["/Annots"])


def _active(name: str, about: str, change: Change) -> Attack:
    return Attack(name, about, by_editor(change), MISPLACED)


ATTACKS = (
    _active(
        "script",
        "JavaScript when the file is opened",
        _on_opening(S=pdf_name("/JavaScript"), JS=_text("app.alert(1)")),
    ),
    _active("script-page", "JavaScript when the page is shown", _on_page),
    _active("script-named", "JavaScript in the name tree", _named_script),
    _active("launch", "a programme to launch", _on_opening(S=pdf_name("/Launch"), F=_text("calc.exe"))),
    _active(
        "go-elsewhere",
        "another document to open",
        _on_opening(S=pdf_name("/GoToR"), F=_text("\\\\evil\\a.pdf")),
    ),
    _active(
        "submit",
        "a form that is sent away",
        _on_opening(S=pdf_name("/SubmitForm"), F=_text("http://127.0.0.1:9/")),
    ),
    _active("uri", "a link over the whole page", _link),
    _active("embedded", "a programme attached", _embedded),
    _active("xfa", "a form that is drawn anew", _dynamic_form),
    _active("appearances", "an order to draw all fields anew", _need_appearances),
)
