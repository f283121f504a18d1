"""Validating a PDF's signatures as pyHanko's manual shows, with our check's roots and revocation data."""

import asyncio
import io
from collections.abc import Sequence
from typing import Any

from asn1crypto import crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import DocumentSecurityStore, PdfSignatureStatus, async_validate_pdf_signature
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

from certsvc.verify.trust import Trust

_SIGNING_USE = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)


class Plain:
    """Keeps what any program would: parsed certificates and revocation lists."""

    def __init__(self, trust: Trust) -> None:
        self._asked: dict[str, Any] = {
            "trust_roots": [x509.Certificate.load(der) for der in trust.anchors],
            "other_certs": [x509.Certificate.load(der) for der in trust.intermediates],
            "crls": [crl.CertificateList.load(der) for der in trust.crls],
            "allow_fetching": False,
            "revocation_mode": "require",
        }

    def validate(self, data: bytes) -> None:
        """Every signature with its time-stamp and later changes. Raises RuntimeError if one is not valid."""
        if not all(status.bottom_line for status in asyncio.run(self._statuses(data))):
            raise RuntimeError("pyHanko does not accept the file")

    async def _statuses(self, data: bytes) -> Sequence[PdfSignatureStatus]:
        reader = PdfFileReader(io.BytesIO(data))
        context = self._context(reader)
        return [
            await async_validate_pdf_signature(each, context, key_usage_settings=_SIGNING_USE)
            for each in reader.embedded_regular_signatures
        ]

    def _context(self, reader: PdfFileReader) -> ValidationContext:
        """One for all signatures in a file, with the answers in its security store."""
        try:
            return DocumentSecurityStore.read_dss(reader).as_validation_context(self._asked)
        except NoDSSFoundError:
            return ValidationContext(**self._asked)
