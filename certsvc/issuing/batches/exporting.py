"""Sick leave as exchange files for the social insurance: one certificate, or a ZIP with one file a case.

Only what is issued and in force is exported, and only what keeps its format's field table: the rest is
refused in words, in a ZIP left out and told in its `export.csv`. In the place of what was replaced goes what
replaced it.
"""

import datetime as dt
import json
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from certsvc.clock import day_in_hanoi
from certsvc.config import Environment, Settings
from certsvc.errors import CertsvcError, Conflict, InputError
from certsvc.issuing.authority import no_head, representatives_on
from certsvc.issuing.batches.results import file_name
from certsvc.issuing.batches.zips import Member, zip_stream
from certsvc.issuing.visibility import not_issued
from certsvc.models import Certificate, Delegation, Kind, Practitioner, Status
from certsvc.records import Case
from certsvc.records.exchange.ct07 import FORM_07_FROM, TAGS_2022, TAGS_2025, Ct07Facts, ct07_tags
from certsvc.records.exchange.fields import Format, field_table
from certsvc.records.exchange.xml import document, dossier, envelope
from certsvc.records.exchange.xml11 import Xml11Facts, xml11_tags, xml11_xml
from certsvc.records.workbooks.cells import BOM, csv_row
from certsvc.signing.identities import Identity
from certsvc.signing.xmldsig import sign_element
from certsvc.store import Database, batches, certificates, registry
from certsvc.trust.identities import choose_identity, open_keyring
from certsvc.vault import Vault

_COLUMNS = ("serial", "case_id", "certificate_id", "outcome", "field", "message_vi", "message_en")


@dataclass(frozen=True, slots=True)
class _Signers:
    """Who examined, and the `head`, or who was delegated in the head's place."""

    head: Practitioner
    examiner: Practitioner


class Exporter:
    """Makes exchange files; for one request, for it remembers the staff and the keys it met."""

    def __init__(self, db: Database, *, vault: Vault, settings: Settings) -> None:
        self._db, self._vault, self._settings = db, vault, settings
        self._staff: dict[str, tuple[Sequence[Practitioner], Sequence[Delegation]]] = {}
        self._identities: dict[str, Identity] = {}

    async def file(self, certificate: Certificate, layout: Format, *, now: dt.datetime) -> bytes:
        """The certificate as a file of that format; of 2025 signed by the facility at `now`.

        Raises Conflict `not_issued`, `not_in_force`, `format_not_in_force`; InputError `no_exchange_format`,
        `breaks_field_table` (each tag in `errors`); Broken where head, key or record is missing.
        """
        _require_exportable(certificate, layout)
        case = Case.from_json(json.loads(self._vault.open_record(certificate.id, certificate.record)))
        signers = await self._signers(certificate, case)
        day, made_on = _document_day(certificate, case), day_in_hanoi(now)
        serial = certificate.serial or ""
        if layout is Format.XML11:
            facts = Xml11Facts(
                serial=serial,
                document_on=day,
                head_no=signers.head.social_insurance_no,
                practitioner_no=signers.examiner.social_insurance_no,
            )
            _require_sound(xml11_tags(case, facts), layout)
            return xml11_xml(case, facts, made_on=made_on)
        names = Ct07Facts(
            serial=serial,
            document_on=day,
            head_name=signers.head.full_name,
            practitioner_name=signers.examiner.full_name,
        )
        tags = ct07_tags(case, names, TAGS_2022 if layout is Format.CT07 else TAGS_2025)
        _require_sound(tags, layout)
        files = [("CT07", document("CT07", tags))]
        if layout is Format.CT07:
            return envelope("HSCHUNGTU", dossier(files, made_on=made_on), facility_code=case.facility_code)
        element_id = f"Id-{uuid.uuid4()}"
        inside = dossier(files, made_on=made_on, element_id=element_id)
        identity = await self._identity(case.facility_code, now=now)
        signature = await sign_element(inside.encode(), element_id, identity=identity, at=now)
        return envelope("HSCHUNGTU", inside, facility_code=case.facility_code, signature=signature)

    async def _signers(self, certificate: Certificate, case: Case) -> _Signers:
        """Who stands on the paper: its examiner, and who represented the facility when it was signed."""
        code = certificate.facility_code
        if code not in self._staff:
            async with self._db.read() as session:
                people = await registry.list_practitioners(session, facility_codes=[code])
                self._staff[code] = people, await registry.list_delegations(session, facility_codes=[code])
        people, delegations = self._staff[code]
        heads = representatives_on(_signed_on(certificate), people, delegations, as_of=certificate.signed_at)
        if not heads:
            raise no_head()
        examiner = next((each for each in people if each.licence == case.practitioner_licence), heads[0])
        return _Signers(heads[0], examiner)

    async def _identity(self, code: str, *, now: dt.datetime) -> Identity:
        """The facility's own key, as good for signing now."""
        if code not in self._identities:
            async with self._db.read() as session:
                rows = await registry.list_identities(session, facility_codes=[code])
            source = choose_identity(rows, facility_code=code, licence=None, now=now).source
            self._identities[code] = open_keyring(self._settings).identity(
                source, facility_code=code, licence=None
            )
        self._identities[code].check_fit(now, production=self._settings.environment is Environment.PRODUCTION)
        return self._identities[code]


