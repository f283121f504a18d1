"""What the seal refuses, and what it passes on, before or instead of signing."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from typing_extensions import override

from certsvc.config import Profile
from certsvc.errors import Broken, CertsvcError, Unavailable
from certsvc.models import Slot
from certsvc.signing.identities import Identity
from certsvc.signing.sealing import Sealed, Unsealed
from certsvc.signing.signers import Scheme, Signer
from certsvc.signing.stock import Signing
from tests.support import blanks
from tests.support import pki as pkis
from tests.support import sealed_sample as samples


class Refusing:
    """A time-stamping authority that is down, or only for the n-th that asks, and notes how many asked."""

    def __init__(self, *, only: int | None = None) -> None:
        self._real = pkis.shared().tsa()
        self._only = only
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
        if self._only not in {None, self.asked}:
            return await self._real.stamp(digest)
        raise Unavailable(
            "tsa_unavailable",
            "Máy chủ dấu thời gian không phản hồi.",
            "The time-stamping authority does not answer.",
        )


class Failing:
    """A signer elsewhere that gives this error, or this many signatures."""

    def __init__(self, inner: Signer, outcome: CertsvcError | int) -> None:
        self._inner = inner
        self._outcome = outcome

    @property
    def scheme(self) -> Scheme:
        return self._inner.scheme

    async def sign(self, digests: Sequence[bytes]) -> list[bytes]:
        if isinstance(self._outcome, CertsvcError):
            raise self._outcome
        return (await self._inner.sign(digests) * 2)[: self._outcome]


def sheets_of(*wanted: Sequence[Signing]) -> list[Unsealed]:
    return [
        Unsealed(samples.stock_of(pkis.shared(), signings), blanks.with_text(str(number)))
        for number, signings in enumerate(wanted)
    ]


def codes(results: Sequence[Sealed | CertsvcError]) -> list[str | None]:
    return [result.code if isinstance(result, CertsvcError) else None for result in results]


def with_signer(signing: Signing, signer: Signer) -> Signing:
    old = signing.identity
    return dataclasses.replace(
        signing, identity=Identity(old.facility_code, old.licence, old.certificate, old.chain, signer)
    )


def test_a_time_stamper_that_is_down_is_unavailable() -> None:
    """Every sheet is to be tried again later, whole."""
    wanted = samples.signings(pkis.shared(), 3)
    results = samples.attempt(sheets_of(wanted, wanted), time_stamper=Refusing())
    assert codes(results) == ["tsa_unavailable"] * 2
    assert all(isinstance(result, Unavailable) for result in results)


def test_a_time_stamper_that_fails_once_spoils_one_sheet() -> None:
    """The sheet that it would not stamp, and no other."""
    wanted = samples.signings(pkis.shared(), 1)
    assert codes(samples.attempt(sheets_of(wanted, wanted, wanted), time_stamper=Refusing(only=2))) == [
        None,
        "tsa_unavailable",
        None,
    ]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Unavailable("hsm_down", "Không kết nối được HSM.", "No HSM."), "hsm_down"),
        (0, "signing_failed"),
        (2, "signing_failed"),
    ],
)
def test_a_signer_that_fails_spoils_its_own_sheets_only(outcome: CertsvcError | int, code: str) -> None:
    """Down, or returning the wrong number of signatures; sheets of other signers succeed."""
    practitioner, representative, organisation = samples.signings(pkis.shared(), 3)
    broken = with_signer(representative, Failing(representative.identity.signer, outcome))
    results = samples.attempt(
        sheets_of([practitioner, broken, organisation], [organisation], [broken, organisation])
    )
    assert codes(results) == [code, None, code]


def test_a_signature_longer_than_its_key_allows_is_refused() -> None:
    """It would not fit its hole, and must not be cut."""
    [organisation] = samples.signings(pkis.shared(), 1)

    class Long(Failing):
        @override
        async def sign(self, digests: Sequence[bytes]) -> list[bytes]:
            return [bytes(4000) for _ in digests]

    assert codes(
        samples.attempt(sheets_of([with_signer(organisation, Long(organisation.identity.signer, 0))]))
    ) == ["signing_failed"]


@pytest.mark.parametrize(
    "slots",
    [
        [],
        [Slot.ORGANISATION, Slot.REPRESENTATIVE],
        [Slot.PRACTITIONER, Slot.PRACTITIONER],
        [Slot.ORGANISATION],
    ],
    ids=["none", "out of order", "repeated", "others than the base has"],
)
def test_wrong_lists_of_signers_are_refused(slots: list[Slot]) -> None:
    """Slots in order, each once, those of the base [architecture, Signatures on one certificate]."""
    signings = {signing.slot: signing for signing in samples.signings(pkis.shared(), 3)}
    with pytest.raises(Broken, match="wrong_signings"):
        samples.stock_of(
            pkis.shared(), [signings[slot] for slot in slots], blank=blanks.blank(tuple(samples.SLOTS[3]))
        )


def test_identities_sign_only_where_they_may() -> None:
    """No person seals for the organisation, no seal signs for a person, no signer of another station."""
    pki = pkis.shared()
    practitioner, representative, organisation = samples.signings(pki, 3)
    strangers = [
        [practitioner, dataclasses.replace(representative, identity=pki.identity()), organisation],
        [practitioner, representative, dataclasses.replace(organisation, identity=pki.identity(pkis.HEAD))],
        [
            practitioner,
            representative,
            dataclasses.replace(organisation, identity=pki.identity(facility_code="01802")),
        ],
    ]
    for signings in strangers:
        with pytest.raises(Broken, match="wrong_signings"):
            samples.stock_of(pki, signings)


def test_unfit_keys_are_refused_before_anybody_is_asked() -> None:
    """Expired at the moment of signing; DEV ONLY in production."""
    sheets, down = sheets_of(samples.signings(pkis.shared(), 3)), Refusing()
    [expired] = samples.attempt(sheets, now=pkis.utc_now() + dt.timedelta(days=4 * 365), time_stamper=down)
    [development] = samples.attempt(sheets, production=True, time_stamper=down)
    assert codes([expired, development]) == ["unfit_key"] * 2
    assert "expired" in str(expired)
    assert "DEV ONLY" in str(development)
    assert down.asked == 0


def test_one_unfit_key_spoils_its_own_sheets_only() -> None:
    """Another station's certificates of the same chunk are sealed."""
    [organisation] = samples.signings(pkis.shared(), 1)
    old = organisation.identity
    lone = Identity(old.facility_code, old.licence, pkis.shared().root, (), old.signer)
    assert codes(samples.attempt([*sheets_of([organisation]), _with_identity(organisation, lone)])) == [
        None,
        "unfit_key",
    ]


def _with_identity(signing: Signing, identity: Identity) -> Unsealed:
    stock = samples.stock_of(pkis.shared(), [signing])
    return Unsealed(
        dataclasses.replace(stock, signings=(dataclasses.replace(signing, identity=identity),)), {}
    )


@pytest.mark.parametrize("profile", [Profile.B_B, Profile.B_T])
def test_stocks_of_another_level_are_refused(profile: Profile) -> None:
    """A B-LT file needs answers, and below a B-T signature they would promise more than its level."""
    wanted = samples.signings(pkis.shared(), 1)
    with_answers, without = (
        Unsealed(samples.stock_of(pkis.shared(), wanted, has_answers=has), {}) for has in (True, False)
    )
    assert codes(samples.attempt([with_answers, without], profile=profile)) == ["wrong_stock", None]
    assert codes(samples.attempt([with_answers, without])) == [None, "wrong_stock"]
