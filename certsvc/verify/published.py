"""Reading what is published for offline checks: the trust list and the status lists, with their signatures.

Nothing in them is trusted before its signature is verified: the trust list's with a certificate for just this
purpose under the known root, a status list's with a key in the trust list.
"""

import base64
import datetime as dt
import itertools
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from jwt.types import Options

from certsvc.claims import LIST_LENGTH, LIST_SIGNING, key_id
from certsvc.errors import InputError
from certsvc.verify.trust import Pin, PublicClaimKey, SignerKind, Trust

VERSION = 2
"""Of the trust list's format."""

OWN = "self"
"""In a trust list, the id of the issuer that publishes it."""

ISSUER_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
"""Ids are used as file names, so they are plain."""

_MAX_LISTS = 1000
_MAX_LIST_BYTES = LIST_LENGTH // 4
_CLOCKS_DIFFER = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Issuer:
    """One who issues certificates: where its QR codes lead, and the keys that sign them and its status lists.

    `facilities` maps codes to names, `lists` has the numbers of its status lists; `x509_chains` are the keys'
    certificate chains (DER), leaf first.
    """

    id: str
    name: str
    service: str
    claim_keys: tuple[PublicClaimKey, ...]
    x509_chains: tuple[tuple[bytes, ...], ...]
    facilities: Mapping[str, str]
    list_address: str
    lists: tuple[int, ...]

    @property
    def host(self) -> str | None:
        """Where this issuer's QR codes lead, which distinguishes issuers."""
        return urlsplit(self.service).hostname

    def signs_for(self, facility_code: str) -> bool:
        """Whether it may sign for a facility; the publisher itself may for any, even closed ones."""
        return self.id == OWN or facility_code in self.facilities

    def addresses(self) -> list[str]:
        """The addresses of its status lists."""
        return [self.list_address.replace("{list}", str(number)) for number in self.lists]


@dataclass(frozen=True, slots=True)
class TrustList:
    """Whom to trust, as published by one service: itself first, then the issuers it knows.

    `trust` is for files of its own.
    """

    issued_at: dt.datetime
    root: bytes
    issuers: tuple[Issuer, ...]
    trust: Trust

    @property
    def own(self) -> Issuer:
        return self.issuers[0]

    def issuer_of(self, address: str) -> Issuer:
        """The issuer whose status list is at an address. Raises InputError `bad_status_list`."""
        found = next((issuer for issuer in self.issuers if address in issuer.addresses()), None)
        if found is None:
            raise _bad_status_list()
        return found


@dataclass(frozen=True, slots=True)
class StatusList:
    """One status list: the states of all its indices at one moment, two bits each."""

    made_at: dt.datetime
    packed: bytes

    def state(self, index: int) -> int | None:
        """0 in force, 1 revoked, 2 suspended, 3 replaced; None if the list is too short."""
        at, part = divmod(index, 4)
        return self.packed[at] >> part * 2 & 3 if at < len(self.packed) else None


def read_trust_list(body: bytes, *, root: bytes | None, now: dt.datetime) -> TrustList:
    """The trust list in a body as served at `/.well-known/certsvc.json`.

    `root` is the X.509 certificate (DER) in which the signer's chain must end; None accepts the one that the
    body names, for a body received over a trusted connection. Raises InputError `bad_trust_list`.
    """
    try:
        document = json.loads(body)
        return _trust_list(document, _signers(document.pop("signed"), document, root=root, now=now), now=now)
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        RecursionError,
        InvalidSignature,
        jwt.PyJWTError,
        x509.ExtensionNotFound,
    ) as error:
        raise InputError(
            "bad_trust_list",
            "Danh sách tin cậy hỏng hoặc không phải của dịch vụ này; hãy xem lại địa chỉ dịch vụ, hoặc hỏi"
            " người vận hành.",
            "The trust list is broken or not this service's; check its address, or ask its operator.",
        ) from error


def _signers(
    signed: str, document: Mapping[str, Any], *, root: bytes | None, now: dt.datetime
) -> list[x509.Certificate]:
    """The certificate chain of the document's signer, leaf first.

    Raises ValueError or InvalidSignature if it was signed by nobody whom we trust.
    """
    chain = _chain(jwt.get_unverified_header(signed)["x5c"])
    if (root is not None and chain[-1].public_bytes(Encoding.DER) != root) or not _may_sign(chain, now):
        raise ValueError("wrong signer")
    payload = jwt.PyJWS().decode(signed, _ec_key(chain[0].public_key()), algorithms=["ES256"])
    if json.loads(payload) != document:
        raise ValueError("another document was signed")
    return chain


def _ec_key(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("not a key for ES256")
    return key


def _chain(x5c: Sequence[str]) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(base64.b64decode(der, validate=True)) for der in x5c]


def _may_sign(chain: Sequence[x509.Certificate], now: dt.datetime) -> bool:
    """Whether each certificate was issued by the next, all are valid, and the first is for signing lists."""
    for lower, upper in itertools.pairwise(chain):
        lower.verify_directly_issued_by(upper)
        if not upper.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    chain[-1].verify_directly_issued_by(chain[-1])
    usages = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return x509.ObjectIdentifier(LIST_SIGNING) in usages and all(
        cert.not_valid_before_utc <= now <= cert.not_valid_after_utc for cert in chain
    )


