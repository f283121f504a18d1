"""The seal: what stands in the file, in which order, and what is refused before anybody signs."""

import dataclasses
import hashlib
import io
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm

from certsvc.config import Profile
from certsvc.models import Slot
from certsvc.signing.identities import Identity
from certsvc.signing.sealing import Unsealed
from certsvc.signing.signers import Scheme, Signer
from keys_dev.make import KeyType
from tests.support import blanks
from tests.support import pki as pkis
from tests.support import sealed_sample as samples
from tests.support.sealed_sample import Sample


@pytest.fixture(scope="module")
def sealed() -> dict[int, Sample]:
    return {count: samples.sealed(pkis.shared(), count) for count in (3, 2, 1)}


def reader(pdf: bytes) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(pdf))


def signatures_of(pdf: bytes, *, count: int) -> Sequence[Any]:
    """All of them, so many."""
    signatures: Sequence[Any] = reader(pdf).embedded_regular_signatures
    assert len(signatures) == count
    return signatures


def signer_info(signature: Any) -> cms.SignerInfo:
    return signature.signed_data["signer_infos"][0]


@pytest.mark.parametrize("count", [3, 2, 1])
def test_signatures_stand_in_order_each_in_its_own_revision(sealed: dict[int, Sample], count: int) -> None:
    """Base, stock, then one revision a signature; each signature covers its file up to its own end."""
    result = sealed[count]
    signatures = reader(result.pdf).embedded_regular_signatures
    assert [signature.field_name for signature in signatures] == [str(slot) for slot in samples.SLOTS[count]]
    for signature, end in zip(signatures, result.ends[2:], strict=True):
        first, length, second, rest = signature.byte_range
        assert (first, second + rest) == (0, end)
        assert result.pdf[length:second].strip(b"<>").isalnum()
        assert result.pdf[:end].endswith(b"%%EOF\n")
    assert result.ends[-1] == len(result.pdf)
    assert result.pdf.count(b"%%EOF") == 2 + count
    assert result.pdf.startswith(samples.filled(count))
    assert result.ends[0] == len(samples.filled(count))


@pytest.mark.parametrize("count", [3, 1])
def test_digest_and_size_are_the_whole_files(sealed: dict[int, Sample], count: int) -> None:
    """Hashed on from a stored midstate, they are those of base, stock and revisions joined."""
    result = sealed[count]
    assert result.sealed.sha256 == hashlib.sha256(result.pdf).hexdigest()
    assert result.sealed.size == len(result.pdf)
    assert result.pdf.endswith(result.sealed.revisions)


def test_what_is_the_certificates_own_stands_under_its_first_signature(sealed: dict[int, Sample]) -> None:
    """The text stream is empty below the first signature, full in its revision, and never changed again."""
    pdf = reader(sealed[3].pdf)
    texts = [
        pdf.get_historical_resolver(revision).root["/Pages"]["/Kids"][0]["/Contents"][1].data
        for revision in range(5)
    ]
    assert texts[:2] == [b"", b""]
    assert texts[2]
    assert texts[2:] == [texts[2]] * 3


@pytest.mark.parametrize("count", [3, 2, 1])
def test_first_certifies_and_last_locks(sealed: dict[int, Sample], count: int) -> None:
    """P=2 on the first (P=1 if alone); FieldMDP over all with P=1 on the last, in field and signature."""
    signatures = reader(sealed[count].pdf).embedded_regular_signatures
    expected = {
        3: [MDPPerm.FILL_FORMS, None, MDPPerm.NO_CHANGES],
        2: [MDPPerm.FILL_FORMS, MDPPerm.NO_CHANGES],
        1: [MDPPerm.NO_CHANGES],
    }
    assert [signature.docmdp_level for signature in signatures] == expected[count]
    root = reader(sealed[count].pdf).root
    assert root["/Perms"]["/DocMDP"].raw_get("/ByteRange") == signatures[0].sig_object.raw_get("/ByteRange")
    *_, last = root["/AcroForm"]["/Fields"]
    assert last.get_object()["/Lock"]["/P"] == 1
    assert last.get_object()["/Lock"]["/Action"] == "/All"
    assert signatures[-1].fieldmdp.is_locked("anything")
    assert all(signature.fieldmdp is None for signature in signatures[:-1])


