"""Illnesses that are not over, as rows tell of them: what R-REINFECTION is judged by.

Other facilities are judged by rows from which a paper came, or which asked for none; a row that is rejected
counts within its own facility and file alone, and a dry run's nowhere [rules, Between facilities].
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.issuing.known import PeoplesHistory
from certsvc.issuing.terms import Answer, Terms
from certsvc.models import Batch, Episode, EpisodeMark
from certsvc.records import CaseKey, Checked
from certsvc.records.checking import OpenEpisode
from certsvc.store import papers, registry
from certsvc.vault import Vault

_ACCEPTED = frozenset({"accepted", "existing"})


@dataclass(frozen=True, slots=True)
class Episodes:
    """What the database knows of the illnesses of some rows' cases. Of a case that names no facility of ours
    nothing can be kept.

    `only` is the one facility that is issued for, as V-FACILITY has it: a row for another one says nothing.
    None for every one.
    """

    known: dict[CaseKey, Episode]
    over: Collection[CaseKey]
    facilities: Collection[str]
    only: str | None

    @classmethod
    async def of(cls, session: AsyncSession, rows: Sequence[Checked], *, terms: Terms) -> "Episodes":
        batch = await session.get(Batch, terms.batch_id) if terms.batch_id else None
        only = terms.caller.facility_code or (batch.facility_code if batch else None)
        known = await papers.episodes_by_case(
            session, {_key(row) for row in rows if only in (None, row.facility_code)}
        )
        over = {_key(row) for row in rows if row.open_episode is None and row.case is not None} & known.keys()
        facilities = await registry.facilities_by_code(
            session, {row.facility_code for row in rows if row.open_episode}
        )
        return cls(known, over, facilities, only)

    def end_in(self, history: PeoplesHistory) -> None:
        """What is over by a row of this file, is so for its other rows."""
        for case_key in self.over:
            history.end_illness(case_key)

    async def note(
        self,
        session: AsyncSession,
        rows: Sequence[Checked],
        answers: Sequence[Sequence[Answer]],
        *,
        vault: Vault,
    ) -> None:
        """Write down which illnesses are open and which are over, each as far as its row's answers allow."""
        added: dict[CaseKey, OpenEpisode] = {}
        for row, of_row in zip(rows, answers, strict=True):
            if self.only not in (None, row.facility_code):
                continue
            is_accepted = not row.wants or any(answer.outcome in _ACCEPTED for answer in of_row)
            if row.open_episode is not None and row.facility_code in self.facilities:
                added |= self._open(
                    session, _key(row), row.open_episode, is_accepted=is_accepted, vault=vault
                )
            elif _key(row) in self.over:
                await self._end(session, _key(row), is_accepted=is_accepted)
        await session.flush()
        await papers.add_all(session, EpisodeMark, _marks(added, vault))

    def _open(
        self, session: AsyncSession, key: CaseKey, told: OpenEpisode, *, is_accepted: bool, vault: Vault
    ) -> dict[CaseKey, OpenEpisode]:
        """Returns the illness where the database did not know it yet."""
        if (episode := self.known.get(key)) is not None:
            episode.is_open_here, episode.is_open = True, episode.is_open or is_accepted
            return {}
        patient = vault.seal_patient(key, told.patient)
        episode = Episode(
            facility_code=key[0],
            case_id=key[1],
            positive_on=told.positive_on,
            patient=patient,
            is_open=is_accepted,
            is_open_here=True,
        )
        self.known[key] = episode
        session.add(episode)
        return {key: told}

    async def _end(self, session: AsyncSession, key: CaseKey, *, is_accepted: bool) -> None:
        episode = self.known[key]
        episode.is_open_here, episode.is_open = False, episode.is_open and not is_accepted
        if not episode.is_open:
            await papers.end_episode(session, episode)


def _key(row: Checked) -> CaseKey:
    return row.facility_code, row.case_id


def _marks(added: Mapping[CaseKey, OpenEpisode], vault: Vault) -> list[dict[str, str]]:
    return [
        {"facility_code": facility_code, "case_id": case_id, "mark": vault.mark(mark)}
        for (facility_code, case_id), told in added.items()
        for mark in told.patient.marks
    ]