def _trust_list(
    document: Mapping[str, Any], chain: Sequence[x509.Certificate], *, now: dt.datetime
) -> TrustList:
    issued_at = _instant(document["issued_at"])
    if document["version"] != VERSION or issued_at > now + _CLOCKS_DIFFER:
        raise ValueError("another version, or from the future")
    issuers = tuple(map(_issuer, document["issuers"]))
    own = document["issuers"][0]
    ids, hosts = {issuer.id for issuer in issuers}, {issuer.host for issuer in issuers}
    if issuers[0].id != OWN or not len(ids) == len(hosts) == len(issuers):
        raise ValueError("two issuers with the same name")
    root, *middle = [cert.public_bytes(Encoding.DER) for cert in reversed(chain[1:])]
    pins = {
        digest: Pin(SignerKind(kind), facility, None, "")
        for digest, (kind, facility) in own["signers"].items()
    }
    trust = Trust(
        anchors=(root,),
        intermediates=tuple(middle),
        tsa_anchors=(root,),
        pins=pins,
        tsa_pins=frozenset(own["time_stamping"]),
        crls=tuple(base64.b64decode(crl) for crl in own["crls"]),
        allow_dev=True,  # whoever trusts a development root trusts what is below it
        claim_keys=issuers[0].claim_keys,
    )
    return TrustList(issued_at, root, issuers, trust)


def _issuer(document: Mapping[str, Any]) -> Issuer:
    lists = document["status_lists"]
    issuer = Issuer(
        id=str(document["id"]),
        name=str(document["name"]),
        service=str(document["service"]),
        claim_keys=tuple(_claim_key(jwk) for jwk in document["claim_keys"]),
        x509_chains=tuple(
            tuple(base64.b64decode(der, validate=True) for der in chain) for chain in document["x509_chains"]
        ),
        facilities={str(code): str(name) for code, name in document["facilities"].items()},
        list_address=str(lists["address"]),
        lists=tuple(int(number) for number in lists["lists"]),
    )
    service, address = urlsplit(issuer.service), urlsplit(issuer.list_address)
    is_on_web = service.scheme in ("http", "https") and service.hostname
    is_one_origin = (service.scheme, service.netloc) == (address.scheme, address.netloc)
    is_sound = ISSUER_ID.fullmatch(issuer.id) and issuer.claim_keys and len(issuer.lists) <= _MAX_LISTS
    if not (is_on_web and is_one_origin and is_sound):
        raise ValueError("not an issuer")
    return issuer


def _instant(text: str) -> dt.datetime:
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no time zone")
    return instant


def _claim_key(jwk: Mapping[str, str]) -> PublicClaimKey:
    x, y = (int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "=")) for name in ("x", "y"))
    public = (
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    return PublicClaimKey(public, _instant(jwk["valid_from"]), _instant(jwk["valid_to"]))


def read_status_list(body: bytes, address: str, *, issuer: Issuer, now: dt.datetime) -> StatusList:
    """The list in a JWT as an issuer serves it at `address`, of any age.

    Raises InputError `bad_status_list`.
    """
    try:
        return _status_list(body, address, keys=issuer.claim_keys, now=now)
    except (ValueError, KeyError, TypeError, OverflowError, OSError, zlib.error, jwt.PyJWTError) as error:
        raise _bad_status_list() from error


def _bad_status_list() -> InputError:
    return InputError(
        "bad_status_list",
        "Danh sách trạng thái hỏng hoặc không phải của dịch vụ này; hãy tải lại khi có mạng.",
        "The status list is broken or not this service's; fetch it again when online.",
    )


def _status_list(
    body: bytes, address: str, *, keys: Sequence[PublicClaimKey], now: dt.datetime
) -> StatusList:
    header = jwt.get_unverified_header(body)
    kid = base64.urlsafe_b64decode(header["kid"] + "=")
    [key] = [known for known in keys if key_id(known.public_key) == kid]
    public = _ec_key(load_der_public_key(key.public_key))
    of_any_age: Options = {"verify_exp": False, "verify_iat": False}  # age is for the caller to judge
    payload = jwt.decode(body, public, algorithms=["ES256"], options=of_any_age)
    made_at = dt.datetime.fromtimestamp(payload["iat"], dt.UTC)
    if (header["typ"], payload["sub"], payload["status_list"]["bits"]) != ("statuslist+jwt", address, 2):
        raise ValueError("another list")
    if made_at > now + _CLOCKS_DIFFER or not key.valid_from <= made_at <= key.valid_to:
        raise ValueError("made at an impossible time")
    text = payload["status_list"]["lst"]
    return StatusList(made_at, _unpacked(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def _unpacked(packed: bytes) -> bytes:
    """The decompressed list, never more than one can have."""
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(packed, _MAX_LIST_BYTES + 1)
    if len(data) > _MAX_LIST_BYTES or not unpacking.eof:
        raise ValueError("list too long")
    return data