def test_there_is_no_form_field_but_the_slots(sealed: dict[int, Sample]) -> None:
    """All fields stand in the base already; the stock adds the validation material."""
    result = sealed[3]
    base, stocked = (reader(result.pdf[:end]) for end in result.ends[:2])
    names = [field.get_object()["/T"] for field in stocked.root["/AcroForm"]["/Fields"]]
    assert names == [str(slot) for slot in Slot]
    assert not stocked.embedded_signatures
    assert "/DSS" in stocked.root
    assert "/DSS" not in base.root


def test_signature_revisions_change_only_what_they_must(sealed: dict[int, Sample]) -> None:
    """The first fills the text and enters itself in the catalog; each signs its field; all else stays."""
    pdf = reader(sealed[3].pdf)
    catalog = pdf.trailer.raw_get("/Root").idnum
    fields = [field.idnum for field in pdf.root["/AcroForm"]["/Fields"]]
    existing = {ref.idnum for revision in (0, 1) for ref in pdf.xrefs.explicit_refs_in_revision(revision)}
    touched = [
        {ref.idnum for ref in pdf.xrefs.explicit_refs_in_revision(revision)} & existing
        for revision in (2, 3, 4)
    ]
    assert touched == [{catalog, fields[0], blanks.TEXT_STREAM}, {fields[1]}, {fields[2]}]
    in_base = {ref.idnum for ref in pdf.xrefs.explicit_refs_in_revision(0)}
    assert {ref.idnum for ref in pdf.xrefs.explicit_refs_in_revision(1)} & in_base == {catalog}


def test_each_field_shows_its_mark_and_the_time(sealed: dict[int, Sample]) -> None:
    """The appearance draws the stock's picture, then the time line in the base's own font."""
    root = reader(sealed[3].pdf).root
    fields = [field.get_object() for field in root["/AcroForm"]["/Fields"]]
    pictures = {signing.slot: signing.picture for signing in samples.signings(pkis.shared(), 3)}
    for field in fields:
        appearance = field["/AP"]["/N"]
        assert [float(side) for side in appearance["/BBox"]] == [0, 0, 150, 60]
        assert appearance["/Resources"]["/XObject"]["/Mark"].data == pictures[Slot(field["/T"])]
        assert appearance["/Resources"]["/Font"].raw_get("/F").idnum == 7
        operators = appearance.data
        assert operators.startswith(b"/Mark Do\n")
        assert operators.endswith(samples.time_line(sealed[3].sealed.signed_at, 150))


def test_a_chunk_is_sealed_together_and_each_certificate_is_its_own() -> None:
    """Sheets of several stocks and numbers of signers in one call: every file whole, every digest its own."""
    pki = pkis.shared()
    sheets = [
        Unsealed(samples.stock_of(pki, samples.signings(pki, count)), blanks.with_text(f"số {number}"))
        for number, count in enumerate((3, 1, 2, 3))
    ]
    results = [
        samples.whole(sheet, result) for sheet, result in zip(sheets, samples.attempt(sheets), strict=True)
    ]
    assert [len(reader(result.pdf).embedded_regular_signatures) for result in results] == [3, 1, 2, 3]
    assert [result.sealed.sha256 for result in results] == [
        hashlib.sha256(result.pdf).hexdigest() for result in results
    ]
    assert len({result.sealed.sha256 for result in results}) == 4


def test_signed_attributes_are_those_of_pades_baseline(sealed: dict[int, Sample]) -> None:
    """Content type, digest, certificate, no time as attributes; SHA-256; time in /M [EN 319 142-1 §6.3]."""
    for signature in signatures_of(sealed[3].pdf, count=3):
        info = signer_info(signature)
        assert {attribute["type"].native for attribute in info["signed_attrs"]} == {
            "content_type",
            "message_digest",
            "signing_certificate_v2",
        }
        assert info["digest_algorithm"]["algorithm"].native == "sha256"
        assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
        assert signature.self_reported_timestamp == sealed[3].sealed.signed_at.replace(microsecond=0)
        assert "/Reason" not in signature.sig_object


