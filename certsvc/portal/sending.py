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

from certsvc.errors import Conflict, NotFound
from certsvc.issuing.batches.exporting import Exporter
from certsvc.models import Certificate, Submission, SubmissionState
from certsvc.portal.client import Portal, Response
from certsvc.records.exchange.fields import Format
from certsvc.store import Database, certificates, submissions

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

    async def resend(self, submission_id: uuid.UUID) -> Submission:
        """Send once more what may not have arrived; somebody has looked at the portal and answers for it.

        Raises NotFound `no_such_submission`, Conflict `still_sending`, `nothing_to_resend`.
        """
        async with self.db.read() as session:
            old = await submissions.find(session, submission_id)
            certificate = None if old is None else await certificates.find(session, old.certificate_id)
        if old is None or certificate is None:
            raise NotFound("no_such_submission", "Không có lần gửi này.", "There is no such submission.")
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
                raise NotFound("no_such_submission", "Không có lần gửi này.", "There is no such submission.")
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
