"""A certificate as the manuals of WeasyPrint and pyHanko show: lay out, write, sign, one at a time."""

from io import BytesIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from certsvc.templates.compiler.laying import PackageFetcher
from certsvc.templates.compiler.markup import form_html, form_sheets
from certsvc.templates.faces import FACES_CSS
from certsvc.templates.qr import data_address, qr_svg
from tests.benchmarks import workload
from tests.benchmarks.workload import Paper

_BOX = (300, 60, 500, 160)
_BLANK_PIXEL = "data:image/png;base64,"


class Naive:
    """Keeps what any program would: the parsed typeface, the key."""

    def __init__(self, pkcs12_path: str, passphrase: bytes) -> None:
        self._fonts = FontConfiguration()
        self._faces = CSS(string=FACES_CSS, font_config=self._fonts, url_fetcher=PackageFetcher())
        signer = SimpleSigner.load_pkcs12(pkcs12_path, passphrase=passphrase)  # type: ignore[no-untyped-call]
        if signer is None:
            raise ValueError(f"no key in {pkcs12_path}")
        self._signer = signer

    def make(self, paper: Paper) -> bytes:
        """The same form as the engine's, with the QR as vectors, signed once: visible, RSA-2048, B-B."""
        html = _with_qr(
            form_html(workload.design(), paper.values, head_examined=False, is_reissue=False),
            paper.values["verify_url"],
        )
        sheets = [CSS(string=text, font_config=self._fonts) for text in form_sheets(workload.design())]
        page = HTML(string=html).write_pdf(stylesheets=[self._faces, *sheets], font_config=self._fonts)
        signed = sign_pdf(
            IncrementalPdfFileWriter(BytesIO(page)),
            PdfSignatureMetadata(field_name="organisation", md_algorithm="sha256"),
            signer=self._signer,
            new_field_spec=SigFieldSpec("organisation", box=_BOX),
        )
        return bytes(signed.getbuffer())


def _with_qr(html: str, url: str) -> str:
    """The form with the QR in place of its blank pixel."""
    front, mark, rest = html.partition(_BLANK_PIXEL)
    if not mark:
        raise ValueError("the form has no place for a QR")
    return front + data_address(qr_svg(url, quiet_modules=0)) + rest[rest.index('"') :]
