"""One certificate asked for by itself: its record checked, and refused with every reason or with the
certificate that is there.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from certsvc.clock import day_in_hanoi
from certsvc.errors import Conflict, InputError
from certsvc.issuing.known import PeoplesHistory, Stations
from certsvc.issuing.requests.rows import answer_one
from certsvc.issuing.rulebooks import load_rulebook
from certsvc.issuing.terms import Terms
from certsvc.models import LIVE, Certificate, Kind
from certsvc.records import Cell, Checked, Finding, check
from certsvc.records.columns import CASES
from certsvc.store import Database
from certsvc.vault import Vault


def check_for(kind: Kind, record: Mapping[str, Cell], *, now: dt.datetime, stations: Stations) -> Checked:
    """A record checked for this one kind, whatever its own `wants_` columns say.

    Raises InputError `unknown_fields`.
    """
    require_known_fields(record)
    return check(record, today=day_in_hanoi(now), registry=stations, wants=frozenset({kind}))


def require_known_fields(record: Mapping[str, Cell]) -> None:
    """Raises InputError `unknown_fields`: a misspelt optional field would otherwise be missing on the
    paper.
    """
    known = {column.name for column in CASES.columns}
    if unknown := sorted(set(record) - known):
        errors = [
            {
                "field": name,
                "row": None,
                "rule": None,
                "message_vi": "Không có cột này.",
                "message_en": "There is no such column.",
            }
            for name in unknown
        ]
        raise InputError(
            "unknown_fields",
            "Hồ sơ có trường lạ; xem tên cột trong tệp mẫu.",
            "The record has unknown fields; see the sample for names.",
            errors=errors,
        )


async def request_certificate(
    db: Database, record: Mapping[str, Cell], kind: Kind, *, terms: Terms, vault: Vault
) -> tuple[Certificate, tuple[Finding, ...]]:
    """Ask for one certificate; the caller rings the queue afterwards.

    Returns it with its warnings. Raises InputError (`rejected`, every broken rule in `errors`) or
    Conflict (`already_exists`, naming the certificate, whether it says the same or something else).
    """
    async with db.begin() as session:
        stations = await Stations.load(session, only=terms.caller.facility_code)
        rules = await load_rulebook(session)
        row = check_for(kind, record, now=terms.now, stations=stations)
        answers = await answer_one(
            session, row, terms=terms, vault=vault, history=PeoplesHistory(), rules=rules
        )
        answer = next(each for each in answers if each.kind is kind)
        known_id = answer.certificate_id or answer.obstacle_id
        certificate = await session.get_one(Certificate, known_id) if known_id else None
    if certificate is None:
        raise rejected(answer.findings)
    if answer.outcome != "accepted":
        raise _already_exists(certificate, is_same_content=answer.obstacle_id is None)
    return certificate, answer.findings


def rejected(findings: Sequence[Finding], *, row: int | None = None) -> InputError:
    errors = [
        {
            "field": each.field,
            "row": row,
            "rule": each.rule,
            "message_vi": each.message_vi,
            "message_en": each.message_en,
        }
        for each in findings
    ]
    return InputError(
        "rejected",
        "Hồ sơ không đủ điều kiện cấp giấy; xem từng lỗi.",
        "The record breaks rules of this certificate; see each error.",
        errors=errors,
    )


def _already_exists(certificate: Certificate, *, is_same_content: bool) -> Conflict:
    same = "Giấy này đã được cấp hoặc đang được cấp.", "This certificate exists already."
    other = (
        "Ca này đã có giấy với nội dung khác; muốn sửa giấy đó, hãy thay thế nó (replace).",
        "The case has a certificate with other content; to correct it, replace that one (replace).",
    )
    return Conflict(
        "already_exists",
        *(same if is_same_content else other),
        certificate_id=str(certificate.id),
        serial=certificate.serial,
        is_alive=certificate.status in LIVE,
        is_same_content=is_same_content,
    )
