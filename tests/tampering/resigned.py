"""Signatures by the wrong hands: re-signed, transplanted, by certificates that are expired, revoked or made
for something else.
"""

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import replace

from cryptography import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf

from certsvc.config import Profile
from certsvc.signing.identities import Identity
from certsvc.verify.reasons import Reason
from certsvc.verify.report import CheckName
from certsvc.verify.trust import Pin, SignerKind, Trust, digest_of
from tests.support import pki as pkis
from tests.support import sealed_sample
from tests.tampering import identities
from tests.tampering.attack import (
    ALTERED,
    BORROWED,
    BROKEN,
    DISTRUSTED_TIME,
    NOT_OURS,
    WRONG_PLACE,
    Answer,
    Attack,
    invalid,
)
from tests.tampering.bases import (
    EVERY,
    STREAM_1_T,
    STREAM_3_LT,
    TABLE_1_B,
    TABLE_2_LT,
    TABLE_3_LT,
    Base,
    Level,
    aside,
    unsigned,
)
from tests.tampering.editing import with_cms
from tests.unit.verify import samples

_REVOKED = invalid(Reason.UNTRUSTED, CheckName.REVOCATION)
_ONE = (STREAM_1_T,)


def _self_signed(name: str) -> Callable[[Base], bytes]:
    def make(base: Base) -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(unsigned(base.count)))
        return bytes(
            sign_pdf(
                writer, PdfSignatureMetadata(field_name="organisation"), signer=identities.self_signed(name)
            ).getvalue()
        )

    return lambda base: aside(lambda: make(base))


def signed_by(signer: Identity) -> bytes:
    """A whole certificate with this one's signature, made as ours are."""
    pdf = io.BytesIO(unsigned(1, has_answers=False))
    samples.sign_over(pdf, signer, field="organisation", certify=True)
    return pdf.getvalue()


def _issued(name: str, about: str, answer: Answer, **terms: int) -> Attack:
    """Signed by a certificate of the true CA, pinned by mistake."""

    def pinned(base: Base) -> Trust:
        certificate = identities.of_our_ca(**terms).certificate
        pin = Pin(SignerKind.ORGANISATION, pkis.STATION, None, "Trạm Y tế Phúc Xá")
        return replace(base.trust, pins={**base.trust.pins, digest_of(samples.der(certificate)): pin})

    return Attack(
        name,
        about,
        lambda base: aside(lambda: signed_by(identities.of_our_ca(**terms))),
        answer,
        _ONE,
        trust=pinned,
    )


def _look_alike(base: Base) -> bytes:
    return aside(lambda: sealed_sample.sealed(identities.look_alike(), base.count).pdf)


def _weak_key(bits: int) -> Callable[[Base], bytes]:
    return lambda base: aside(lambda: signed_by(identities.with_key(bits)))


def _other_holders(base: Base) -> Trust:
    return samples.trust_of(
        samples.pki(), facility_code="01802", licences=("000011/HNO-CCHN", "000012/HNO-CCHN")
    )


def _revoking(find: Callable[[], x509.Certificate]) -> Callable[[Base], Trust]:
    def believed(base: Base) -> Trust:
        listed = samples.crl_naming(samples.pki(), find(), revoked_at=samples.now() - samples.DAY)
        return replace(base.trust, crls=(samples.pki().read("root.crl"), listed))

    return believed


def _organisation() -> x509.Certificate:
    return samples.pki().identity().certificate


def _stamper() -> x509.Certificate:
    return x509.load_pem_x509_certificate(samples.pki().read("tsa.pem"))


def _transplanted(base: Base) -> bytes:
    """A real signature of another certificate, in the last one's place."""
    donor = samples.genuine(
        3 if base.count == 2 else 2, profile=Profile.B_B if base.level is Level.B else Profile.B_LT
    )
    return with_cms(base, samples.places(donor)[-1].cms)


def _swapped(base: Base) -> bytes:
    first, second = base.places[-2:]
    return samples.with_cms(samples.with_cms(base.data, first, second.cms), second, first.cms)


def _twice_the_first(base: Base) -> bytes:
    return with_cms(base, base.places[0].cms)


def _same(base: Base) -> bytes:
    return base.data


_SEVERAL = (TABLE_2_LT, TABLE_3_LT)

ATTACKS = (
    Attack(
        "self-signed",
        "somebody's page under a name of ours",
        _self_signed("Trạm Y tế Phúc Xá"),
        BORROWED,
        EVERY[:2],
    ),
    Attack(
        "self-signed-capitals",
        "the same in other letters",
        _self_signed("TRẠM Y TẾ  PHÚC XÁ"),
        BORROWED,
        EVERY[:2],
    ),
    Attack(
        "self-signed-stranger",
        "somebody's page under their own name",
        _self_signed("Nguyễn Văn Lạ"),
        NOT_OURS,
        EVERY[:2],
    ),
    Attack("look-alike", "another CA with our CA's names", _look_alike, BORROWED, (TABLE_2_LT, TABLE_3_LT)),
    Attack("weak-key", "our name with an RSA key of 1024 bits", _weak_key(1024), BORROWED, _ONE),
    Attack(
        "other-holder",
        "whole and good, by another station of the same CA",
        _same,
        NOT_OURS,
        (TABLE_3_LT, STREAM_3_LT),
        trust=_other_holders,
    ),
    _issued("expired", "signed after the certificate had ended", BORROWED, since=-10, until=-5),
    _issued("not-yet-valid", "signed before the certificate begins", BORROWED, since=5, until=10),
    _issued("server", "signed with a web server's certificate", BORROWED, is_server=True),
    _issued(
        "registered",
        "by a pinned certificate, whose addresses lead into our own network, in a file never published: the"
        " control of these",
        ALTERED,
    ),
    Attack(
        "unpinned",
        "by a certificate of our CA that nobody registered",
        lambda base: aside(lambda: signed_by(identities.of_our_ca())),
        BORROWED,
        _ONE,
    ),
    Attack(
        "revoked",
        "the organisation's certificate was revoked before it signed",
        _same,
        _REVOKED,
        EVERY,
        trust=_revoking(_organisation),
    ),
    Attack(
        "revoked-stamper",
        "the time-stamping certificate was revoked",
        _same,
        DISTRUSTED_TIME,
        (TABLE_3_LT, STREAM_3_LT),
        trust=_revoking(_stamper),
    ),
    Attack(
        "early",
        "looked at before it was signed",
        _same,
        DISTRUSTED_TIME,
        (TABLE_3_LT, STREAM_1_T),
        later=-dt.timedelta(days=2),
    ),
    Attack(
        "transplanted",
        "a real signature of another certificate",
        _transplanted,
        BROKEN,
        (TABLE_1_B, TABLE_2_LT, TABLE_3_LT, STREAM_3_LT),
    ),
    Attack("swapped", "two signatures have changed places", _swapped, WRONG_PLACE, _SEVERAL),
    Attack(
        "twice",
        "the first signature once more in the last one's place",
        _twice_the_first,
        WRONG_PLACE,
        _SEVERAL,
    ),
)
