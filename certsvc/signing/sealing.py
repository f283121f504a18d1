"""The seal: a filled PDF becomes a certificate, signed in every slot of its design [design §4].

Bytes in, bytes out; only signer, time-stamper and revocation source may talk to anybody. Invariants
of what comes out: the signatures stand in the order of `Slot`, each in an incremental revision of
its own; the first certifies the document, the last locks it and covers the whole file.
"""

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.general import SigningError

from certsvc.config import Profile
from certsvc.errors import Broken
from certsvc.models import Slot
from certsvc.signing import cms, revisions
from certsvc.signing.identities import Identity
from certsvc.signing.revocation import RevocationInfo, RevocationSource
from certsvc.signing.tsa import TimeStamper

Box = tuple[int, float, float, float, float]
"""Page from 0; left, bottom, right, top in points from that page's lower left corner."""

_LABELS = {
    Slot.PRACTITIONER: "Chữ ký số của người hành nghề khám bệnh, chữa bệnh",
    Slot.REPRESENTATIVE: "Chữ ký số của đại diện đơn vị",
    Slot.ORGANISATION: "Chữ ký số của đơn vị",
}


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs in which slot, where it shows, and which page of the marks document (from 0) it shows.

    The mark's page is scaled to the box: make both the same size.
    """

    slot: Slot
    box: Box
    identity: Identity
    mark_page: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed certificate; `ends` are the file's sizes after the preparation and after each signature."""

    pdf: bytes
    profile: Profile
    signed_at: dt.datetime
    ends: tuple[int, ...]


async def seal(
    filled: bytes,
    *,
    marks: bytes,
    signings: Sequence[Signing],
    profile: Profile,
    time_stamper: TimeStamper,
    revocation: RevocationSource,
    now: dt.datetime,
    production: bool,
) -> Sealed:
    """Sign `filled` (PDF without form fields) in every slot of `signings`, in that order, at `now` (aware).

    `marks` is a PDF whose pages are what the signatures show. Level by ETSI EN 319 142-1 clause 6:
    B-T and up carry a time-stamp for each signature, B-LT the answers for all certificates too.
    Raises Broken: `wrong_signings`, `unfit_key`, `signing_failed`, `unsignable_pdf`; Unavailable as
    signer, time-stamper and revocation source do.
    """
    # 1. Who may sign, before anything is asked of anybody.
    _check(signings, now=now, production=production)
    # 2. One revision with all fields, marks and validation material.
    stamper = None if profile is Profile.B_B else time_stamper
    answers = await _answers(signings, time_stamper, revocation) if profile is Profile.B_LT else None
    pdf = io.BytesIO(filled)
    pdf.seek(0, io.SEEK_END)
    numbers = _prepare(pdf, signings=signings, marks=marks, answers=answers)
    # 3. One revision for each signature.
    ends = [pdf.getbuffer().nbytes]
    for signing in signings:
        await _sign(pdf, signing, mark=numbers[signing.slot], now=now, stamper=stamper, first=signing is signings[0], last=signing is signings[-1])
        ends.append(pdf.getbuffer().nbytes)
    return Sealed(pdf=pdf.getvalue(), profile=profile, signed_at=now, ends=tuple(ends))


def _check(signings: Sequence[Signing], *, now: dt.datetime, production: bool) -> None:
    slots = [signing.slot for signing in signings]
    if not slots or slots != [slot for slot in Slot if slot in slots]:
        raise _wrong_signings("slots missing, repeated or out of order")
    if len({signing.identity.facility_code for signing in signings}) != 1:
        raise _wrong_signings("signers of several facilities")
    for signing in signings:
        if not signing.identity.fits(signing.slot):
            raise _wrong_signings(f"the identity is not of the kind that signs as {signing.slot}")
        signing.identity.check_fit(now, production=production)


async def _answers(signings: Sequence[Signing], time_stamper: TimeStamper, revocation: RevocationSource) -> RevocationInfo:
    return await revocation.gather([*(signing.identity.certificate for signing in signings), time_stamper.certificates[0]])


def _prepare(pdf: io.BytesIO, *, signings: Sequence[Signing], marks: bytes, answers: RevocationInfo | None) -> revisions.MarkNumbers:
    fields = [
        revisions.Field(name=signing.slot, label=_LABELS[signing.slot], page=signing.box[0], box=signing.box[1:], mark_page=signing.mark_page)
        for signing in signings
    ]
    try:
        return revisions.prepare(pdf, fields=fields, marks=marks, revocation=answers)
    except PdfError as error:
        raise Broken("unsignable_pdf", "Tệp PDF không ký được.", "The filled PDF or its marks cannot be signed.") from error


async def _sign(pdf: io.BytesIO, signing: Signing, *, mark: tuple[int, int], now: dt.datetime, stamper: TimeStamper | None, first: bool, last: bool) -> None:
    identity = signing.identity
    try:
        signature = revisions.Signature(
            pdf,
            signing.slot,
            mark=mark,
            name=identity.name,
            now=now,
            max_cms_bytes=cms.max_cms_bytes(identity, time_stamper=stamper),
            first=first,
            last=last,
        )
        signature.close(await cms.sign_digest(signature.digest, identity=identity, time_stamper=stamper))
    except (PdfError, SigningError) as error:
        raise Broken("signing_failed", "Không tạo được chữ ký số.", "Cannot write the signature.") from error


def _wrong_signings(why_en: str) -> Broken:
    return Broken("wrong_signings", "Danh sách người ký không hợp lệ.", f"The list of signers is wrong: {why_en}.")
