"""What the seal refuses, and what it passes on, before or instead of signing."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from weasyprint import HTML

from certsvc.errors import Broken, Unavailable
from certsvc.models import Slot
from tests.support import pki as pkis
from tests.support import sealed_sample as samples


class Refusing:
    """A time-stamping authority that is down, and notes whether it was asked."""

    def __init__(self) -> None:
        self._real = pkis.shared().tsa()
        self.asked = 0

    @property
    def certificates(self) -> Any:
        return self._real.certificates

    @property
    def max_token_bytes(self) -> int:
        return self._real.max_token_bytes

    async def stamp(self, digest: bytes) -> bytes:
        assert len(digest) == 32
        self.asked += 1
        raise Unavailable("tsa_unavailable", "Máy chủ dấu thời gian không phản hồi.", "The time-stamping authority does not answer.")


def test_a_time_stamper_that_is_down_is_unavailable() -> None:
    """To be tried again later, whole; pyHanko does not wrap it into something else."""
    with pytest.raises(Unavailable, match="tsa_unavailable"):
        samples.attempt(pkis.shared(), samples.signings(pkis.shared(), 3), time_stamper=Refusing())


@pytest.mark.parametrize(
    "slots",
    [[], [Slot.ORGANISATION, Slot.REPRESENTATIVE], [Slot.PRACTITIONER, Slot.PRACTITIONER]],
    ids=["none", "out of order", "repeated"],
)
def test_wrong_lists_of_signers_are_refused(slots: list[Slot]) -> None:
    """Order and uniqueness of the slots [design §4], before anybody is asked for anything."""
    signings = {signing.slot: signing for signing in samples.signings(pkis.shared(), 3)}
    down = Refusing()
    with pytest.raises(Broken, match="wrong_signings"):
        samples.attempt(pkis.shared(), [signings[slot] for slot in slots], time_stamper=down)
    assert down.asked == 0


def test_identities_sign_only_where_they_may() -> None:
    """No person seals for the organisation, no seal signs for a person, no signer of another station."""
    pki = pkis.shared()
    practitioner, representative, organisation = samples.signings(pki, 3)
    strangers = [
        [practitioner, dataclasses.replace(representative, identity=pki.identity()), organisation],
        [practitioner, representative, dataclasses.replace(organisation, identity=pki.identity(pkis.HEAD))],
        [practitioner, representative, dataclasses.replace(organisation, identity=pki.identity(facility_code="01802"))],
    ]
    for signings in strangers:
        with pytest.raises(Broken, match="wrong_signings"):
            samples.attempt(pkis.shared(), signings)


def test_unfit_keys_are_refused_before_signing() -> None:
    """Expired at the moment of signing; DEV ONLY in production."""
    signings = samples.signings(pkis.shared(), 3)
    with pytest.raises(Broken, match=r"unfit_key.*expired"):
        samples.attempt(pkis.shared(), signings, now=pkis.utc_now() + dt.timedelta(days=4 * 365))
    with pytest.raises(Broken, match=r"unfit_key.*DEV ONLY"):
        samples.attempt(pkis.shared(), signings, production=True)


def test_pdfs_that_cannot_be_sealed_are_broken() -> None:
    """Not a PDF, form fields of its own, marks or pages that are not there."""
    signings = samples.signings(pkis.shared(), 1)
    form = HTML(string="<form><input name='x' style='appearance: auto'></form>").write_pdf(pdf_forms=True)
    elsewhere = [dataclasses.replace(signings[0], box=(1, 0.0, 0.0, 10.0, 10.0))]
    no_mark = [dataclasses.replace(signings[0], mark_page=9)]
    for chosen, changed in (
        (signings, {"filled": b"%PDF-1.7 nothing"}),
        (signings, {"filled": form}),
        (signings, {"marks": b"x"}),
        (elsewhere, {}),
        (no_mark, {}),
    ):
        with pytest.raises(Broken, match="unsignable_pdf"):
            samples.attempt(pkis.shared(), chosen, **changed)
