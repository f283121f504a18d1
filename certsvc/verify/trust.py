"""Whom we believe: roots, the certificates of our signers by digest, our own revocation lists.

Pins come before paths: with only a root fixed, any other holder of a certificate below it would do.
A `Trust` holds nothing secret and travels as JSON to the process that checks.
"""

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class SignerKind(StrEnum):
    PERSON = "person"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Pin:
    """Whose signing certificate this is: `licence` names a person, `display` is the name to show."""

    kind: SignerKind
    facility_code: str
    licence: str | None
    display: str


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """A key that signs QR claims and lists of ours: P-256, as SubjectPublicKeyInfo (DER), and from when to
    when it may sign.
    """

    public_key: bytes
    valid_from: dt.datetime
    valid_to: dt.datetime


@dataclass(frozen=True, slots=True)
class OtherIssuer:
    """Who issues such certificates elsewhere: QR codes on the host of `service`, signed by its own keys for
    its own `facilities`.

    We have no register of them.
    """

    name: str
    service: str
    claim_keys: tuple[ClaimKey, ...]
    facilities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trust:
    """What a check may rely on. Certificates, CRLs and OCSP responses are DER; digests are SHA-256 in
    lower-case hex.

    `pins` maps the digest of a signing certificate to its holder, retired ones included; `tsa_pins` are the
    digests of time-stamping certificates. `allow_dev` lets certificates through whose subject says DEV ONLY;
    `require_timestamp` refuses signatures without a time-stamp. `hierarchies` are the roots of others'
    certificates by name (public, government): they say where a stranger's certificate comes from, and make
    nothing valid.
    """

    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    tsa_anchors: tuple[bytes, ...] = ()
    pins: dict[str, Pin] = field(default_factory=dict)
    tsa_pins: frozenset[str] = frozenset()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    allow_dev: bool = False
    require_timestamp: bool = True
    claim_keys: tuple[ClaimKey, ...] = ()
    hierarchies: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    others: tuple[OtherIssuer, ...] = ()

    def to_bytes(self) -> bytes:
        """JSON in UTF-8, the same bytes for the same trust."""
        document = {
            "anchors": _armour(self.anchors),
            "intermediates": _armour(self.intermediates),
            "tsa_anchors": _armour(self.tsa_anchors),
            "pins": {
                digest: [pin.kind, pin.facility_code, pin.licence, pin.display]
                for digest, pin in sorted(self.pins.items())
            },
            "tsa_pins": sorted(self.tsa_pins),
            "crls": _armour(self.crls),
            "ocsps": _armour(self.ocsps),
            "allow_dev": self.allow_dev,
            "require_timestamp": self.require_timestamp,
            "claim_keys": [_key_to_json(key) for key in self.claim_keys],
            "hierarchies": {name: _armour(roots) for name, roots in sorted(self.hierarchies.items())},
            "others": [
                [
                    other.name,
                    other.service,
                    [_key_to_json(key) for key in other.claim_keys],
                    sorted(other.facilities),
                ]
                for other in self.others
            ],
        }
        return json.dumps(document).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """The trust that `to_bytes` wrote. Raises ValueError or KeyError if it is none."""
        document = json.loads(raw)
        return cls(
            anchors=_unarmour(document["anchors"]),
            intermediates=_unarmour(document["intermediates"]),
            tsa_anchors=_unarmour(document["tsa_anchors"]),
            pins={
                digest: Pin(SignerKind(kind), facility, licence, display)
                for digest, (kind, facility, licence, display) in document["pins"].items()
            },
            tsa_pins=frozenset(document["tsa_pins"]),
            crls=_unarmour(document["crls"]),
            ocsps=_unarmour(document["ocsps"]),
            allow_dev=document["allow_dev"],
            require_timestamp=document["require_timestamp"],
            claim_keys=tuple(map(_key_from_json, document["claim_keys"])),
            hierarchies={str(name): _unarmour(roots) for name, roots in document["hierarchies"].items()},
            others=tuple(
                OtherIssuer(name, service, tuple(map(_key_from_json, keys)), frozenset(facilities))
                for name, service, keys, facilities in document["others"]
            ),
        )


def digest_of(der: bytes) -> str:
    """SHA-256 of a DER certificate, as pins are keyed."""
    return hashlib.sha256(der).hexdigest()


def _key_to_json(key: ClaimKey) -> list[str]:
    return [base64.b64encode(key.public_key).decode(), key.valid_from.isoformat(), key.valid_to.isoformat()]


def _key_from_json(item: Sequence[str]) -> ClaimKey:
    key, valid_from, valid_to = item
    return ClaimKey(
        base64.b64decode(key, validate=True),
        dt.datetime.fromisoformat(valid_from),
        dt.datetime.fromisoformat(valid_to),
    )


def _armour(values: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(value).decode() for value in values]


def _unarmour(values: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(value, validate=True) for value in values)
