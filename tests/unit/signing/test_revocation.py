"""Answers about certificates: good, fresh, signed by the responder, made once a day."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp

from certsvc.errors import Broken
from keys_dev.make import KeyType
from tests.support import pki as pkis


class Clock:
    def __init__(self) -> None:
        self.now = pkis.utc_now()

    def __call__(self) -> dt.datetime:
        return self.now


async def test_answer_says_good_for_a_week() -> None:
    """Status good, for this certificate, from now for a week, signed by the delegated responder."""
    pki = pkis.shared(KeyType.RSA_2048)
    clock = Clock()
    certificate = pki.identity().certificate
    info = await pki.revocation(clock=clock).gather([certificate])
    answer = ocsp.load_der_ocsp_response(info.ocsps[0])
    single = next(answer.responses)
    assert single.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert single.serial_number == certificate.serial_number
    assert single.this_update_utc <= clock.now < single.this_update_utc + dt.timedelta(seconds=1)
    assert single.next_update_utc == single.this_update_utc + dt.timedelta(days=7)
    assert isinstance(single.hash_algorithm, hashes.SHA256)
    responder = x509.load_pem_x509_certificate(pki.read("ocsp.pem"))
    assert answer.certificates == [responder]
    key = responder.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256())


async def test_gathered_material_is_complete() -> None:
    """One answer per certificate, however often named; the root's CRL; every certificate up to the root."""
    pki = pkis.shared()
    people = [
        pki.identity(pkis.PRACTITIONER).certificate,
        pki.identity(pkis.HEAD).certificate,
        pki.identity(pkis.HEAD).certificate,
    ]
    info = await pki.revocation().gather(people)
    assert len(info.ocsps) == 2
    assert info.crls == (pki.read("root.crl"),)
    held = {cert.fingerprint(hashes.SHA256()) for cert in info.certificates}
    wanted = [
        *people,
        *(x509.load_pem_x509_certificate(pki.read(f"{name}.pem")) for name in ("issuing", "root", "ocsp")),
    ]
    assert held == {cert.fingerprint(hashes.SHA256()) for cert in wanted}


async def test_answers_are_kept_a_day_and_then_renewed() -> None:
    """Shared by all certificates of a day, and renewed long before `nextUpdate`."""
    pki = pkis.shared()
    clock = Clock()
    source = pki.revocation(clock=clock)
    certificate = pki.identity().certificate
    first = (await source.gather([certificate])).ocsps
    clock.now += dt.timedelta(hours=23)
    assert (await source.gather([certificate])).ocsps == first
    clock.now += dt.timedelta(hours=2)
    renewed = ocsp.load_der_ocsp_response((await source.gather([certificate])).ocsps[0])
    assert next(renewed.responses).this_update_utc == clock.now.replace(microsecond=0)


async def test_a_clock_set_back_gets_a_new_answer() -> None:
    """An answer from the future would not be valid at the moment of signing."""
    pki = pkis.shared()
    clock = Clock()
    source = pki.revocation(clock=clock)
    certificate = pki.identity().certificate
    await source.gather([certificate])
    clock.now -= dt.timedelta(hours=1)
    again = ocsp.load_der_ocsp_response((await source.gather([certificate])).ocsps[0])
    assert next(again.responses).this_update_utc <= clock.now


async def test_certificates_of_another_ca_are_refused() -> None:
    """The development responder vouches for nobody else's."""
    foreign = pkis.shared(KeyType.RSA_2048).root
    with pytest.raises(Broken, match="foreign_certificate"):
        await pkis.shared().revocation().gather([foreign])
