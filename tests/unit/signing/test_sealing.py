"""The seal: what stands in the file, in which order, and what is refused before anybody signs."""

import dataclasses
import io
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm

from certsvc.config import Profile
from certsvc.models import Slot
from certsvc.signing.identities import Identity
from certsvc.signing.sealing import Sealed
from certsvc.signing.signers import Scheme, Signer
from keys_dev.make import KeyType
from tests.support import pki as pkis
from tests.support import sealed_sample as samples


@pytest.fixture(scope="module")
def sealed() -> dict[int, Sealed]:
    return {count: samples.sealed(pkis.shared(), count) for count in (3, 2, 1)}


def reader(pdf: bytes) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(pdf))


def signer_info(signature: Any) -> cms.SignerInfo:
    return signature.signed_data["signer_infos"][0]


@pytest.mark.parametrize("count", [3, 2, 1])
def test_signatures_stand_in_order_each_in_its_own_revision(sealed: dict[int, Sealed], count: int) -> None:
    """Base, preparation, then one revision a signature; each signature covers its file up to its own end."""
    result = sealed[count]
    signatures = reader(result.pdf).embedded_regular_signatures
    assert [signature.field_name for signature in signatures] == [str(slot) for slot in samples.SLOTS[count]]
    for signature, end in zip(signatures, result.ends[1:], strict=True):
        first, length, second, rest = signature.byte_range
        assert (first, second + rest) == (0, end)
        assert result.pdf[length:second].strip(b"<>").isalnum()
        assert result.pdf[:end].endswith(b"%%EOF\n")
    assert result.ends[-1] == len(result.pdf)
    assert result.pdf.count(b"%%EOF") == 2 + count
    assert result.pdf.startswith(samples.filled())


@pytest.mark.parametrize("count", [3, 2, 1])
def test_first_certifies_and_last_locks(sealed: dict[int, Sealed], count: int) -> None:
    """P=2 on the first (P=1 where it is alone), FieldMDP over all fields with P=1 on the last, in field and signature."""
    signatures = reader(sealed[count].pdf).embedded_regular_signatures
    expected = {3: [MDPPerm.FILL_FORMS, None, MDPPerm.NO_CHANGES], 2: [MDPPerm.FILL_FORMS, MDPPerm.NO_CHANGES], 1: [MDPPerm.NO_CHANGES]}
    assert [signature.docmdp_level for signature in signatures] == expected[count]
    root = reader(sealed[count].pdf).root
    assert root["/Perms"]["/DocMDP"].raw_get("/ByteRange") == signatures[0].sig_object.raw_get("/ByteRange")
    *_, last = root["/AcroForm"]["/Fields"]
    assert last.get_object()["/Lock"]["/P"] == 1
    assert last.get_object()["/Lock"]["/Action"] == "/All"
    assert signatures[-1].fieldmdp.is_locked("anything")
    assert all(signature.fieldmdp is None for signature in signatures[:-1])


def test_there_is_no_form_field_but_the_slots(sealed: dict[int, Sealed]) -> None:
    """All fields stand in the preparation already, below the first signature."""
    result = sealed[3]
    prepared = reader(result.pdf[: result.ends[0]])
    names = [field.get_object()["/T"] for field in prepared.root["/AcroForm"]["/Fields"]]
    assert names == [str(slot) for slot in Slot]
    assert not prepared.embedded_signatures
    assert "/DSS" in prepared.root


def test_signature_revisions_change_only_field_and_catalog(sealed: dict[int, Sealed]) -> None:
    """Neither /Info nor XMP nor page is touched; the catalog only by the certifying signature."""
    pdf = reader(sealed[3].pdf)
    catalog = pdf.trailer.raw_get("/Root").idnum
    fields = [field.idnum for field in pdf.root["/AcroForm"]["/Fields"]]
    existing = {ref.idnum for revision in (0, 1) for ref in pdf.xrefs.explicit_refs_in_revision(revision)}
    touched = [{ref.idnum for ref in pdf.xrefs.explicit_refs_in_revision(revision)} & existing for revision in (2, 3, 4)]
    assert touched == [{catalog, fields[0]}, {fields[1]}, {fields[2]}]
    prepared = {ref.idnum for ref in pdf.xrefs.explicit_refs_in_revision(1)}
    metadata = {pdf.trailer.raw_get("/Info").idnum, pdf.root.raw_get("/Metadata").idnum}
    assert not prepared & metadata


