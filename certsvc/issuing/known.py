"""What is known when a case is judged: stations and their staff, and the other papers of the same people."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import ApiKey, Certificate, Facility, Kind, Practitioner
from certsvc.records import Leave
from certsvc.store import papers, registry
from certsvc.store.papers import CaseKey


class Stations:
    """Facilities and practitioners as the rules ask for them; a facility's caller sees only its own."""

    def __init__(self, facilities: Iterable[Facility], practitioners: Iterable[Practitioner]) -> None:
        self._facilities = {facility.code: facility for facility in facilities}
        known = sorted(practitioners, key=lambda each: each.registered_to or dt.date.max)  # of one person's licences the latest goes by the number
        self._practitioners = {(each.social_insurance_no, each.facility_code): each for each in known}
        self._practitioners |= {(each.licence, each.facility_code): each for each in known}

    @classmethod
    async def load(cls, session: AsyncSession, *, only: str | None) -> "Stations":
        facilities = await registry.list_facilities(session, only=only)
        return cls(facilities, await registry.list_practitioners(session, facility_codes=None if only is None else [only]))

    def find_facility(self, code: str) -> Facility | None:
        return self._facilities.get(code)

    def find_practitioner(self, licence: str, facility_code: str) -> Practitioner | None:
        return self._practitioners.get((licence, facility_code))


class PeoplesHistory:
    """What is known of the people in a file, by person key: each case's leave, and open illnesses."""

    def __init__(self) -> None:
        self._leaves: defaultdict[str, dict[CaseKey, Leave]] = defaultdict(dict)
        self._episodes: defaultdict[str, set[dt.date]] = defaultdict(set)
        self._over: set[CaseKey] = set()

    def beside(self, case_key: CaseKey) -> "Beside":
        """What is known besides one case, as its judge asks."""
        return Beside(self, case_key)

    def leaves_beside(self, person_key: str, case_key: CaseKey) -> Collection[Leave]:
        return [leave for key, leave in self._leaves.get(person_key, {}).items() if key != case_key]

    def open_episodes_of(self, person_key: str) -> Collection[dt.date]:
        return self._episodes.get(person_key, set())

    def add_leave(self, person_key: str, case_key: CaseKey, leave: Leave) -> None:
        self._leaves[person_key][case_key] = leave

    def forget_leaves(self) -> None:
        self._leaves.clear()

    def add_episode(self, person_key: str, positive_on: dt.date) -> None:
        self._episodes[person_key].add(positive_on)

    def end_episode(self, case_key: CaseKey) -> None:
        """The illness of this case is over, whatever the database knows."""
        self._over.add(case_key)

    async def learn(self, session: AsyncSession, people: Mapping[str, str], *, caller: ApiKey, kinds: Collection[Kind] = tuple(Kind)) -> None:
        """Add what the database knows of these people, as far as judging `kinds` asks for it: their blind indexes by person key."""
        keys = {index: key for key, index in people.items()}
        for found in await papers.leaves_of(session, keys.keys()) if Kind.SICK_LEAVE in kinds else ():
            if found.leave_from and found.leave_to:
                leave = Leave(found.leave_from, found.leave_to, _label(found, caller))
                self.add_leave(keys[found.person], (found.facility_code, found.case_id), leave)
        for episode in await papers.open_episodes_of(session, keys.keys()) if Kind.RECOVERY in kinds else ():
            if (episode.facility_code, episode.case_id) not in self._over:
                self.add_episode(keys[episode.person], episode.positive_on)


@dataclass(frozen=True, slots=True)
class Beside:
    """A person's history as one case's judge sees it: without the case's own papers."""

    history: PeoplesHistory
    case_key: CaseKey

    def leaves_of(self, person_key: str) -> Collection[Leave]:
        return self.history.leaves_beside(person_key, self.case_key)

    def open_episodes_of(self, person_key: str) -> Collection[dt.date]:
        return self.history.open_episodes_of(person_key)


def _label(certificate: Certificate, caller: ApiKey) -> str | None:
    """How to name another certificate; other facilities' papers, and their dates, are told only to insurers [api.md §2]."""
    if not caller.may_see(certificate.facility_code):
        return None
    return certificate.serial or certificate.case_id
