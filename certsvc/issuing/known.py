"""What is known when a case is judged: stations and their staff, and the other papers of the same people."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import ApiKey, Certificate, Facility, Kind, Practitioner
from certsvc.records import Case, CaseKey, Illness, Leave, Patient
from certsvc.store import papers, registry
from certsvc.vault import Vault


class Stations:
    """Facilities and practitioners as the rules ask for them; a facility's caller sees only its own."""

    def __init__(self, facilities: Iterable[Facility], practitioners: Iterable[Practitioner]) -> None:
        self._facilities = {facility.code: facility for facility in facilities}
        known = sorted(
            practitioners, key=lambda each: each.registered_to or dt.date.max
        )  # of one person's licences the latest goes by the number
        self._practitioners = {
            (each.social_insurance_no, each.facility_code): each for each in known if each.social_insurance_no
        }
        self._practitioners |= {(each.licence, each.facility_code): each for each in known}

    @classmethod
    async def load(cls, session: AsyncSession, *, only: str | None) -> "Stations":
        facilities = await registry.list_facilities(session, only=only)
        return cls(
            facilities,
            await registry.list_practitioners(session, facility_codes=None if only is None else [only]),
        )

    def find_facility(self, code: str) -> Facility | None:
        return self._facilities.get(code)

    def find_practitioner(self, licence: str, facility_code: str) -> Practitioner | None:
        return self._practitioners.get((licence, facility_code))


@dataclass(frozen=True, slots=True, repr=False)
class _Ill:
    """An illness that is not over: as other facilities are told of it, and as its own facility knows it."""

    patient: Patient
    illness: Illness
    is_open: bool = True
    is_open_here: bool = True