def _require_exportable(certificate: Certificate, layout: Format) -> None:
    if certificate.kind is not Kind.SICK_LEAVE:
        raise InputError(
            "no_exchange_format",
            "Chỉ giấy nghỉ việc hưởng BHXH mới có tệp gửi cơ quan BHXH.",
            "Only sick-leave certificates have a file for the social insurance.",
        )
    if certificate.signed_at is None:
        raise not_issued(certificate)
    if certificate.status is not Status.ISSUED:
        raise Conflict(
            "not_in_force",
            "Giấy đã bị thu hồi, thay thế hoặc tạm ngừng nên không xuất được.",
            "The certificate was revoked, replaced or suspended, so it is not exported.",
            status_now=str(certificate.status),
        )
    if layout is Format.CT07 and certificate.event_on >= FORM_07_FROM:
        raise Conflict(
            "format_not_in_force",
            "Giấy khám từ ngày 01/07/2025 theo Mẫu 07 (TT 25/2025): hãy xuất theo ct07-2025 hoặc xml11.",
            "Examined from 01/07/2025 on, the certificate follows form 07 (TT 25/2025): export it as"
            " ct07-2025 or xml11.",
        )


def _require_sound(tags: dict[str, str], layout: Format) -> None:
    if mistakes := field_table(layout).mistakes(tags):
        raise InputError(
            "breaks_field_table",
            "Hồ sơ thiếu hoặc sai dữ liệu mà BHXH bắt buộc; xem từng thẻ.",
            "The record lacks what BHXH asks for, or has it in another form; see each tag.",
            errors=[each.to_json() for each in mistakes],
        )


def _signed_on(certificate: Certificate) -> dt.date:
    return certificate.event_on if certificate.signed_at is None else day_in_hanoi(certificate.signed_at)


def _document_day(certificate: Certificate, case: Case) -> dt.date:
    """The day that stands on the paper: the case's, of a re-issue its own [sick-leave, The date on the
    paper].
    """
    return _signed_on(certificate) if certificate.is_reissue else case.dated_on or certificate.event_on


def export_zip(
    exporter: Exporter, db: Database, batch_id: uuid.UUID, layout: Format, *, now: dt.datetime
) -> AsyncGenerator[bytes, None]:
    """Every sick leave of a batch and what replaced it, a file each, and `export.csv` with what was written
    and what was not, and why.
    """
    told = [csv_row(_COLUMNS)]

    async def members() -> AsyncGenerator[Member, None]:
        async for _, first in batches.lines(db, batch_id):
            if first is None or first.kind is not Kind.SICK_LEAVE:
                continue
            for certificate in await _with_successors(db, first):
                try:
                    data = await exporter.file(certificate, layout, now=now)
                except CertsvcError as error:
                    told.extend(_left_out(certificate, error))
                    continue
                known = (certificate.serial, certificate.case_id, str(certificate.id), "written")
                told.append(csv_row((*known, None, None, None)))
                yield Member(file_name(certificate, "xml"), now, _pieces(data))
        yield Member("export.csv", now, _pieces(BOM, *told), is_packed=True)

    return zip_stream(members())


async def _with_successors(db: Database, certificate: Certificate) -> list[Certificate]:
    if certificate.replaced_by_id is None:
        return [certificate]
    async with db.read() as session:
        return [certificate, *await certificates.successors(session, certificate)]


def _left_out(certificate: Certificate, error: CertsvcError) -> list[bytes]:
    items = error.errors or [{"field": None, "message_vi": error.message_vi, "message_en": error.message_en}]
    known = (certificate.serial, certificate.case_id, str(certificate.id), "left_out")
    return [csv_row((*known, item["field"], item["message_vi"], item["message_en"])) for item in items]


async def _pieces(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        yield piece
