"""One certificate: from the claimed row to signed bytes that passed our own check.

Lay-out runs in other processes, sealing in this one; nothing here touches the database.
"""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from certsvc.config import Environment, Settings
from certsvc.errors import Broken
from certsvc.identities import choose_identity
from certsvc.issuing.requesting import today_in_hanoi
from certsvc.models import Certificate, Facility, Kind, Practitioner, SigningIdentity, Slot
from certsvc.records import Case, discharge_rule_on, late_finding
from certsvc.signing.keyring import Keyring
from certsvc.signing.revocation import RevocationSource
from certsvc.signing.sealing import Sealed, Signing, seal
from certsvc.signing.tsa import TimeStamper
from certsvc.templates.designs import Design, choose_design, find_design, load_designs
from certsvc.templates.filling import Filled, SlotBox, fill
from certsvc.templates.marks import Mark, render_marks
from certsvc.templates.preview import sample_marks, sample_values
from certsvc.templates.values import FormFacts, form_values
from certsvc.vault import Vault
from certsvc.verify.codes import format_code
from certsvc.verify.examining import Kind as FileKind
from certsvc.verify.examining import Limits, examine
from certsvc.verify.raw_signatures import prove_raw
from certsvc.verify.trust import Trust


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a worker signs with: keys, time, revocation answers, and processes that lay out."""

    keyring: Keyring
    time_stamper: TimeStamper
    revocation: RevocationSource
    layout: Executor


@dataclass(frozen=True, slots=True)
class Staff:
    """Who may stand on a certificate, as the database has it at the time of the claim."""

    facilities: dict[str, Facility]
    practitioners: Sequence[Practitioner]
    identities: Sequence[SigningIdentity]

    def find(self, licence: str, facility_code: str) -> Practitioner | None:
        return next((each for each in self.practitioners if (each.licence, each.facility_code) == (licence, facility_code)), None)

    def get_head(self, facility_code: str, *, on: dt.date) -> Practitioner:
        """Raises Broken `no_head` where nobody may represent the facility on that day."""
        heads = [each for each in self.practitioners if each.facility_code == facility_code and each.is_head and each.is_registered_on(on)]
        if not heads:
            raise Broken("no_head", "Cơ sở chưa có người đại diện được phép ký.", "Nobody is registered to represent the facility.")
        return heads[0]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One certificate's form, ready to be filled: picklable, for another process does it."""

    design_id: str
    values: dict[str, str]
    head_examined: bool
    signers: tuple[tuple[Slot, str], ...]
    organisation: str
    signed_at: dt.datetime
    development: bool


@dataclass(frozen=True, slots=True)
class Produced:
    """Signed bytes that passed our own check."""

    certificate: Certificate
    sealed: Sealed
    sha256: str
    design: str
    warnings: list[str]


def fill_sheet(sheet: Sheet) -> tuple[Filled, bytes]:
    """The filled form, and the document of its signatures' marks. Runs in a lay-out process."""
    design = find_design(sheet.design_id)
    if design is None:
        raise Broken("no_design", "Không có mẫu giấy này.", "There is no such design.")
    filled = fill(design, sheet.values, head_examined=sheet.head_examined)
    names = dict(sheet.signers)
    marks = [
        Mark(
            slot=box.slot,
            width_pt=box.x1 - box.x0,
            height_pt=box.y1 - box.y0,
            signer_name=names[box.slot],
            organisation=sheet.organisation,
            signed_at=sheet.signed_at,
            image=None,
            development=sheet.development,
        )
        for box in filled.slots
    ]
    return filled, render_marks(marks)


def warm_up() -> None:
    """Let a lay-out process import, parse and load what every form needs."""
    for design in load_designs():
        filled = fill(design, sample_values(design), head_examined=False)
        sample_marks(filled.slots)


@dataclass(frozen=True, slots=True)
class Laid:
    """A filled form with what is needed to sign it."""

    case: Case
    design: Design
    filled: Filled
    marks: bytes
    signed_at: dt.datetime
    licences: dict[Slot, str | None]


