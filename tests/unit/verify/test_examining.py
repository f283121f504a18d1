"""What files turn out to be: ours, by level and key, and every other kind."""

import asyncio
import datetime as dt
import functools
import io
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf

from certsvc.config import Profile
from certsvc.models import Slot
from certsvc.verify.pdf.examining import Examination, FileKind, Limits, examine
from certsvc.verify.reasons import Reason
from certsvc.verify.report import CheckName, CheckOutcome, TimeSource
from certsvc.verify.trust import SignerKind, Trust
from keys_dev.make import KeyType
from tests.support import pki as pkis
from tests.support import sealed_sample
from tests.unit.verify import samples


def _failed(examination: Examination) -> list[CheckName]:
    return [check.name for check in examination.checks if check.outcome is CheckOutcome.FAILED]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_genuine_files_prove_themselves(count: int) -> None:
    """Each way of signing passes every check, and the facts say who signed, where and when."""
    examination = samples.look(samples.genuine(count))
    assert (examination.kind, examination.reasons) == (FileKind.OURS_INTACT, ())
    assert {check.outcome for check in examination.checks} == {CheckOutcome.PASSED}
    facts = examination.signatures
    assert [each.slot for each in facts] == sealed_sample.SLOTS[count]
    assert [each.covers_whole_file for each in facts] == [False] * (count - 1) + [True]
    assert all(
        signature.intact
        and signature.trusted
        and signature.level == "B-LT"
        and signature.time_source is TimeSource.TIMESTAMP
        for signature in facts
    )
    assert facts[-1].signer == "Trạm Y tế Phúc Xá"
    assert facts[-1].issuer_ca.startswith("certsvc Issuing CA")
    assert facts[-1].signed_at is not None
    assert abs(facts[-1].signed_at - samples.now()) < dt.timedelta(hours=1)


@pytest.mark.parametrize("prefer_pss", [False, True])
def test_rsa_of_both_schemes_is_accepted(prefer_pss: bool) -> None:
    """PKCS#1 v1.5 and PSS [signatures, Algorithms]."""
    data = samples.genuine(2, key_type=KeyType.RSA_2048, prefer_pss=prefer_pss)
    assert samples.look(data, believing=samples.trust(KeyType.RSA_2048)).kind is FileKind.OURS_INTACT


def test_without_answers_in_the_file_our_own_lists_do() -> None:
    """A B-T file is proven with our CRLs, and cannot be checked without any."""
    data = samples.genuine(2, profile=Profile.B_T)
    examination = samples.look(data)
    assert (examination.kind, examination.signatures[0].level) == (FileKind.OURS_INTACT, "B-T")
    unproven = samples.look(data, believing=replace(samples.trust(), crls=()))
    assert (unproven.kind, unproven.reasons, _failed(unproven)) == (
        FileKind.UNPROVEN,
        (Reason.LIST_TOO_OLD,),
        [CheckName.REVOCATION],
    )


def test_a_profile_without_timestamps_must_be_wished_for() -> None:
    """B-B passes if the profile says so, with the time only claimed; otherwise it counts as tampering."""
    data = samples.genuine(1, profile=Profile.B_B)
    assert _failed(samples.look(data)) == [CheckName.TIMESTAMP]
    examination = samples.look(data, believing=replace(samples.trust(), require_timestamp=False))
    assert (examination.kind, examination.signatures[0].level, examination.signatures[0].time_source) == (
        FileKind.OURS_INTACT,
        "B-B",
        TimeSource.CLAIMED,
    )
    assert {check.name for check in examination.checks if check.outcome is CheckOutcome.NOT_DONE} == {
        CheckName.TIMESTAMP
    }


@pytest.mark.parametrize(("days", "kind"), [(-1, FileKind.UNTRUSTED), (1, FileKind.OURS_INTACT)])
def test_our_list_overrules_the_good_answer_in_the_file(days: int, kind: FileKind) -> None:
    """Revoked before signing: refused, though the file brings "good". Revoked after: it was good then."""
    pki = samples.pki()
    listed = samples.crl_naming(
        pki, pki.identity().certificate, revoked_at=samples.now() + days * samples.DAY
    )
    examination = samples.look(
        samples.genuine(3), believing=replace(samples.trust(), crls=(pki.read("root.crl"), listed))
    )
    assert examination.kind is kind
    assert _failed(examination) == ([CheckName.REVOCATION] if kind is FileKind.UNTRUSTED else [])


