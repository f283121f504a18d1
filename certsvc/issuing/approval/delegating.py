"""Written authorities to sign: entered, withdrawn, or taken out again because they were entered by
mistake.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import day_in_hanoi
from certsvc.errors import Forbidden, InputError
from certsvc.models import ApiKey, Delegation, DelegationKind, Role, Scope
from certsvc.refusals import no_such_facility
from certsvc.store import Database, registry

MAX_DOCUMENT, MAX_GRANTED_BY = 64, 255


@dataclass(frozen=True, slots=True)
class Authority:
    """What a written authority says; without a `licence` it is for the station as a whole. `kind`: how its
    holder signs.
    """

    facility_code: str
    licence: str | None
    document: str
    granted_by: str
    valid_from: dt.date
    valid_to: dt.date | None
    kind: DelegationKind = DelegationKind.AUTHORISED


async def require_keeper(
    session: AsyncSession, facility_code: str, *, caller: ApiKey, now: dt.datetime, of_station: bool = False
) -> None:
    """That the caller may keep a facility's authorities: its registered head those of its people, an admin
    all of them, also of the station.

    Who is only delegated may not: nobody prolongs his own authority. Raises NotFound `no_such_facility`,
    Forbidden `not_head`.
    """
    if not caller.may_see(facility_code):
        raise no_such_facility()
    await registry.get_facility(session, facility_code)
    people = await registry.list_practitioners(session, facility_codes=[facility_code])
    today = day_in_hanoi(now)
    is_head = any(
        each.is_head and each.is_registered_on(today) and each.licence == caller.licence for each in people
    )
    if caller.role is not Role.ADMIN and (of_station or not (is_head and caller.may(Scope.APPROVE))):
        raise Forbidden(
            "not_head",
            "Chỉ trưởng trạm (cho người của trạm) hoặc quản trị mới thay đổi được ai ký thay.",
            "Only the station's head, for its people, or an admin may change who signs for it.",
        )


async def add_delegation(db: Database, authority: Authority, *, now: dt.datetime) -> Delegation:
    """Raises InputError `bad_authority`, `bad_period`, `unknown_facility`, `unknown_practitioner`."""
    if not 0 < len(authority.document) <= MAX_DOCUMENT or not 0 < len(authority.granted_by) <= MAX_GRANTED_BY:
        raise bad_authority()
    if authority.valid_to is not None and authority.valid_to < authority.valid_from:
        raise bad_period()
    delegation = Delegation(
        id=uuid.uuid4(),
        facility_code=authority.facility_code,
        licence=authority.licence,
        kind=authority.kind,
        document=authority.document,
        granted_by=authority.granted_by,
        valid_from=authority.valid_from,
        valid_to=authority.valid_to,
        added_at=now,
    )
    async with db.begin() as session:
        await registry.require_facility(session, authority.facility_code)
        await registry.require_practitioner(session, authority.licence, authority.facility_code)
        session.add(delegation)
    return delegation


def bad_authority() -> InputError:
    return InputError(
        "bad_authority",
        f"Cần số văn bản (tối đa {MAX_DOCUMENT} ký tự), nơi ban hành (tối đa {MAX_GRANTED_BY} ký tự), và là"
        " ký thay hay thừa uỷ quyền.",
        f"The document's number (up to {MAX_DOCUMENT} characters), who granted it (up to {MAX_GRANTED_BY})"
        " and whether its holder signs as deputy or authorised are needed.",
    )


def bad_period() -> InputError:
    return InputError(
        "bad_period",
        "Ngày bắt đầu hoặc ngày hết hạn chưa đúng, hoặc ngày hết hạn ở trước ngày bắt đầu.",
        "The first or the last day is no date, or the last is before the first.",
    )


async def withdraw_delegation(
    db: Database, delegation_id: uuid.UUID, *, now: dt.datetime, by_mistake: bool = False
) -> None:
    """From now on it is in force no more; `by_mistake`: as if it had never been entered. Raises NotFound."""
    async with db.begin() as session:
        delegation = await registry.get_delegation(session, delegation_id, for_change=True)
        if by_mistake:
            await session.delete(delegation)
        else:
            delegation.withdrawn_at = delegation.withdrawn_at or now


async def set_copies(db: Database, facility_code: str, *, both: bool) -> None:
    """Whether what is signed from now on has the facility's own copy as a second page. Raises NotFound
    `no_such_facility`.
    """
    async with db.begin() as session:
        facility = await registry.get_facility(session, facility_code)
        facility.prints_both_copies = both
