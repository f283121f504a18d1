"""The quick proof of what we are about to publish: what we sealed passes, nothing that differs does."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from asn1crypto import cms as asn1_cms
from hypothesis import given, settings
from hypothesis import strategies as st

from certsvc.config import Profile
from certsvc.signing import cms
from certsvc.verify.pdf.baseline_cms import read_cms
from certsvc.verify.pdf.der import Cursor, NotDer
from certsvc.verify.pdf.raw_signatures import prove_raw
from keys_dev.make import KeyType
from tests.support import pki as pkis
from tests.unit.verify import samples

SCHEMES = [(KeyType.RSA_2048, False), (KeyType.RSA_2048, True), (KeyType.P256, False)]


def fault(data: bytes, count: int = 1, *, key_type: KeyType = KeyType.P256) -> str | None:
    return prove_raw(data, trust=samples.trust(key_type), count=count)


@pytest.mark.parametrize(("key_type", "prefer_pss"), SCHEMES)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_we_seal_is_proven(key_type: KeyType, prefer_pss: bool, count: int) -> None:
    """Every scheme, and every number of signatures; another number is a fault."""
    data = samples.genuine(count, key_type=key_type, prefer_pss=prefer_pss)
    assert fault(data, count, key_type=key_type) is None
    assert fault(data, count + 1, key_type=key_type) == "wrong number of signatures"
    assert fault(data, count - 1, key_type=key_type) == "wrong number of signatures"


@pytest.mark.parametrize("profile", [Profile.B_B, Profile.B_T])
def test_lower_levels_are_proven_too(profile: Profile) -> None:
    """Time-stamps are no part of this proof."""
    assert fault(samples.genuine(2, profile=profile), 2) is None


def test_nothing_at_all_is_a_fault() -> None:
    """An unsigned page, and no bytes."""
    assert fault(samples.unsigned()) is not None
    assert fault(b"") is not None


def test_each_signer_must_be_pinned() -> None:
    """Any one of three unpinned is enough."""
    trust = samples.trust()
    data = samples.genuine(3)
    for digest in trust.pins:
        pins = {key: pin for key, pin in trust.pins.items() if key != digest}
        assert prove_raw(data, trust=replace(trust, pins=pins), count=3) == "signer not pinned"


@settings(max_examples=400)
@given(st.data())
def test_no_flipped_bit_outside_the_last_hole_is_proven(data: st.DataObject) -> None:
    """Base, stock, revisions, and the holes that later signatures cover."""
    genuine = samples.genuine(3)
    [*_, last] = samples.places(genuine)
    at = data.draw(
        st.integers(0, len(genuine) - 1).filter(lambda at: not last.hole_start <= at < last.hole_end)
    )
    flipped = bytearray(genuine)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    assert fault(bytes(flipped), 3) is not None


@pytest.mark.parametrize("cut", [1, 100])
def test_no_byte_more_or_less_is_proven(cut: int) -> None:
    """Cut off, doubled and added bytes, at the end and in the middle."""
    data = samples.genuine(2)
    middle = len(data) // 3
    for changed in (
        data[:-cut],
        data + b"\n" * cut,
        data[:middle] + data[middle + cut :],
        data[:middle] + data[middle : middle + cut] + data[middle:],
    ):
        assert fault(changed, 2) is not None


def resigned(data: bytes, change: Callable[[asn1_cms.SignedData], None]) -> bytes:
    """The file with the CMS of its last signature changed and encoded anew."""
    [*_, last] = samples.places(data)
    info = asn1_cms.ContentInfo.load(samples.without_timestamp(last))
    change(info["content"])
    return samples.with_cms(data, last, bytes(info.dump(force=True)))


def signer_info(signed_data: asn1_cms.SignedData) -> asn1_cms.SignerInfo:
    return signed_data["signer_infos"][0]


def _other_digest(signed_data: asn1_cms.SignedData) -> None:
    for attribute in signer_info(signed_data)["signed_attrs"]:
        if attribute["type"].native == "message_digest":
            attribute["values"] = [hashlib.sha256(b"another").digest()]


def _signing_time(signed_data: asn1_cms.SignedData) -> None:
    signer_info(signed_data)["signed_attrs"].append(
        asn1_cms.CMSAttribute(
            {"type": "signing_time", "values": [asn1_cms.Time({"utc_time": samples.now()})]}
        )
    )


def _second_digest(signed_data: asn1_cms.SignedData) -> None:
    _other = asn1_cms.CMSAttribute({"type": "message_digest", "values": [bytes(32)]})
    signer_info(signed_data)["signed_attrs"].append(_other)


def _other_algorithm(signed_data: asn1_cms.SignedData) -> None:
    signer_info(signed_data)["signature_algorithm"] = {"algorithm": "sha256_rsa"}


def _other_digest_algorithm(signed_data: asn1_cms.SignedData) -> None:
    signer_info(signed_data)["digest_algorithm"] = {"algorithm": "sha1"}


def _other_signature(signed_data: asn1_cms.SignedData) -> None:
    raw = bytearray(signer_info(signed_data)["signature"].native)
    raw[-1] ^= 1
    signer_info(signed_data)["signature"] = bytes(raw)


def _two_signers(signed_data: asn1_cms.SignedData) -> None:
    signed_data["signer_infos"] = asn1_cms.SignerInfos(
        [signer_info(signed_data), signer_info(signed_data).copy()]
    )


def _no_certificates(signed_data: asn1_cms.SignedData) -> None:
    signed_data["certificates"] = asn1_cms.CertificateSet([])


def _only_the_issuer(signed_data: asn1_cms.SignedData) -> None:
    signed_data["certificates"] = [
        choice for choice in signed_data["certificates"] if "Issuing" in choice.chosen.subject.human_friendly
    ]


def _another_serial(signed_data: asn1_cms.SignedData) -> None:
    signer_info(signed_data)["sid"].chosen["serial_number"] = 7


def _content_inside(signed_data: asn1_cms.SignedData) -> None:
    signed_data["encap_content_info"]["content"] = b"another document"


CHANGES = [
    _other_digest,
    _signing_time,
    _second_digest,
    _other_algorithm,
    _other_digest_algorithm,
    _other_signature,
    _two_signers,
    _no_certificates,
    _only_the_issuer,
    _another_serial,
    _content_inside,
]


def test_control_a_cms_encoded_anew_is_proven() -> None:
    """Without this the changes would prove nothing."""
    assert fault(resigned(samples.genuine(2), lambda _: None), 2) is None


@pytest.mark.parametrize("change", CHANGES)
def test_no_changed_part_of_the_cms_is_proven(change: Callable[[asn1_cms.SignedData], None]) -> None:
    """Digest, attributes, algorithms, value, signers, certificates, serial number, content."""
    assert fault(resigned(samples.genuine(2), change), 2) is not None


def test_a_signature_over_another_files_digest_is_not_proven() -> None:
    """Made by a pinned key over well-formed attributes, but not over these bytes."""
    data = samples.genuine(1)
    identity = samples.pki().identity()
    template = cms.template_of(identity)
    attributes = template.attributes(hashlib.sha256(b"another").digest())
    [raw] = asyncio.run(identity.signer.sign([hashlib.sha256(attributes).digest()]))
    [place] = samples.places(data)
    assert (
        fault(samples.with_cms(data, place, template.join(attributes, signature=raw, token=None)))
        == "digest does not match the bytes"
    )


def test_a_certificate_of_anothers_number_is_no_signers() -> None:
    """Another pinned person's key under the organisation's name and number does not verify."""
    data = samples.genuine(1)
    [place] = samples.places(data)
    honest, other = samples.pki().identity(), samples.pki().identity(pkis.HEAD)
    template = cms.template_of(honest)
    attributes = read_cms(place.cms).attributes
    [raw] = asyncio.run(other.signer.sign([hashlib.sha256(attributes).digest()]))
    assert (
        fault(samples.with_cms(data, place, template.join(attributes, signature=raw, token=None)))
        == "signature does not verify"
    )


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x30",
        b"\x31\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x81\x01\x00",
        b"\x30\x82\x00\x80" + bytes(128),
        b"\x30\x02\x00",
        b"\x30\x85\x00\x00\x00\x00\x01\x00",
        b"\x30\x84",
    ],
    ids=[
        "empty",
        "no length",
        "other tag",
        "indefinite",
        "long form of a short one",
        "leading zero",
        "too long",
        "five octets",
        "cut off",
    ],
)
def test_lax_encodings_are_refused(value: bytes) -> None:
    """Only DER: what two readers might read differently proves nothing."""
    with pytest.raises(NotDer):
        Cursor(value).enter(0x30)


def test_nothing_may_be_left_over() -> None:
    """Neither behind a value nor within a constructed one."""
    with pytest.raises(NotDer):
        read_cms(samples.places(samples.genuine(1))[0].cms + b"\x00")
    cursor = Cursor(b"\x02\x01\x01\x05\x00")
    assert (cursor.contents(2), cursor.is_done, cursor.is_next(5)) == (b"\x01", False, True)
    with pytest.raises(NotDer):
        cursor.close()


@settings(max_examples=300)
@given(st.binary(max_size=64), st.integers(0, 3000))
def test_rubbish_is_answered_not_raised(rubbish: bytes, at: int) -> None:
    """Overwriting bytes in a CMS is a fault, except in issuer's certificate and stamp, not signed here."""
    data = samples.genuine(1)
    [place] = samples.places(data)
    issuer = samples.der_of(samples.pki(), "issuing")
    stamp = bytes.fromhex("060b2a864886f70d010910020e")
    first, last = (
        place.cms.index(issuer),
        place.cms.index(stamp) - len("3082....") // 2,
    )  # from the head of the attribute on nothing is looked into
    changed = (place.cms[:at] + rubbish + place.cms[at + len(rubbish) :])[: len(place.cms)]
    if (changed[:first], changed[first + len(issuer) : last]) != (
        place.cms[:first],
        place.cms[first + len(issuer) : last],
    ):
        assert fault(samples.with_cms(data, place, changed)) is not None
