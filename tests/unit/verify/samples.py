"""Genuine files to check, the trust that fits them, and a small workshop for forging them."""

import asyncio
import datetime as dt
import functools
import hashlib
import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from typing_extensions import override

from certsvc.config import Profile
from certsvc.signing import cms
from certsvc.signing.identities import Identity
from certsvc.signing.tsa import TimeStamper
from certsvc.trust.anchors import read_claim_keys
from certsvc.verify.pdf.examining import Examination, Limits, examine, examine_stranger
from certsvc.verify.pdf.geometry import SignaturePlace, prove_places
from certsvc.verify.trust import Pin, SignerKind, Trust, digest_of
from keys_dev.make import KeyType
from tests.support import pki as pkis
from tests.support import sealed_sample

LIMITS = Limits()
DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def pki(key_type: KeyType = KeyType.P256) -> pkis.Pki:
    """The throw-away PKI of this process."""
    return pkis.shared(key_type)


@functools.cache
def genuine(
    count: int = 3,
    *,
    profile: Profile = Profile.B_LT,
    key_type: KeyType = KeyType.P256,
    prefer_pss: bool = False,
) -> bytes:
    """A file sealed by the shared throw-away PKI, with that many signatures."""
    with ThreadPoolExecutor(1) as apart:  # a loop may be running here, and sealing starts its own
        stamper = Roomy(pki(key_type).tsa())
        return (
            apart.submit(
                sealed_sample.sealed,
                pki(key_type),
                count,
                profile=profile,
                prefer_pss=prefer_pss,
                stamper=stamper,
            )
            .result()
            .pdf
        )


class Roomy:
    """An authority that announces longer tokens than it makes, so that forgers have room for another one."""

    def __init__(self, authority: TimeStamper) -> None:
        self._authority = authority
        self.certificates = authority.certificates
        self.max_token_bytes = authority.max_token_bytes + 200
        self.stamp = authority.stamp


def unsigned() -> bytes:
    """The page before any signature, with its empty fields."""
    return sealed_sample.filled(3)


@functools.cache
def trust(key_type: KeyType = KeyType.P256) -> Trust:
    """What a service that runs on the shared PKI believes: the signers of one station."""
    return trust_of(pki(key_type))


def trust_of(
    authority: pkis.Pki,
    *,
    facility_code: str = pkis.STATION,
    licences: Iterable[str] = (pkis.HEAD, pkis.PRACTITIONER),
) -> Trust:
    holders = [authority.identity(licence, facility_code=facility_code) for licence in (*licences, None)]
    pins = {
        digest_of(der(holder.certificate)): Pin(
            SignerKind.PERSON if holder.licence else SignerKind.ORGANISATION,
            facility_code,
            holder.licence,
            holder.name,
        )
        for holder in holders
    }
    return Trust(
        anchors=(der_of(authority, "root"),),
        intermediates=(der_of(authority, "issuing"),),
        tsa_anchors=(der_of(authority, "root"),),
        pins=pins,
        tsa_pins=frozenset({digest_of(der_of(authority, "tsa"))}),
        crls=(authority.read("root.crl"), authority.read("issuing.crl")),
        allow_dev=True,
        claim_keys=read_claim_keys(authority.folder),
    )


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def der_of(authority: pkis.Pki, name: str) -> bytes:
    return der(x509.load_pem_x509_certificate(authority.read(f"{name}.pem")))


def crl_naming(authority: pkis.Pki, certificate: x509.Certificate, *, revoked_at: dt.datetime) -> bytes:
    """A list of the issuing CA that names this certificate."""
    key = load_pem_private_key(authority.read("issuing.key.pem"), password=None)
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(certificate.serial_number)
        .revocation_date(revoked_at)
        .build()
    )
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.issuer)
        .last_update(now() - DAY)
        .next_update(now() + 30 * DAY)
    )
    builder = builder.add_extension(x509.CRLNumber(2), critical=False)
    signed = builder.add_revoked_certificate(entry).sign(key, hashes.SHA256())  # type: ignore[arg-type]
    return signed.public_bytes(Encoding.DER)