def test_each_field_shows_its_own_mark(sealed: dict[int, Sealed]) -> None:
    """The appearance is the mark's page, and a font that marks share is imported once."""
    fields = [field.get_object() for field in reader(sealed[3].pdf).root["/AcroForm"]["/Fields"]]
    forms = [field["/AP"]["/N"] for field in fields]
    assert len({form.data for form in forms}) == 3
    for form in forms:
        assert [float(side) for side in form["/BBox"]] == [0, 0, 150, 60]
    fonts = {str(font) for form in forms for font in _references(form["/Resources"]["/Font"])}
    assert len(fonts) == 1


def _references(fonts: DictionaryObject) -> list[Any]:
    return [fonts.raw_get(name) for name in fonts]


def test_signed_attributes_are_those_of_pades_baseline(sealed: dict[int, Sealed]) -> None:
    """EN 319 142-1 clause 6.3: content type, digest, signing-certificate-v2; no signing time; SHA-256; claimed time in /M."""
    for signature in reader(sealed[3].pdf).embedded_regular_signatures:
        info = signer_info(signature)
        assert {attribute["type"].native for attribute in info["signed_attrs"]} == {"content_type", "message_digest", "signing_certificate_v2"}
        assert info["digest_algorithm"]["algorithm"].native == "sha256"
        assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
        assert signature.self_reported_timestamp == sealed[3].signed_at.replace(microsecond=0)
        assert "/Reason" not in signature.sig_object


def test_cms_carries_the_chain_short_of_the_root(sealed: dict[int, Sealed]) -> None:
    """Signer and issuing CA; the root is the checker's to bring."""
    for signature in reader(sealed[3].pdf).embedded_regular_signatures:
        names = {cert.chosen.subject.native["common_name"] for cert in signature.signed_data["certificates"]}
        assert names == {signature.signer_cert.subject.native["common_name"], "certsvc Issuing CA DEV ONLY"}


@pytest.mark.parametrize(("profile", "stamped", "dss"), [(Profile.B_B, False, False), (Profile.B_T, True, False), (Profile.B_LT, True, True)])
def test_profile_decides_time_stamps_and_validation_material(profile: Profile, stamped: bool, dss: bool) -> None:
    """B-B nothing, B-T a time-stamp for each signature, B-LT the material for all certificates too."""
    result = samples.sealed(pkis.shared(), 2, profile=profile)
    pdf = reader(result.pdf)
    for signature in pdf.embedded_regular_signatures:
        unsigned = signer_info(signature)["unsigned_attrs"]
        assert bool(unsigned) is stamped
    assert ("/DSS" in pdf.root) is dss
    assert result.profile is profile


@pytest.mark.parametrize(("key_type", "prefer_pss"), [(KeyType.RSA_2048, False), (KeyType.RSA_2048, True), (KeyType.P256, False)])
def test_room_for_the_cms_is_enough_and_little_more(key_type: KeyType, prefer_pss: bool) -> None:
    """A bound that is computed, not tried: it fits, and leaves less than a kilobyte of zeros."""
    for signature in reader(samples.sealed(pkis.shared(key_type), 3, prefer_pss=prefer_pss).pdf).embedded_regular_signatures:
        reserved = len(signature.pkcs7_content)
        used = len(signature.signed_data.dump()) + 30
        assert 200 < reserved - used < 1024


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


def test_signer_is_asked_once_a_signature_with_a_list_of_digests() -> None:
    """No dry run, no second call: an HSM's operations are counted."""
    identity = pkis.shared().identity()
    counting = CountingSigner(identity.signer)
    [signing] = samples.signings(pkis.shared(), 1)
    counted = Identity(facility_code="01801", licence=None, certificate=identity.certificate, chain=identity.chain, signer=counting)
    samples.attempt(pkis.shared(), [dataclasses.replace(signing, identity=counted)])
    [[digest]] = counting.calls
    assert len(digest) == 32


def test_sealing_from_several_threads_at_once_is_safe() -> None:
    """Identities and authorities are shared; what they keep is bytes."""
    pki = pkis.shared()
    signings, tsa, revocation = samples.signings(pki, 3), pki.tsa(), pki.revocation()
    results: list[Sealed] = []

    def work() -> None:
        results.extend(samples.attempt(pkis.shared(), signings, time_stamper=tsa, revocation=revocation) for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 12
    for result in results:
        for signature in reader(result.pdf).embedded_regular_signatures:
            digest = next(attribute["values"][0].native for attribute in signer_info(signature)["signed_attrs"] if attribute["type"].native == "message_digest")
            assert digest == signature.compute_digest()