def test_a_revoked_stamper_proves_nothing_ever() -> None:
    """Whoever has the authority's key can write any date, so the date of revocation is irrelevant."""
    pki = samples.pki()
    listed = samples.crl_naming(
        pki, x509.load_pem_x509_certificate(pki.read("tsa.pem")), revoked_at=samples.now() + samples.DAY
    )
    examination = samples.look(
        samples.genuine(1), believing=replace(samples.trust(), crls=(pki.read("root.crl"), listed))
    )
    assert (examination.kind, _failed(examination)) == (FileKind.UNTRUSTED, [CheckName.TIMESTAMP])


def test_development_certificates_need_leave() -> None:
    """In production, nothing with DEV ONLY in its subject passes."""
    assert (
        samples.look(samples.genuine(1), believing=replace(samples.trust(), allow_dev=False)).kind
        is FileKind.UNTRUSTED
    )


def test_a_time_in_the_future_is_refused() -> None:
    """A time-stamp later than our clock is rejected."""
    examination = examine(
        samples.genuine(1), trust=samples.trust(), now=samples.now() - samples.DAY, limits=samples.LIMITS
    )
    assert _failed(examination) == [CheckName.TIMESTAMP]


@pytest.mark.parametrize("anchors", ["anchors", "tsa_anchors", "tsa_pins", "pins"])
def test_every_part_of_trust_is_needed(anchors: str) -> None:
    """Foreign roots, a foreign stamper, a foreign signer: pins and roots each refuse alone."""
    other = samples.trust(KeyType.RSA_2048)
    believing = replace(samples.trust(), **{anchors: getattr(other, anchors)})
    assert samples.look(samples.genuine(2), believing=believing).kind in {
        FileKind.UNTRUSTED,
        FileKind.TAMPERED,
    }


def test_unsigned_files_are_not_signed() -> None:
    """A page before any signature, with and without empty signature fields."""
    assert samples.look(samples.unsigned()).kind is FileKind.NOT_SIGNED
    data = samples.genuine(3)
    first = samples.places(data)[0].object_start
    assert samples.look(data[: data.rfind(b"%%EOF", 0, first) + 6]).kind is FileKind.NOT_SIGNED


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"%PDF-1.7\n", b"%PDF-1.7\nstartxref\n0\n%%EOF", b"\n%PDF-1.7", b"PK\x03\x04"]
)
def test_rubbish_is_unreadable(data: bytes) -> None:
    """Empty files, other files, PDF headers followed by nothing."""
    assert samples.look_at_stranger(data).kind is FileKind.UNREADABLE


def test_an_encrypted_file_is_said_to_be_one() -> None:
    """Nobody can read a password-protected copy, which is an answer."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(samples.unsigned())))
    writer.encrypt(owner_pass="mật khẩu", user_pass="mật khẩu")  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    assert samples.look_at_stranger(out.getvalue()).kind is FileKind.ENCRYPTED


@pytest.mark.parametrize(
    ("password", "kind", "reason"),
    [("mat-khau", FileKind.ENCRYPTED, Reason.ENCRYPTED), ("", FileKind.TAMPERED, Reason.TAMPERED)],
)
@pytest.mark.parametrize("is_ours", [True, False])
def test_a_signed_file_saved_with_a_password_is_encrypted(
    tmp_path: Path, *, password: str, kind: FileKind, reason: Reason, is_ours: bool
) -> None:
    """Our own certificate and a stranger's document alike, though both still show their signatures.

    If anybody can open it and only changes are forbidden, we see that it was rewritten.
    """
    original, copy = tmp_path / "original.pdf", tmp_path / "copy.pdf"
    original.write_bytes(samples.genuine(2) if is_ours else _signed_by("Nguyễn Văn Lạ"))
    subprocess.run(
        ["qpdf", "--encrypt", password, "owner", "256", "--", str(original), str(copy)],
        check=True,
        capture_output=True,
    )
    examination = samples.look(copy.read_bytes())
    assert (examination.kind, examination.reasons) == (kind, (reason,))


def test_the_word_encrypt_alone_is_not_encryption() -> None:
    """A file of ours with the word after its end was tampered with, not encrypted."""
    assert samples.look(samples.genuine(1) + b"\n% /Encrypt").kind is FileKind.TAMPERED


def test_a_file_over_the_size_is_too_complex() -> None:
    """The limit is an argument, and applies before anything is parsed."""
    data = samples.genuine(1)
    examination = examine(
        data, trust=samples.trust(), now=samples.now(), limits=Limits(max_bytes=len(data) - 1)
    )
    assert examination.kind is FileKind.TOO_COMPLEX


@functools.cache
def _signed_by(name: str) -> bytes:
    """Somebody's PDF with their own self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Công ty Thử Nghiệm"),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
    )
    builder = builder.not_valid_before(samples.now() - samples.DAY).not_valid_after(
        samples.now() + samples.DAY
    )
    bundle = pkcs12.serialize_key_and_certificates(
        b"x", key, builder.sign(key, hashes.SHA256()), None, NoEncryption()
    )
    signer = SimpleSigner.load_pkcs12_data(bundle, other_certs=[])
    out = sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(samples.unsigned())),
        PdfSignatureMetadata(field_name="Signature1"),
        signer=signer,
    )
    return bytes(out.getvalue())


