"""Whom we trust: roots, our signers' certificates by digest, our own revocation lists.

Pins come before paths: if only a root were fixed, anybody with a certificate below it would be accepted.
A `Trust` contains nothing secret and travels as JSON to the process that checks.
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
    """The holder of a signing certificate: `licence` identifies a person, `display` is the name to show."""

    kind: SignerKind
    facility_code: str
    licence: str | None
    display: str


@dataclass(frozen=True, slots=True)
class PublicClaimKey:
    """A key for QR claims and lists: P-256, as SubjectPublicKeyInfo (DER), and its period of validity."""

    public_key: bytes
    valid_from: dt.datetime
    valid_to: dt.datetime


@dataclass(frozen=True, slots=True)
class OtherIssuer:
    """Another issuer of such certificates: QR codes on the host of `service`, signed by its own keys for its
    own `facilities`. We do not have its register.
    """

    name: str
    service: str
    claim_keys: tuple[PublicClaimKey, ...]
    facilities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trust:
    """What a check may rely on; certificates, CRLs and OCSP responses as DER, digests as SHA-256 in hex.

    `pins` maps the digests of signing certificates, including retired ones, to their holders; `tsa_pins` are
    the digests of time-stamping certificates. `allow_dev` accepts certificates whose subject says DEV ONLY;
    `require_timestamp` refuses signatures without a time-stamp. `hierarchies` maps names (public, government)
    to roots of other people's certificates: they tell where a stranger's certificate comes from, and make
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
    claim_keys: tuple[PublicClaimKey, ...] = ()
    hierarchies: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    others: tuple[OtherIssuer, ...] = ()

    def to_bytes(self) -> bytes:
        """JSON in UTF-8; equal trust gives equal bytes."""
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
        """The inverse of `to_bytes`. Raises ValueError or KeyError for anything else."""
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
    """SHA-256 of a DER certificate, the key of its pin."""
    return hashlib.sha256(der).hexdigest()


def _key_to_json(key: PublicClaimKey) -> list[str]:
    return [base64.b64encode(key.public_key).decode(), key.valid_from.isoformat(), key.valid_to.isoformat()]


def _key_from_json(item: Sequence[str]) -> PublicClaimKey:
    key, valid_from, valid_to = item
    return PublicClaimKey(
        base64.b64decode(key, validate=True),
        dt.datetime.fromisoformat(valid_from),
        dt.datetime.fromisoformat(valid_to),
    )


def _armour(values: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(value).decode() for value in values]


def _unarmour(values: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(value, validate=True) for value in values)