async def lay_out(certificate: Certificate, staff: Staff, workshop: Workshop, *, vault: Vault, settings: Settings, now: dt.datetime) -> Laid:
    """Fill the form of a claimed certificate, to be signed at `now`. Raises InputError or Broken where it cannot be filled."""
    case = vault.open_case(certificate)
    design = choose_design(certificate.kind, event_on=certificate.event_on)
    facility = staff.facilities[certificate.facility_code]
    head = staff.get_head(facility.code, on=today_in_hanoi(now))
    examiner = staff.find(case.practitioner_licence, facility.code) or head
    facts = _facts(certificate, facility, examiner=examiner, head=head, vault=vault, settings=settings, today=today_in_hanoi(now))
    people = {Slot.PRACTITIONER: examiner, Slot.REPRESENTATIVE: head}
    sheet = Sheet(
        design_id=design.id,
        values=form_values(design, case, facts),
        head_examined=facts.head_examined,
        signers=(*((slot, person.full_name) for slot, person in people.items()), (Slot.ORGANISATION, facility.name)),
        organisation=facility.name,
        signed_at=now,
        development=settings.environment is Environment.DEVELOPMENT,
    )
    filled, marks = await asyncio.get_running_loop().run_in_executor(workshop.layout, fill_sheet, sheet)
    licences: dict[Slot, str | None] = {slot: person.licence for slot, person in people.items()}
    return Laid(case, design, filled, marks, now, licences | {Slot.ORGANISATION: None})


def _facts(
    certificate: Certificate,
    facility: Facility,
    *,
    examiner: Practitioner,
    head: Practitioner,
    vault: Vault,
    settings: Settings,
    today: dt.date,
) -> FormFacts:
    rule = discharge_rule_on(certificate.event_on) if certificate.kind is Kind.RECOVERY else None
    return FormFacts(
        facility_name=facility.name,
        parent_name=facility.parent,
        practitioner_name=examiner.full_name,
        head_name=head.full_name,
        head_examined=examiner.is_head,
        serial=printed_serial(certificate),
        code=format_code(vault.code(certificate.id)),
        verify_url=f"{settings.base_url}/v/{vault.token(certificate.id)}".upper(),
        check_address=f"{settings.base_url}/check",
        event_on=certificate.event_on,
        printed_on=today,
        is_reissue=certificate.is_reissue,
        decision_no=rule.decision if rule else "",
        decision_on=rule.decided_on if rule else None,
        no_negative="W-NO-NEGATIVE" in certificate.warnings,
        self_watch_days=None,
    )


async def produce(certificate: Certificate, laid: Laid, staff: Staff, workshop: Workshop, *, settings: Settings, trust: Trust, in_full: bool) -> Produced:
    """Seal, and prove the result from its bytes as a stranger's file is proven; `in_full` with the whole of `verify`.

    What we would reject is never published. Raises Broken `self_check_failed`, and what sealing raises.
    """
    sealed = await seal(
        laid.filled.pdf,
        marks=laid.marks,
        signings=[_signing(box, page, certificate=certificate, laid=laid, staff=staff, workshop=workshop) for page, box in enumerate(laid.filled.slots)],
        profile=settings.profile,
        time_stamper=workshop.time_stamper,
        revocation=workshop.revocation,
        now=laid.signed_at,
        production=settings.environment is Environment.PRODUCTION,
    )
    fault = prove_raw(sealed.pdf, trust=trust, count=len(laid.filled.slots))
    if fault is None and in_full:
        examination = await asyncio.to_thread(examine, sealed.pdf, trust=trust, now=laid.signed_at, limits=Limits(max_bytes=settings.max_pdf_bytes))
        fault = None if examination.kind is FileKind.OURS_INTACT else str(examination.kind)
    if fault is not None:
        raise Broken("self_check_failed", "Bản vừa ký không qua được bước tự kiểm tra.", f"What was just signed fails our own check: {fault}.")
    return Produced(certificate, sealed, hashlib.sha256(sealed.pdf).hexdigest(), laid.design.id, _warnings(certificate, laid))


def _signing(box: SlotBox, page: int, *, certificate: Certificate, laid: Laid, staff: Staff, workshop: Workshop) -> Signing:
    facility_code, licence = certificate.facility_code, laid.licences[box.slot]
    row = choose_identity(staff.identities, facility_code=facility_code, licence=licence, now=laid.signed_at)
    identity = workshop.keyring.identity(row.source, facility_code=facility_code, licence=licence)
    return Signing(slot=box.slot, box=(box.page, box.x0, box.y0, box.x1, box.y1), identity=identity, mark_page=page)


def _warnings(certificate: Certificate, laid: Laid) -> list[str]:
    late = late_finding(laid.case, signed_on=today_in_hanoi(laid.signed_at), late_reason=certificate.late_reason)
    is_late = late is not None and certificate.kind is Kind.SICK_LEAVE
    return [*certificate.warnings, *([late.rule] if late and is_late else [])]


def printed_serial(certificate: Certificate) -> str:
    """The serial as the form prints it: a recovery paper shows `<sequence>/GXN-TYT`."""
    return f"{certificate.serial_sequence:05d}/GXN-TYT" if certificate.kind is Kind.RECOVERY else certificate.serial or ""