def test_cms_carries_the_chain_short_of_the_root(sealed: dict[int, Sample]) -> None:
    """Signer and issuing CA; the root is the checker's to bring."""
    for signature in signatures_of(sealed[3].pdf, count=3):
        names = {cert.chosen.subject.native["common_name"] for cert in signature.signed_data["certificates"]}
        assert names == {signature.signer_cert.subject.native["common_name"], "certsvc Issuing CA DEV ONLY"}


@pytest.mark.parametrize(
    ("profile", "stamped", "dss"),
    [(Profile.B_B, False, False), (Profile.B_T, True, False), (Profile.B_LT, True, True)],
)
def test_profile_decides_time_stamps_and_validation_material(
    profile: Profile, stamped: bool, dss: bool
) -> None:
    """B-B nothing, B-T a time-stamp for each signature, B-LT the material for all certificates too."""
    result = samples.sealed(pkis.shared(), 2, profile=profile)
    pdf = reader(result.pdf)
    for signature in signatures_of(result.pdf, count=2):
        unsigned = signer_info(signature)["unsigned_attrs"]
        assert bool(unsigned) is stamped
    assert ("/DSS" in pdf.root) is dss
    assert result.sealed.profile is profile


@pytest.mark.parametrize(
    ("key_type", "prefer_pss"), [(KeyType.RSA_2048, False), (KeyType.RSA_2048, True), (KeyType.P256, False)]
)
def test_room_for_the_cms_is_what_it_can_need_at_most(key_type: KeyType, prefer_pss: bool) -> None:
    """The bound is computed: RSA fills it to the last byte, and two ECDSA signatures vary by a few."""
    for signature in signatures_of(
        samples.sealed(pkis.shared(key_type), 3, prefer_pss=prefer_pss).pdf, count=3
    ):
        unused = len(signature.pkcs7_content) - len(cms.ContentInfo.load(signature.pkcs7_content).dump())
        assert unused == 0 if key_type is KeyType.RSA_2048 else 0 <= unused < 16


class CountingSigner:
    """A signer elsewhere: notes what it is asked and lets the true key answer."""

    def __init__(self, inner: Signer) -> None:
        self._inner = inner
        self.calls: list[list[bytes]] = []

    @property
    def scheme(self) -> Scheme:
        return self._inner.scheme

    async def sign(self, digests: Sequence[bytes]) -> list[bytes]:
        assert isinstance(digests, list)
        self.calls.append(digests)
        return await self._inner.sign(digests)


def counted(identity: Identity, counting: Signer) -> Identity:
    return Identity(
        facility_code=identity.facility_code,
        licence=identity.licence,
        certificate=identity.certificate,
        chain=identity.chain,
        signer=counting,
    )


def test_signer_is_asked_once_a_step_for_all_its_sheets() -> None:
    """No dry run, one call for the chunk: an HSM's operations and a remote service's calls are counted."""
    [signing] = samples.signings(pkis.shared(), 1)
    counting = CountingSigner(signing.identity.signer)
    stock = samples.stock_of(
        pkis.shared(), [dataclasses.replace(signing, identity=counted(signing.identity, counting))]
    )
    samples.attempt([Unsealed(stock, blanks.with_text(text)) for text in "abc"])
    [digests] = counting.calls
    assert [len(digest) for digest in digests] == [32] * 3
    assert len(set(digests)) == 3


def test_sealing_from_several_threads_at_once_is_safe() -> None:
    """Identities, stocks and authorities are shared; what they keep is bytes, and hashes that are copied."""
    pki = pkis.shared()
    stock, tsa = samples.stock_of(pki, samples.signings(pki, 3)), pki.tsa()
    sheets = [Unsealed(stock, blanks.with_text(str(number))) for number in range(3)]
    results: list[Sample] = []

    def work() -> None:
        results.extend(
            samples.whole(sheet, result)
            for sheet, result in zip(sheets, samples.attempt(sheets, time_stamper=tsa), strict=True)
        )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 12
    for result in results:
        for signature in signatures_of(result.pdf, count=3):
            digest = next(
                attribute["values"][0].native
                for attribute in signer_info(signature)["signed_attrs"]
                if attribute["type"].native == "message_digest"
            )
            assert digest == signature.compute_digest()
