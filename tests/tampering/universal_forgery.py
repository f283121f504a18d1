"""Universal forgery: a signature whose dictionary or CMS says nothing that could be checked."""

from collections.abc import Callable

from asn1crypto import cms, core

from tests.tampering.attack import BROKEN, MISPLACED, Answer, Attack
from tests.tampering.bases import Base
from tests.tampering.editing import in_signature, last, with_cms, with_hole
from tests.tampering.identities import with_key
from tests.unit.verify import samples

_BYTE_RANGE = rb"/ByteRange \[[^\]]*\] *"


def _contents(name: str, about: str, string: bytes) -> Attack:
    return Attack(f"contents-{name}", f"/Contents is {about}", lambda base: with_hole(base, string), MISPLACED)


def _self_reference(base: Base) -> bytes:
    return with_hole(base, b"%d 0 R" % last(base).object_number)


def _range(name: str, about: str, text: bytes) -> Attack:
    def make(base: Base) -> bytes:
        _, b, c, d = last(base).byte_range
        return in_signature(base, _BYTE_RANGE, b"/ByteRange " + text % {b"b": b, b"c": c, b"d": d})

    return Attack(f"range-{name}", f"/ByteRange is {about}", make, MISPLACED)


def _entry(name: str, about: str, pattern: bytes, replacement: bytes, answer: Answer = MISPLACED) -> Attack:
    return Attack(name, about, lambda base: in_signature(base, pattern, replacement), answer)


def _cms(name: str, about: str, change: Callable[[cms.ContentInfo], None], answer: Answer = BROKEN) -> Attack:
    def make(base: Base) -> bytes:
        info = cms.ContentInfo.load(last(base).cms)
        change(info)
        return with_cms(base, bytes(info.dump(force=True)))

    return Attack(f"cms-{name}", f"the CMS {about}", make, answer)


def _no_signers(info: cms.ContentInfo) -> None:
    info["content"]["signer_infos"] = cms.SignerInfos([])


def _no_certificates(info: cms.ContentInfo) -> None:
    info["content"]["certificates"] = cms.CertificateSet([])


def _no_attributes(info: cms.ContentInfo) -> None:
    signer = info["content"]["signer_infos"][0]
    kept = {name: signer[name] for name in ("version", "sid", "digest_algorithm", "signature_algorithm", "signature")}
    info["content"]["signer_infos"] = cms.SignerInfos([cms.SignerInfo(kept)])


def _two_signers(info: cms.ContentInfo) -> None:
    signer = info["content"]["signer_infos"][0]
    bare = {name: signer[name] for name in ("version", "sid", "digest_algorithm", "signature_algorithm", "signature")}
    info["content"]["signer_infos"] = cms.SignerInfos([cms.SignerInfo(bare), cms.SignerInfo(bare)])


def _embedded_content(info: cms.ContentInfo) -> None:
    info["content"]["encap_content_info"] = cms.EncapsulatedContentInfo({"content_type": "data", "content": b"30 ngay"})


def _weak_digest(info: cms.ContentInfo) -> None:
    info["content"]["signer_infos"][0]["digest_algorithm"] = {"algorithm": "md5"}


def _no_digest(info: cms.ContentInfo) -> None:
    attributes = info["content"]["signer_infos"][0]["signed_attrs"]
    kept = [each for each in attributes if each["type"].native != "message_digest"]
    info["content"]["signer_infos"][0]["signed_attrs"] = cms.CMSAttributes(kept)


def _zero_signature(info: cms.ContentInfo) -> None:
    info["content"]["signer_infos"][0]["signature"] = core.OctetString(bytes(64))


def _issuer_as_signer(info: cms.ContentInfo) -> None:
    """Certified by nobody of ours: only the CA's certificate is left."""
    ours = info["content"]["signer_infos"][0]["sid"].chosen["serial_number"].native
    others = [each for each in info["content"]["certificates"] if each.chosen.serial_number != ours]
    info["content"]["certificates"] = cms.CertificateSet(others)


def _swapped_certificate(base: Base) -> bytes:
    """Another certificate of the same issuer and serial number's holder, in the place of the pinned one."""
    info = cms.ContentInfo.load(last(base).cms)
    false = samples.der(with_key(2048).certificate)
    info["content"]["certificates"] = cms.CertificateSet([cms.CertificateChoices(name="certificate", value=cms.x509.Certificate.load(false))])
    info["content"]["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([])
    return with_cms(base, bytes(info.dump(force=True)))


def _padding(base: Base) -> bytes:
    return with_cms(base, last(base).cms + b"\x00\x01")


ATTACKS = (
    _contents("null", "null", b"null"),
    _contents("empty", "an empty string", b"<>"),
    _contents("zero", "a string of zeros", b"<" + b"0" * 64 + b">"),
    _contents("garbage", "garbage", b"<" + b"DEADBEEF" * 32 + b">"),
    _contents("number", "a number", b"17"),
    _contents("name", "a name", b"/Contents"),
    _contents("literal", "a literal string", b"(signature)"),
    Attack("contents-itself", "/Contents refers to the dictionary that holds it", _self_reference, MISPLACED),
    _range("removed", "not there", b""),
    _range("null", "null", b"null"),
    _range("empty", "an empty array", b"[]"),
    _range("zero", "four zeros", b"[0 0 0 0]"),
    _range("negative", "a negative number", b"[0 -1 %(c)d 9]"),
    _range("overlapping", "two ranges that overlap", b"[0 %(c)d %(b)d 9]"),
    _range("beyond", "longer than the file", b"[0 %(b)d %(c)d 9999999]"),
    _range("huge", "longer than any file", b"[0 %(b)d %(c)d 99999999999]"),
    _range("float", "not of whole numbers", b"[0. %(b)d %(c)d %(d)d]"),
    _range("strings", "of strings", b"[(0) (1) (2) (3)]"),
    _range("odd", "of three numbers", b"[0 %(b)d %(c)d]"),
    _range("six", "of six numbers", b"[0 1 2 %(b)d %(c)d 9]"),
    _range("late", "without the file's start", b"[9 %(b)d %(c)d %(d)d]"),
    _entry("type", "/Type says something else", rb"/Type ?/Sig\b", b"/Type /Sog"),
    _entry("sub-filter", "/SubFilter names an older form", rb"/ETSI\.CAdES\.detached", b"/adbe.pkcs7.detached"),
    _entry("sub-filter-stamp", "/SubFilter says that it is a time-stamp", rb"/ETSI\.CAdES\.detached", b"/ETSI.RFC3161"),
    _cms("no-signers", "has no signers", _no_signers),
    _cms("two-signers", "has two signers", _two_signers),
    _cms("no-certificates", "has no certificates", _no_certificates),
    _cms("no-attributes", "signs no attributes", _no_attributes),
    _cms("no-digest", "signs no digest", _no_digest),
    _cms("embedded", "brings content of its own", _embedded_content),
    _cms("md5", "names MD5", _weak_digest),
    _cms("zero-signature", "has a raw signature of zeros", _zero_signature),
    _cms("issuer", "has its signer's certificate taken away", _issuer_as_signer),
    Attack("cms-swapped", "another certificate under the same name", _swapped_certificate, BROKEN),
    Attack("cms-padding", "more than zeros behind the CMS", _padding, MISPLACED),
)
