"""Who may stand on a facility's certificates, as the database has it at the time of signing."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from certsvc.clock import day_in_hanoi
from certsvc.config import Signatures
from certsvc.issuing.authority import delegation_on, no_head, representatives_on, require_authorised
from certsvc.issuing.press.orders import Signatory
from certsvc.models import Delegation, DelegationKind, Facility, Practitioner, SigningIdentity, Slot
from certsvc.store import Database, registry
from certsvc.trust.identities import choose_identity

_FRESH_FOR = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Staff:
    """Who stands on one certificate. `head` is who represents the facility; `head_examined`: who examined is
    the same, and signs only as that.

    Where that is a delegate, `acting` says how; `head_title` is then still the head's, `own_title` the
    delegate's. Titles are empty where the register has none. `both_copies`: the facility wants its own copy
    printed too.
    """

    facility_name: str
    parent_name: str
    examiner_name: str
    head_name: str
    head_examined: bool
    acting: DelegationKind | None
    head_title: str
    own_title: str
    both_copies: bool
    signatories: tuple[Signatory, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """One facility with its people, their authorities to sign, and all keys that were ever its or theirs.
    Lives for seconds.
    """

    facility: Facility
    practitioners: Sequence[Practitioner]
    delegations: Sequence[Delegation]
    identities: Sequence[SigningIdentity]
    signatures: Signatures
    _found: dict[str, Staff] = field(default_factory=dict)

    def get_staff(self, licence: str, *, now: dt.datetime) -> Staff:
        """Who stands on a certificate of a case that this practitioner examined.

        Raises Broken `no_head` where nobody may represent the facility that day, `no_authority` where the
        facility itself may not issue, `no_identity` where a key is missing.
        """
        if licence not in self._found:
            self._found[licence] = self._find_staff(licence, now)
        return self._found[licence]

    def _find_staff(self, licence: str, now: dt.datetime) -> Staff:
        today = day_in_hanoi(now)
        require_authorised(self.facility.code, today, self.delegations)
        head = self._representative(today)
        examiner = next((each for each in self.practitioners if each.licence == licence), head)
        is_same = (
            examiner.social_insurance_no == head.social_insurance_no
        )  # who has had several licences is one person
        delegation = delegation_on(today, head, self.delegations)
        return Staff(
            facility_name=self.facility.name,
            parent_name=self.facility.parent,
            examiner_name=examiner.full_name,
            head_name=head.full_name,
            head_examined=is_same,
            acting=None if delegation is None else delegation.kind,
            head_title=self._head_title(today),
            own_title=head.title or "",
            both_copies=bool(self.facility.prints_both_copies),
            signatories=self._signatories(None if is_same else examiner, head, now),
        )

    def _head_title(self, day: dt.date) -> str:
        return next(
            (
                each.title
                for each in self.practitioners
                if each.is_head and each.is_registered_on(day) and each.title
            ),
            "",
        )

    def _representative(self, day: dt.date) -> Practitioner:
        found = representatives_on(day, self.practitioners, self.delegations)
        if not found:
            raise no_head()
        return found[0]

    def _signatories(
        self, examiner: Practitioner | None, head: Practitioner, now: dt.datetime
    ) -> tuple[Signatory, ...]:
        """Who signs, in order; no `examiner` where the representative examined [signers, Slots]."""
        people: list[tuple[Slot, Practitioner]] = []
        if self.signatures is Signatures.ALL:
            people = [*([(Slot.PRACTITIONER, examiner)] if examiner else []), (Slot.REPRESENTATIVE, head)]
        signers: list[tuple[Slot, str, str | None]] = [
            (slot, person.full_name, person.licence) for slot, person in people
        ]
        return tuple(
            self._signatory(*each, now) for each in (*signers, (Slot.ORGANISATION, self.facility.name, None))
        )

    def _signatory(self, slot: Slot, name: str, licence: str | None, now: dt.datetime) -> Signatory:
        identity = choose_identity(
            self.identities, facility_code=self.facility.code, licence=licence, now=now
        )
        return Signatory(slot, name, identity.source, self.facility.code, licence)


class Rosters:
    """Gives the rosters of facilities; a change by anybody is known within five seconds."""

    def __init__(self, db: Database, *, signatures: Signatures) -> None:
        self._db = db
        self._signatures = signatures
        self._kept: dict[str, tuple[dt.datetime, Roster]] = {}

    async def get(self, codes: Collection[str], *, now: dt.datetime) -> Mapping[str, Roster]:
        """Rosters by facility code; of those that exist."""
        if stale := [code for code in codes if not self._is_fresh(code, now)]:
            self._kept |= {code: (now, roster) for code, roster in (await self._load(stale)).items()}
        return {code: self._kept[code][1] for code in codes if code in self._kept}

    def _is_fresh(self, code: str, now: dt.datetime) -> bool:
        return code in self._kept and self._kept[code][0] <= now < self._kept[code][0] + _FRESH_FOR

    async def _load(self, codes: Collection[str]) -> dict[str, Roster]:
        async with self._db.read() as session:
            facilities = await registry.facilities_by_code(session, codes)
            people = await registry.list_practitioners(session, facility_codes=codes)
            delegations = await registry.list_delegations(session, facility_codes=codes)
            identities = await registry.list_identities(session, facility_codes=codes)
        return {
            code: Roster(
                facility,
                [each for each in people if each.facility_code == code],
                [each for each in delegations if each.facility_code == code],
                [each for each in identities if each.facility_code == code],
                self._signatures,
            )
            for code, facility in facilities.items()
        }