def test_a_strangers_signature_is_named_and_not_ours() -> None:
    """An intact foreign document: who signed, as a claim, and never trusted."""
    examination = samples.look(_signed_by("Nguyễn Văn Lạ"))
    assert (examination.kind, examination.reasons) == (FileKind.SIGNED_BY_OTHER, (Reason.SIGNED_BY_OTHER,))
    [facts] = examination.signatures
    assert (facts.signer, facts.organisation, facts.slot, facts.trusted, facts.intact) == (
        "Nguyễn Văn Lạ",
        "Công ty Thử Nghiệm",
        None,
        False,
        True,
    )


def test_a_strangers_changed_document_is_tampered() -> None:
    """A foreign signature over other content vouches for nothing."""
    data = _signed_by("Nguyễn Văn Lạ")
    at = data.index(b"%PDF-1.7") + 12
    assert (
        samples.look_at_stranger(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]).kind is FileKind.TAMPERED
    )
    assert samples.look_at_stranger(samples.revised(data, samples.replace_page)).kind is FileKind.TAMPERED


@pytest.mark.parametrize("name", ["Trạm Y tế Phúc Xá", "TRẠM Y TẾ  PHÚC XÁ", "Mai Hữu Nghĩa"])
def test_a_stranger_under_our_name_is_untrusted(name: str) -> None:
    """Self-signed with a name of ours: not merely unknown, but a forgery; case and spaces do not help."""
    assert samples.look(_signed_by(name)).kind is FileKind.UNTRUSTED


def test_another_holder_of_our_ca_is_somebody_else() -> None:
    """The same CA, the same stamper, a whole seal of three, but not our signers: pins decide."""
    other = samples.trust_of(
        samples.pki(), facility_code="01802", licences=("000011/HNO-CCHN", "000012/HNO-CCHN")
    )
    examination = samples.look(samples.genuine(3), believing=other)
    assert (examination.kind, examination.reasons) == (FileKind.SIGNED_BY_OTHER, (Reason.SIGNED_BY_OTHER,))


def test_signers_must_fit_their_slots_and_station() -> None:
    """An unpinned signature, a person in the organisation's slot, another station's signer: refused."""
    believing = samples.trust()
    for digest, pin in believing.pins.items():
        without = {key: value for key, value in believing.pins.items() if key != digest}
        elsewhere = {**believing.pins, digest: replace(pin, facility_code="01802")}
        for pins in (without, elsewhere):
            assert _failed(samples.look(samples.genuine(3), believing=replace(believing, pins=pins))) == [
                CheckName.CHAIN
            ]
    swapped = {
        digest: replace(pin, kind=next(kind for kind in SignerKind if kind is not pin.kind))
        for digest, pin in believing.pins.items()
    }
    assert _failed(samples.look(samples.genuine(1), believing=replace(believing, pins=swapped))) == [
        CheckName.CHAIN
    ]


def test_a_look_alike_ca_is_untrusted(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A second PKI with exactly the same names: right names, wrong keys."""
    forged = sealed_sample.sealed(pkis.make(tmp_path_factory.mktemp("look-alike")), 3).pdf
    assert samples.look(forged).kind is FileKind.UNTRUSTED


def test_trust_and_examination_travel_unchanged() -> None:
    """An examination survives the way between processes."""
    believing = samples.trust()
    assert Trust.from_bytes(believing.to_bytes()) == believing
    examination = samples.look(samples.genuine(3))
    assert Examination.from_json(examination.to_json()) == examination
    assert {facts.slot for facts in examination.signatures} == set(Slot)


def test_checking_works_inside_a_running_loop() -> None:
    """Our own check before publishing runs within an event loop: nothing starts another."""

    async def check() -> FileKind:
        return samples.look(samples.genuine(1)).kind

    assert asyncio.run(check()) is FileKind.OURS_INTACT
