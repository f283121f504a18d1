"""Certificates straight from presses: every design and variant, every signature scheme, the default
profile.
"""

import datetime as dt
import itertools
import json
import os
import uuid
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certsvc.clock import day_in_hanoi
from certsvc.config import Profile, Signatures
from certsvc.files.pieces import open_piece
from certsvc.issuing.press.orders import Chunk, Made, Order, Setup, Signatory
from certsvc.issuing.press.pressing import Press
from certsvc.models import Kind, Slot
from certsvc.records import Case
from certsvc.signing.keyring import Keyring
from certsvc.templates.designs import load_designs
from certsvc.templates.values import FormFacts
from certsvc.trust.anchors import read_claim_keys
from certsvc.verify.trust import Pin, SignerKind, Trust, digest_of
from keys_dev.make import KeyType, make_pki
from tests.make_f0_cases import CaseSet, make
from tests.support.f0_cases import Row

CERTIFICATES, ONE_OF_EACH = 500, 49
"""Of a whole run, and of one that leaves out what differs in nothing but the person."""
SCHEMES = {
    "rsa-pkcs1v15": (KeyType.RSA_2048, False),
    "rsa-pss": (KeyType.RSA_2048, True),
    "ecdsa-p256": (KeyType.P256, False),
}

_TURN = 10
"""Certificates of one scheme before the next one's turn; it shares no factor with the turns of designs and
re-issues.
"""

_SLOW_EVERY = 25
_LONG_EMPLOYER = "Chi nhánh Công ty Cổ phần Thử nghiệm Xuất nhập khẩu và Dịch vụ Tổng hợp miền Bắc, " * 4
_CHUNK = 100
_TOKEN = "ABCDEFGHJKMNPQRSTVWXYZ0123"
_HOSTS = ("TRA.VN", "KIEMTRA.EXAMPLE.VN", "GIAY-CHUNG-NHAN.SO-Y-TE.HANOI.EXAMPLE.VN")
"""The longest has the 40 characters that the QR leaves for a host [verify, The QR]."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One certificate of the run, as a file."""

    path: Path
    scheme: str
    design_id: str
    head_examined: bool
    is_reissue: bool
    signatures: int
    is_fast: bool


@dataclass(frozen=True)
class Authority:
    """The keys of all stations and staff of the run, of one kind."""

    folder: Path
    prefer_pss: bool

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self.folder, prefer_pss=self.prefer_pss)

    @cached_property
    def files(self) -> Mapping[tuple[str, str | None], str]:
        return {(entry.facility_code, entry.licence): entry.file for entry in self.keyring.entries()}

    def press(self, bases: Path) -> Press:
        setup = Setup(
            self.folder,
            None,
            Profile.B_LT,
            Signatures.ALL,
            is_production=False,
            max_pdf_bytes=20_000_000,
            bases=bases,
        )
        tsa = self.keyring.embedded_tsa(clock=_now, rng=os.urandom)
        revocation, claim_keys = self.keyring.local_revocation(clock=_now), self.keyring.claim_keys()
        return Press(
            setup,
            keyring=self.keyring,
            time_stamper=tsa,
            revocation=revocation,
            claim_keys=claim_keys,
            clock=_now,
        )

    def trust(self) -> Trust:
        pins = {}
        for entry in self.keyring.entries():
            certificate = self.keyring.identity(
                entry.file, facility_code=entry.facility_code, licence=entry.licence
            ).certificate
            kind = SignerKind.PERSON if entry.licence else SignerKind.ORGANISATION
            pins[digest_of(certificate.public_bytes(Encoding.DER))] = Pin(
                kind, entry.facility_code, entry.licence, entry.name
            )
        root, issuing, tsa = (self._der(name) for name in ("root", "issuing", "tsa"))
        crls = tuple((self.folder / f"{name}.crl").read_bytes() for name in ("root", "issuing"))
        return Trust(
            (root,),
            (issuing,),
            (root,),
            pins,
            frozenset({digest_of(tsa)}),
            crls,
            allow_dev=True,
            claim_keys=read_claim_keys(self.folder),
        )

    def _der(self, name: str) -> bytes:
        return x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes()).public_bytes(
            Encoding.DER
        )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def make_authorities(folder: Path, cases: CaseSet) -> dict[str, Authority]:
    """By scheme; both RSA schemes share their keys."""
    for key_type in KeyType:
        make_pki(
            folder / key_type,
            facilities=cases.stations,
            practitioners=cases.staff,
            now=_now(),
            key_type=key_type,
        )
    return {
        scheme: Authority(folder / key_type, prefer_pss) for scheme, (key_type, prefer_pss) in SCHEMES.items()
    }


