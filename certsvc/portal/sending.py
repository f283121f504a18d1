"""Hand certificates in at the portal, each once.

    1. record   a transaction writes the submission as `sending`; the database holds that there is only one
    2. send     outside any transaction
    3. answer   a transaction writes what is known

Who dies between 1 and 3 leaves `sending` behind, and nobody sends it again by himself: only `resend`, which a
person asks for who has looked at the portal.
"""

import asyncio
import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from certsvc.errors import Conflict, NotFound
from certsvc.issuing.batches.exporting import Exporter
from certsvc.issuing.visibility import no_such_batch, no_such_certificate
from certsvc.models import Certificate, Kind, Submission, SubmissionState
from certsvc.portal.client import Portal, Response, words_of
from certsvc.records.exchange.fields import Format
from certsvc.store import Database, batches, certificates, submissions

_LONGEST_S = 540
_SURELY_OVER = dt.timedelta(minutes=10)
"""No try takes as long."""

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Counter:
    """Where documents are handed in; `actor` is who asked for it."""

    db: Database
    exporter: Exporter
    portal: Portal
    clock: Clock
    actor: str

    async def send(self, certificate: Certificate, layout: Format) -> tuple[Submission, bool]:
        """The certificate's submission, and whether it was sent now: one that stands is left as it is.

        Raises what `Exporter.file` and `Portal.send` raise.
        """
        async with self.db.read() as session:
            standing = await submissions.find_standing(session, certificate.id, layout)
        if standing is not None:
            return standing, False
        return await self._send(certificate, layout, resends=None), True

    async def send_by_id(self, certificate_id: uuid.UUID, layout: Format) -> Submission:
        """As `send`. Raises NotFound `no_such_certificate` too."""
        async with self.db.read() as session:
            certificate = await certificates.find(session, certificate_id)
        if certificate is None:
            raise no_such_certificate()
        submission, _ = await self.send(certificate, layout)
        return submission

    async def resend(self, submission_id: uuid.UUID) -> Submission:
        """Send once more what may not have arrived; somebody has looked at the portal and answers for it.

        Raises NotFound `no_such_submission`, Conflict `still_sending`, `nothing_to_resend`.
        """
        async with self.db.read() as session:
            old = await submissions.find(session, submission_id)
            certificate = None if old is None else await certificates.find(session, old.certificate_id)
        if old is None or certificate is None:
            raise _no_such_submission()
        _require_resendable(old, now=self.clock())
        return await self._send(certificate, Format(old.format), resends=old.id)

    async def _send(
        self, certificate: Certificate, layout: Format, *, resends: uuid.UUID | None
    ) -> Submission:
        data = await self.exporter.file(certificate, layout, now=self.clock())
        self.portal.require_ready(layout, facility_code=certificate.facility_code)
        submission = await self._record(certificate, layout, data, resends=resends)
        answer = await self._hand_in(certificate, layout, data)
        async with self.db.begin() as session:
            kept = await submissions.find(session, submission.id, for_change=True)
            if kept is None:
                raise _no_such_submission()
            if kept.state is SubmissionState.SENDING:  # else somebody has sent it again meanwhile
                kept.state = answer.state
            kept.answer_code, kept.transaction_no, kept.ended_at = (
                answer.code,
                answer.transaction_no,
                self.clock(),
            )
            facts = {"format": str(layout), "state": str(answer.state), "code": answer.code}
            certificates.record_event(
                session, certificate.id, "handed_in", at=self.clock(), actor=self.actor, **facts
            )
        return kept

    async def _hand_in(self, certificate: Certificate, layout: Format, data: bytes) -> Response:
        try:
            async with asyncio.timeout(_LONGEST_S):
                return await self.portal.send(layout, data, facility_code=certificate.facility_code)
        except TimeoutError:
            return Response(SubmissionState.UNCERTAIN, "timeout")

    async def _record(
        self, certificate: Certificate, layout: Format, data: bytes, *, resends: uuid.UUID | None
    ) -> Submission:
        """Raises Conflict `concurrent_change` where somebody else sends the same at this moment."""
        submission = Submission(
            id=uuid.uuid4(),
            certificate_id=certificate.id,
            format=str(layout),
            state=SubmissionState.SENDING,
            document_sha256=hashlib.sha256(data).hexdigest(),
            actor=self.actor,
            began_at=self.clock(),
            resends_id=resends,
        )
        async with self.db.begin() as session:
            if resends is not None:
                old = await submissions.find(session, resends, for_change=True)
                if old is not None:
                    _require_resendable(old, now=self.clock())
                    old.state, old.ended_at = SubmissionState.SUPERSEDED, self.clock()
                    await session.flush()
            session.add(submission)
        return submission


def _no_such_submission() -> NotFound:
    return NotFound("no_such_submission", "Không có lần gửi này.", "There is no such submission.")


async def sick_leaves_of(db: Database, batch_id: uuid.UUID) -> list[uuid.UUID]:
    """The certificates to send of a batch: its sick leaves, or what replaced them.

    Those not in force are among them, so that whoever sends the batch learns that they stay behind. Raises
    NotFound `no_such_batch`.
    """
    async with db.read() as session:
        if await batches.find(session, batch_id) is None:
            raise no_such_batch()
    leaves = [
        certificate
        async for _, certificate in batches.lines(db, batch_id)
        if certificate is not None and certificate.kind is Kind.SICK_LEAVE
    ]
    async with db.read() as session:
        return [[leave, *await certificates.successors(session, leave)][-1].id for leave in leaves]


class SubmissionReport(TypedDict):
    """A submission as it is shown, with the portal's answer in words."""

    id: str
    certificate_id: str
    format: str
    state: str
    answer_code: str | None
    transaction_no: str | None
    began_at: str
    ended_at: str | None
    message_vi: str
    message_en: str


def report_of(submission: Submission) -> SubmissionReport:
    vi, en = words_of(submission.answer_code)
    return {
        "id": str(submission.id),
        "certificate_id": str(submission.certificate_id),
        "format": submission.format,
        "state": str(submission.state),
        "answer_code": submission.answer_code,
        "transaction_no": submission.transaction_no,
        "began_at": submission.began_at.isoformat(),
        "ended_at": submission.ended_at.isoformat() if submission.ended_at else None,
        "message_vi": vi,
        "message_en": en,
    }


def _require_resendable(submission: Submission, *, now: dt.datetime) -> None:
    match submission.state:
        case SubmissionState.UNCERTAIN:
            return
        case SubmissionState.SENDING if submission.began_at + _SURELY_OVER <= now:
            return
        case SubmissionState.SENDING:
            raise Conflict(
                "still_sending",
                "Hồ sơ đang được gửi; hãy chờ 10 phút.",
                "The document is on its way; wait ten minutes.",
            )
        case _:
            raise Conflict(
                "nothing_to_resend",
                f"Lần gửi này đã rõ kết quả ({submission.state}).",
                f"This submission is settled ({submission.state}).",
                status_now=str(submission.state),
            )
