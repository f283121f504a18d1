"""Universal forgery: a signature whose dictionary or CMS says nothing that could be checked."""

from typing import Any

from asn1crypto import cms, x509

from tests.tampering.attack import BORROWED, BROKEN, MISPLACED, Answer, Attack, alone
from tests.tampering.bases import STREAM_1_T, STREAM_3_LTA, TABLE_3_LT, Base
from tests.tampering.editing import CmsChange, in_signature, last, with_changed_cms, with_cms, with_hole
from tests.tampering.identities import with_key
from tests.unit.verify import samples

_ROOMY = (TABLE_3_LT, STREAM_1_T, STREAM_3_LTA)
"""With room behind the CMS: tokens vary in length."""

_BYTE_RANGE = rb"/ByteRange ?\[[^\]]*\] *"


def _contents(name: str, about: str, string: bytes) -> Attack:
    return Attack(
        f"contents-{name}",
        f"/Contents is {about}",
        lambda base: with_hole(base, string),
        MISPLACED,
        answers=alone(BROKEN),
    )


def _self_reference(base: Base) -> bytes:
    return with_hole(base, b"%d 0 R" % last(base).object_number)


def _range(name: str, about: str, text: bytes) -> Attack:
    def make(base: Base) -> bytes:
        _, b, c, d = last(base).byte_range
        return in_signature(base, _BYTE_RANGE, b"/ByteRange " + text % {b"b": b, b"c": c, b"d": d})

    return Attack(f"range-{name}", f"/ByteRange is {about}", make, MISPLACED)


def _entry(name: str, about: str, pattern: bytes, replacement: bytes, answer: Answer = MISPLACED) -> Attack:
    return Attack(name, about, lambda base: in_signature(base, pattern, replacement), answer)


def _cms(name: str, about: str, change: CmsChange, answer: Answer = BROKEN, **more: Any) -> Attack:
    return Attack(
        f"cms-{name}", f"the CMS {about}", lambda base: with_changed_cms(base, change), answer, **more
    )


def _without(*names: str) -> CmsChange:
    """Without these fields of the signer's info."""

    def change(data: dict[str, Any], signer: dict[str, Any]) -> None:
        for name in names:
            del signer[name]

    return change


def _no_signers(data: dict[str, Any], signer: dict[str, Any]) -> None:
    data["signer_infos"] = []


def _two_signers(data: dict[str, Any], signer: dict[str, Any]) -> None:
    bare = {name: value for name, value in signer.items() if name != "unsigned_attrs"}
    data["signer_infos"] = [cms.SignerInfo(bare), cms.SignerInfo(bare)]


def _no_certificates(data: dict[str, Any], signer: dict[str, Any]) -> None:
    del data["certificates"]


def _embedded_content(data: dict[str, Any], signer: dict[str, Any]) -> None:
    data["encap_content_info"] = {"content_type": "data", "content": b"30 ngay"}


def _weak_digest(data: dict[str, Any], signer: dict[str, Any]) -> None:
    signer["digest_algorithm"] = {"algorithm": "md5"}


def _no_digest(data: dict[str, Any], signer: dict[str, Any]) -> None:
    signer["signed_attrs"] = [
        each for each in signer["signed_attrs"] if each["type"].native != "message_digest"
    ]


def _zero_signature(data: dict[str, Any], signer: dict[str, Any]) -> None:
    signer["signature"] = bytes(64)


def _issuer_as_signer(data: dict[str, Any], signer: dict[str, Any]) -> None:
    """Certified by nobody of ours: only the CA's certificate is left."""
    ours = signer["sid"].chosen["serial_number"].native
    data["certificates"] = [each for each in data["certificates"] if each.chosen.serial_number != ours]


def _swapped_certificate(data: dict[str, Any], signer: dict[str, Any]) -> None:
    false = x509.Certificate.load(samples.der(with_key(2048).certificate))
    data["certificates"] = [cms.CertificateChoices(name="certificate", value=false)]
    del signer["unsigned_attrs"]


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
    Attack(
        "contents-itself",
        "/Contents refers to the dictionary that holds it",
        _self_reference,
        MISPLACED,
        answers=alone(BROKEN),
    ),
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
    _entry("type", "/Type says something else", rb"/Type ?/Sig(?=[ /\n])", b"/Type /Sog"),
    _entry(
        "sub-filter", "/SubFilter names an older form", rb"/ETSI\.CAdES\.detached", b"/adbe.pkcs7.detached"
    ),
    _entry(
        "sub-filter-stamp",
        "/SubFilter says that it is a time-stamp",
        rb"/ETSI\.CAdES\.detached",
        b"/ETSI.RFC3161",
    ),
    _cms("no-signers", "has no signers", _no_signers),
    _cms("two-signers", "has two signers", _two_signers, bases=_ROOMY),
    _cms("no-certificates", "has no certificates", _no_certificates, BORROWED, answers=alone(BROKEN)),
    _cms("no-attributes", "signs no attributes", _without("signed_attrs")),
    _cms("no-digest", "signs no digest", _no_digest),
    _cms("embedded", "brings content of its own", _embedded_content, bases=(TABLE_3_LT,)),
    _cms("md5", "names MD5", _weak_digest),
    _cms("zero-signature", "has a raw signature of zeros", _zero_signature),
    _cms(
        "issuer",
        "has its signer's certificate taken away",
        _issuer_as_signer,
        BORROWED,
        answers=alone(BROKEN),
    ),
    _cms(
        "swapped",
        "has another certificate under the same name",
        _swapped_certificate,
        BORROWED,
        answers=alone(BROKEN),
    ),
    Attack("cms-padding", "more than zeros behind the CMS", _padding, MISPLACED, _ROOMY),
)