def make_run(folder: Path, *, is_whole: bool) -> tuple[list[Paper], dict[str, Authority]]:
    """Make them all, or one of each kind; schemes take turns. Raises what a press says of a certificate that
    it could not make.
    """
    cases = make(rows=CERTIFICATES, seed=3, flawed=0)
    authorities = make_authorities(folder, cases)
    orders = dict(enumerate(_orders(cases, authorities)))
    if not is_whole:
        orders = {
            number: orders[number]
            for number in {
                _sort(number, order): number for number, order in reversed(orders.items())
            }.values()
        }
    papers = []
    for place, (scheme, authority) in enumerate(authorities.items()):
        press, trust = authority.press(folder / "bases"), authority.trust().to_bytes()
        own = [order for number, order in orders.items() if _place(number) == place]
        layers: dict[str, bytes] = {}
        for start in range(0, len(own), _CHUNK):
            chunk = own[start : start + _CHUNK]
            pressed = press.press(Chunk(tuple(chunk), trust))
            if pressed.unmade:
                raise pressed.unmade[0].error
            layers |= pressed.layers
            by_id = {order.certificate_id: order for order in chunk}
            papers += [
                _paper(made, by_id[made.certificate_id], scheme, layers, folder) for made in pressed.made
            ]
    return papers, authorities


def _place(number: int) -> int:
    """Of the scheme whose turn it is."""
    return number // _TURN % len(SCHEMES)


def _sort(number: int, order: Order) -> tuple[Hashable, ...]:
    """All in which certificates differ but for the person."""
    return (
        _place(number),
        order.design_id,
        order.facts.head_examined,
        order.facts.is_reissue,
        _is_long(number),
    )


def _is_long(number: int) -> bool:
    """Whether its texts take the full layout."""
    return number % _SLOW_EVERY == 0


def _paper(made: Made, order: Order, scheme: str, layers: Mapping[str, bytes], folder: Path) -> Paper:
    path = folder / f"{made.certificate_id}.pdf"
    path.write_bytes(
        b"".join(
            (
                *(layers[name] for name in (made.base, made.stock) if name),
                open_piece(made.piece, made.data_key),
            )
        )
    )
    return Paper(
        path,
        scheme,
        order.design_id,
        order.facts.head_examined,
        order.facts.is_reissue,
        len(order.signatories),
        made.is_fast,
    )


def _orders(cases: CaseSet, authorities: Mapping[str, Authority]) -> Iterator[Order]:
    """The designs take turns, and so do first issue and re-issue; who examined is as the case has it."""
    files = {station["facility_code"]: station for station in cases.stations}
    staff = {(each["licence"], each["facility_code"]): each for each in cases.staff}
    heads = {each["facility_code"]: each for each in cases.staff if each["role"] == "head"}
    designs, paths = itertools.cycle(load_designs()), next(iter(authorities.values())).files
    for number, row in enumerate(cases.cases):
        design, case = next(designs), _case(row, is_long=_is_long(number))
        head, examiner = heads[case.facility_code], staff[case.practitioner_licence, case.facility_code]
        facts = FormFacts(
            facility_name=files[case.facility_code]["name"],
            parent_name=files[case.facility_code]["parent"],
            practitioner_name=examiner["full_name"],
            head_name=head["full_name"],
            head_examined=examiner is head,
            serial=f"{number + 1}/GXN-TYT"
            if design.kind is Kind.RECOVERY
            else f"{case.facility_code}22{number + 1:05d}",
            code=f"{number:016d}",
            verify_url=f"HTTPS://{_HOSTS[number % 3]}/V/{_TOKEN}",
            check_address="https://kiemtra.example.vn/check",
            event_on=case.event_on(design.kind),
            printed_on=day_in_hanoi(_now()),
            is_reissue=number % 7 == 0,
            decision_no="250/QĐ-BYT",
            decision_on=dt.date(2022, 1, 28),
        )
        people: dict[Slot, Row | None] = {
            Slot.PRACTITIONER: examiner,
            Slot.REPRESENTATIVE: head,
            Slot.ORGANISATION: None,
        }
        signatories = tuple(
            _signatory(slot, people[slot], facts, case.facility_code, paths)
            for slot in design.slots(head_examined=facts.head_examined)
        )
        record, serial = json.dumps(case.to_json()).encode(), facts.serial
        yield Order(
            uuid.UUID(int=number),
            design.kind,
            design.id,
            record,
            facts,
            "late",
            serial,
            _TOKEN,
            (0, number),
            signatories,
        )


def _signatory(
    slot: Slot,
    person: Row | None,
    facts: FormFacts,
    facility_code: str,
    files: Mapping[tuple[str, str | None], str],
) -> Signatory:
    name, licence = (
        (facts.facility_name, None) if person is None else (person["full_name"], person["licence"])
    )
    return Signatory(slot, name, files[facility_code, licence], facility_code, licence)


def _case(row: Row, *, is_long: bool) -> Case:
    """The case of a clean row; one with a long employer does not fit the slot, so it takes the full
    layout.
    """
    kept = {name: value for name, value in row.items() if not name.startswith("wants_")}
    dates = {name: value or None for name, value in row.items() if name.endswith("_on")}
    case = Case.from_json({**kept, **dates, "id_type": "cccd", "vaccine_doses": int(row["vaccine_doses"])})
    return replace(case, employer=_LONG_EMPLOYER, address=_LONG_EMPLOYER) if is_long else case