def look(data: bytes, *, believing: Trust | None = None) -> Examination:
    """Examine in this process, letting every exception out."""
    return examine(data, trust=believing or trust(), now=now(), limits=LIMITS)


def look_at_stranger(data: bytes, *, believing: Trust | None = None) -> Examination:
    """Examine in this process as the disposable one does."""
    return examine_stranger(data, trust=believing or trust(), now=now(), limits=LIMITS)


def places(data: bytes) -> tuple[SignaturePlace, ...]:
    return prove_places(data)


def with_cms(data: bytes, place: SignaturePlace, value: bytes) -> bytes:
    """The file with another CMS in a signature's hole, padded with zeros as the original was."""
    room = (place.hole_end - place.hole_start - 2) // 2
    padded = value + bytes(room - len(value))
    return data[: place.hole_start + 1] + padded.hex().encode() + data[place.hole_end - 1 :]


def without_timestamp(place: SignaturePlace) -> bytes:
    """The CMS of a signature with its unsigned attributes taken away."""
    signed = asn1_cms.ContentInfo.load(place.cms)["content"]
    signer = signed["signer_infos"][0]
    fields = {
        name: signer[name]
        for name in ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    }
    content = {
        name: signed[name] for name in ("version", "digest_algorithms", "encap_content_info", "certificates")
    }
    content["signer_infos"] = [asn1_cms.SignerInfo(fields)]
    return bytes(
        asn1_cms.ContentInfo({"content_type": "signed_data", "content": asn1_cms.SignedData(content)}).dump()
    )


def revised(data: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """The file with one more revision, as any PDF editor would save it."""
    out = io.BytesIO(data)
    writer = IncrementalPdfFileWriter(out)
    change(writer)
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return out.getvalue()


class Quiet(IncrementalPdfFileWriter):
    """pyHanko's writer, leaving /Info and XMP alone as our own does."""

    @override
    def _update_meta(self) -> None:
        pass


def sign_over(
    pdf: io.BytesIO,
    signer: Identity,
    *,
    field: str,
    certify: bool = False,
    lock: bool = True,
    is_stamped: bool = True,
) -> None:
    """Sign the field with pyHanko, as any holder of a key under our CA can: PAdES, stamped by our authority.

    There is no appearance, so it is not quite what we would write.
    """
    template = cms.template_of(signer)
    stamper = Roomy(pki().tsa())
    embedder = PdfCMSEmbedder().write_cms(field_name=field, writer=Quiet(pdf), existing_fields_only=True)
    next(embedder)
    room = 2 * cms.max_cms_bytes(signer, max_token_bytes=stamper.max_token_bytes)
    placeholder = SignatureObject(
        timestamp=now(), subfilter=SigSeedSubFilter.PADES, name=signer.name, bytes_reserved=room
    )
    permissions = MDPPerm.NO_CHANGES if lock else MDPPerm.FILL_FORMS
    field_lock = FieldMDPSpec(FieldMDPAction.ALL) if lock else None
    terms = SigMDPSetup(
        md_algorithm="sha256",
        certify=certify,
        field_lock=field_lock,
        docmdp_perms=permissions if lock or certify else None,
    )
    embedder.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=terms))
    prepared, _ = embedder.send(SigIOSetup(md_algorithm="sha256", in_place=True))
    attributes = template.attributes(prepared.document_digest)
    [raw] = asyncio.run(signer.signer.sign([hashlib.sha256(attributes).digest()]))
    token = asyncio.run(stamper.stamp(hashlib.sha256(raw).digest())) if is_stamped else None
    embedder.send(template.join(attributes, signature=raw, token=token))


def replace_page(writer: IncrementalPdfFileWriter) -> None:
    """Show a different text on the first page."""
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page[pdf_name("/Contents")] = writer.add_object(
        generic.StreamObject(stream_data=b"BT /F1 12 Tf (30 ngay) Tj ET")
    )
    writer.mark_update(page.container_ref)


def embedded_certificates(place: SignaturePlace) -> list[asn1_x509.Certificate]:
    return [choice.chosen for choice in asn1_cms.ContentInfo.load(place.cms)["content"]["certificates"]]
