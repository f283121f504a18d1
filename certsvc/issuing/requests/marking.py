"""Certificates and illnesses from before there were marks get theirs: `certsvc migrate` does it, a chunk a
transaction, and goes on where it was stopped.

Marks hang on the service's secret and the records on its encryption, so that no schema migration could write
them.
"""

from certsvc.issuing.certificates import marks_of
from certsvc.models import CertificateMark, EpisodeMark
from certsvc.store import Database, marks, papers
from certsvc.vault import Vault

_CHUNK = 500


async def mark_all(db: Database, *, vault: Vault) -> int:
    """Write what is lacking; returns how many certificates and illnesses got their marks. Raises Broken
    `record_unreadable` for another secret.
    """
    done = 0
    while some := await _mark_certificates(db, vault=vault):
        done += some
    while some := await _mark_episodes(db, vault=vault):
        done += some
    return done


async def _mark_certificates(db: Database, *, vault: Vault) -> int:
    async with db.begin() as session:
        found = await marks.unmarked_certificates(session, limit=_CHUNK)
        cases = [(certificate, vault.open_case(certificate.id, certificate.record)) for certificate in found]
        rows = [
            {"certificate_id": certificate.id, "mark": mark}
            for certificate, case in cases
            for mark in marks_of(case, vault=vault)
        ]
        await papers.add_all(session, CertificateMark, rows)
        for certificate in found:
            certificate.person = ""
    return len(found)


async def _mark_episodes(db: Database, *, vault: Vault) -> int:
    """An illness is about the patient of its case's certificates; without one nothing tells of whom."""
    async with db.begin() as session:
        found = await marks.unmarked_episodes(session, limit=_CHUNK)
        rows = []
        for episode, certificate in found:
            patient = vault.open_patient(certificate.id, certificate.record)
            key = (episode.facility_code, episode.case_id)
            episode.patient = vault.seal_patient(key, patient)
            rows += [
                {"facility_code": key[0], "case_id": key[1], "mark": vault.mark(mark)}
                for mark in patient.marks
            ]
        await papers.add_all(session, EpisodeMark, rows)
    return len(found)
