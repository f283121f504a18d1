"""Reading the CMS of a PAdES baseline signature like ours from its bytes [RFC 5652; EN 319 142-1 §6.3].

Strict DER in exactly this form: one signer, by issuer and serial number; SHA-256; content type, message
digest and signing certificate as signed attributes; no unsigned attributes but one set (the time-stamp),
which is not examined.
"""

from dataclasses import dataclass
from functools import lru_cache

from certsvc.verify.pdf.der import (
    CONTEXT_0,
    CONTEXT_1,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    Cursor,
    NotDer,
)

_MAX_CERTIFICATES = 8
_VERSION_1 = b"\x01"
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
PSS = bytes.fromhex(
    "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120"
)
"""Object and algorithm identifiers: RFC 5652 clauses 5.1, 11.1, 11.2, RFC 5035 clause 3, RFC 5754 clause 2.2,
RFC 4055 clauses 5 and 3.1 (SHA-256, MGF1 with SHA-256, salt 32), RFC 5758 clause 3.2.
"""


@dataclass(frozen=True, slots=True)
class BaselineCms:
    """The contents of a CMS.

    `attributes` are encoded as signed (a SET), `message_digest` is one of them, `algorithm` is the whole
    identifier (`RSA`, `PSS`, `ECDSA` or another), `raw` the raw signature.
    """

    certificate: bytes
    attributes: bytes
    message_digest: bytes
    algorithm: bytes
    raw: bytes


def read_cms(der: bytes) -> BaselineCms:
    """Read ContentInfo, SignedData and the one SignerInfo [RFC 5652 §3, §5.1, §5.3].

    Raises NotDer for any other form.
    """
    content_info = _sole(Cursor(der), SEQUENCE)
    _expect(content_info.contents(OID), _SIGNED_DATA)
    signed_data = _sole(_sole(content_info, CONTEXT_0), SEQUENCE)
    _expect(signed_data.contents(INTEGER), _VERSION_1)
    _expect(signed_data.contents(SET), _SHA256)
    _expect(_sole(signed_data.enter(SEQUENCE), OID).rest(), _DATA)
    certificates = _certificates(signed_data.enter(CONTEXT_0))
    return _read_signer(_sole(_sole(signed_data, SET), SEQUENCE), certificates)


def _read_signer(info: Cursor, certificates: list[bytes]) -> BaselineCms:
    _expect(info.contents(INTEGER), _VERSION_1)
    signer = info.contents(SEQUENCE)
    _expect(info.whole(SEQUENCE), _SHA256)
    # Signed as a SET, though encoded with another tag [RFC 5652 §5.4].
    attributes = bytes((SET,)) + info.whole(CONTEXT_0)[1:]
    algorithm, raw = info.whole(SEQUENCE), info.contents(OCTET_STRING)
    if info.is_next(CONTEXT_1):
        info.contents(CONTEXT_1)
    info.close()
    theirs = [certificate for certificate in certificates if _issuer_and_serial(certificate) == signer]
    if len(theirs) != 1:
        raise NotDer("not exactly one certificate of the signer")
    return BaselineCms(theirs[0], attributes, _message_digest(attributes), algorithm, raw)


def _certificates(choices: Cursor) -> list[bytes]:
    found = []
    while not choices.is_done:
        found.append(choices.whole(SEQUENCE))
    if len(found) > _MAX_CERTIFICATES:
        raise NotDer("too many certificates")
    return found


@lru_cache(maxsize=4096)
def _issuer_and_serial(certificate: bytes) -> bytes:
    """The certificate's issuer and serial number, as in a SignerInfo [RFC 5652 §10.2.4; RFC 5280 §4.1]."""
    tbs = _sole(Cursor(certificate), SEQUENCE).enter(SEQUENCE)
    tbs.contents(CONTEXT_0)
    serial = tbs.whole(INTEGER)
    tbs.contents(SEQUENCE)
    return tbs.whole(SEQUENCE) + serial


def _message_digest(attributes: bytes) -> bytes:
    """The digest among the signed attributes, which must be one of each type, single-valued, in DER order.

    Sources: [RFC 5652 §5.3, §11; ITU-T X.690 §11.6].
    """
    found: dict[bytes, Cursor] = {}
    attribute_set, encoded = _sole(Cursor(attributes), SET), []
    while not attribute_set.is_done:
        encoded.append(attribute_set.whole(SEQUENCE))
        attribute = _sole(Cursor(encoded[-1]), SEQUENCE)
        kind = attribute.contents(OID)
        found[kind] = _sole(attribute, SET)
    is_complete = found.keys() == {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE_V2}
    if not is_complete or len(encoded) != len(found) or encoded != sorted(encoded):
        raise NotDer("other signed attributes")
    _expect(_sole(found[_CONTENT_TYPE], OID).rest(), _DATA)
    return _sole(found[_MESSAGE_DIGEST], OCTET_STRING).rest()


def _sole(cursor: Cursor, tag: int) -> Cursor:
    """The contents of the last value there."""
    inner = cursor.enter(tag)
    cursor.close()
    return inner


def _expect(found: bytes, wanted: bytes) -> None:
    if found != wanted:
        raise NotDer("not the value that a baseline signature has")
