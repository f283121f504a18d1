"""The stock: shared pictures and validation material, one revision above a base."""

import asyncio
import hashlib
import io
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader

from certsvc.signing.revocation import RevocationInfo
from certsvc.signing.stock import Stock, lay_stock
from tests.support import blanks
from tests.support import pki as pkis
from tests.support import sealed_sample as samples


@pytest.fixture(scope="module")
def answers() -> RevocationInfo:
    pki = pkis.shared()
    asked = [
        *(signing.identity.certificate for signing in samples.signings(pki, 3)),
        pki.tsa().certificates[0],
    ]
    return asyncio.run(pki.revocation().gather(asked))


def laid(answers: RevocationInfo | None) -> Stock:
    return lay_stock(
        blanks.blank(tuple(samples.SLOTS[3])), signings=samples.signings(pkis.shared(), 3), answers=answers
    )


def catalog(stock: Stock) -> Any:
    return PdfFileReader(io.BytesIO(stock.blank.pdf + stock.revision)).root


def test_the_store_holds_all_answers_and_certificates(answers: RevocationInfo) -> None:
    """EN 319 142-1 clause 5.4.2.2: certificates, OCSP responses and CRLs, each the very DER."""
    store = catalog(laid(answers))["/DSS"]
    held = {
        name: [reference.get_object().data for reference in store[name]]
        for name in ("/Certs", "/OCSPs", "/CRLs")
    }
    assert held["/Certs"] == [cert.public_bytes(Encoding.DER) for cert in answers.certificates]
    assert held["/OCSPs"] == list(answers.ocsps)
    assert held["/CRLs"] == list(answers.crls)


def test_without_answers_the_catalog_stays_as_it_was() -> None:
    """B-B and B-T: only the pictures are new."""
    stock = laid(None)
    assert "/DSS" not in catalog(stock)
    assert not stock.has_answers
    assert b"/Catalog" not in stock.revision


def test_the_midstate_is_that_of_base_and_stock(answers: RevocationInfo) -> None:
    """Whoever copies it goes on from there, and laying another stock on the same base does not disturb it."""
    first, second = laid(answers), laid(None)
    for stock in (first, second, laid(answers)):
        data = stock.blank.pdf + stock.revision
        assert stock.midstate.hexdigest() == hashlib.sha256(data).hexdigest()
        assert stock.end.length == len(data)


def test_the_same_people_make_the_same_stock(answers: RevocationInfo) -> None:
    """Byte for byte, so that it can be stored once under its digest, whichever process laid it."""
    assert laid(answers).revision == laid(answers).revision