class PeoplesHistory:
    """What is known of the people in a file: each case's leave, open illnesses, and who has which number and
    visit.

    Found by the marks of patients, of which one person's cases share at least one.
    """

    def __init__(self) -> None:
        self._leaves: defaultdict[str, dict[CaseKey, tuple[Patient, Leave]]] = defaultdict(dict)
        self._ill: defaultdict[str, dict[CaseKey, _Ill]] = defaultdict(dict)
        self._holders: defaultdict[str, dict[CaseKey, Patient]] = defaultdict(dict)
        self._over: set[CaseKey] = set()

    def beside(self, case_key: CaseKey) -> "Beside":
        """What is known besides one case, as its judge asks."""
        return Beside(self, case_key)

    def leaves_of(self, patient: Patient, *, but: CaseKey) -> list[Leave]:
        """What the caller may not see at all is told of nobody but who has the number, and name or birth with
        it.
        """
        found = {
            key: known
            for mark in patient.marks
            for key, known in self._leaves.get(mark, {}).items()
            if key != but
        }
        return [
            leave
            for other, leave in found.values()
            if _is_same(patient, other, is_hidden=leave.label is None)
        ]

    def illnesses_of(self, patient: Patient, *, beside: CaseKey) -> list[Illness]:
        found = {key: known for mark in patient.marks for key, known in self._ill.get(mark, {}).items()}
        facility = beside[0]
        return [
            known.illness
            for key, known in found.items()
            if (known.is_open_here if key[0] == facility else known.is_open)
            and _is_same(patient, known.patient, is_hidden=known.illness.is_hidden)
        ]

    def holders_of(self, mark: str, *, but: CaseKey) -> list[Patient]:
        """Whose live certificates have this number or visit."""
        return [patient for key, patient in self._holders.get(mark, {}).items() if key != but]

    def add_leave(self, patient: Patient, leave: Leave) -> None:
        for mark in patient.marks:
            self._leaves[mark][leave.case_key] = patient, leave

    def forget_people(self) -> None:
        """Leaves, numbers and visits: the database knows them. Illnesses stay."""
        self._leaves.clear()
        self._holders.clear()

    def add_illness(self, patient: Patient, illness: Illness) -> None:
        """That a row of this very file tells of."""
        self._add(_Ill(patient, illness))

    def end_illness(self, case_key: CaseKey) -> None:
        """The illness of this case is over, whatever the database knows."""
        self._over.add(case_key)

    async def learn(
        self,
        session: AsyncSession,
        cases: Iterable[Case],
        *,
        asker: "Asker",
        vault: Vault,
        kinds: Collection[Kind] = tuple(Kind),
    ) -> None:
        """Add what the database knows of these people, and may tell the asker, as far as judging `kinds` asks
        for it.
        """
        marks = {mark for case in cases for mark in (*case.patient.marks, case.visit_mark) if mark}
        blind = [vault.mark(mark) for mark in marks]
        if not blind:
            return
        for certificate in await papers.live_by_marks(session, blind):
            if certificate.kind is Kind.SICK_LEAVE or asker.may_see(certificate.facility_code):
                self._learn_certificate(certificate, asker=asker, vault=vault)
        for episode in await papers.episodes_by_marks(session, blind) if Kind.RECOVERY in kinds else ():
            key, is_hidden = (
                (episode.facility_code, episode.case_id),
                not asker.may_see(episode.facility_code),
            )
            if (
                key not in self._over
                and episode.patient is not None
                and not (is_hidden and asker.is_rehearsing)
            ):
                patient = vault.open_ill_patient(key, episode.patient)
                self._add(
                    _Ill(
                        patient,
                        Illness(key, episode.positive_on, is_hidden),
                        episode.is_open,
                        episode.is_open_here,
                    )
                )

    def _learn_certificate(self, certificate: Certificate, *, asker: "Asker", vault: Vault) -> None:
        key, is_hidden = (
            (certificate.facility_code, certificate.case_id),
            not asker.may_see(certificate.facility_code),
        )
        if is_hidden and asker.is_rehearsing:
            return
        case = vault.open_case(certificate.id, certificate.record)
        patient = case.patient
        if certificate.leave_from and certificate.leave_to:
            label = None if is_hidden else certificate.serial or certificate.case_id
            self.add_leave(patient, Leave(key, certificate.leave_from, certificate.leave_to, label))
        if not is_hidden and (certificate.batch_id is None or certificate.batch_id != asker.but_batch):
            for mark in (*patient.numbers, case.visit_mark):
                self._holders[mark][key] = patient

    def _add(self, known: _Ill) -> None:
        for mark in known.patient.marks:
            self._ill[mark].setdefault(known.illness.case_key, known)


def _is_same(patient: Patient, other: Patient, *, is_hidden: bool) -> bool:
    return patient.is_same_by_number(other) if is_hidden else patient.is_same_person(other)


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf history is asked for: other facilities' cases are not looked at in a facility's dry
    run, lest it learns by guessing who is ill.

    Numbers and visits on certificates of `but_batch` are passed over: its reader has compared the file's
    rows.
    """

    caller: ApiKey
    is_rehearsing: bool = False
    but_batch: uuid.UUID | None = None

    def may_see(self, facility_code: str) -> bool:
        return self.caller.may_see(facility_code)


@dataclass(frozen=True, slots=True)
class Beside:
    """A person's history as one case's judge sees it: without the case's own papers."""

    history: PeoplesHistory
    case_key: CaseKey

    def leaves_of(self, patient: Patient) -> list[Leave]:
        return self.history.leaves_of(patient, but=self.case_key)

    def open_illnesses_of(self, patient: Patient) -> list[Illness]:
        return self.history.illnesses_of(patient, beside=self.case_key)

    def column_shared_with_another(self, patient: Patient) -> str | None:
        shared = [column for mark, column in patient.numbers.items() if self._is_of_another(patient, mark)]
        return shared[-1] if shared else None

    def is_visit_of_another(self, case: Case) -> bool:
        return self._is_of_another(case.patient, case.visit_mark)

    def _is_of_another(self, patient: Patient, mark: str) -> bool:
        return any(
            patient.is_another(other, mark=mark) for other in self.history.holders_of(mark, but=self.case_key)
        )
