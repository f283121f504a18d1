"""A press: what it makes is whole and proven, what fails fails alone, and nothing secret or personal
shows.
"""

import datetime as dt
import functools
import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from certsvc.clock import day_in_hanoi
from certsvc.config import Profile, Settings, Signatures
from certsvc.errors import Unavailable
from certsvc.files.pieces import open_piece
from certsvc.issuing.press.orders import Chunk, Made, Order, Pressed, Signatory
from certsvc.issuing.press.pressing import Press
from certsvc.issuing.press.process import setup_of
from certsvc.models import Kind, Slot
from certsvc.signing.tsa import TimeStamper
from certsvc.templates.values import FormFacts
from certsvc.verify.pdf.examining import FileKind, Limits, examine
from certsvc.verify.trust import Trust
from tests.support import pki as pkis
from tests.support.cases import make_case
from tests.unit.verify.samples import trust_of

TOKEN = "ABCDEFGHJKMNPQRSTVWXYZ0123"
EVENT = dt.date(2022, 2, 6)
NAMES = {pkis.PRACTITIONER: "Dương Mỹ Ngà", pkis.HEAD: "Mai Hữu Nghĩa", None: "Trạm Y tế Phúc Xá"}
DOWN = Unavailable(
    "tsa_unavailable", "Máy chủ dấu thời gian không phản hồi.", "The time-stamping authority does not answer."
)


@dataclass
class Stubborn:
    """A time-stamping authority that does not answer for the first `times` requests."""

    real: TimeStamper
    times: int

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        return self.real.certificates

    @property
    def max_token_bytes(self) -> int:
        return self.real.max_token_bytes

    async def stamp(self, digest: bytes) -> bytes:
        if self.times > 0:
            self.times -= 1
            raise DOWN
        return await self.real.stamp(digest)


@functools.cache
def trust() -> Trust:
    return trust_of(pkis.shared())


def make_press(bases: Path, *, time_stamper: TimeStamper | None = None, **changes: Any) -> Press:
    pki = pkis.shared()
    setup = replace(setup_of(Settings(keys_dir=pki.folder, data_dir=bases)), **changes)
    keyring = pki.keyring()
    return Press(
        setup,
        keyring=keyring,
        time_stamper=time_stamper or pki.tsa(),
        revocation=pki.revocation(),
        claim_keys=keyring.claim_keys(),
        clock=pkis.utc_now,
    )


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bases")


def order(
    number: int,
    *,
    licences: tuple[str | None, ...] = (pkis.PRACTITIONER, pkis.HEAD, None),
    kind: Kind = Kind.SICK_LEAVE,
    **changes: Any,
) -> Order:
    case = make_case(case_id=f"TH-{number}", citizen_id=f"001188{number:06d}", **changes)
    facts = FormFacts(
        facility_name=NAMES[None],
        parent_name="Trung tâm Y tế quận Ba Đình",
        practitioner_name=NAMES[pkis.PRACTITIONER],
        head_name=NAMES[pkis.HEAD],
        head_examined=False,
        serial=f"0180122{number:05d}",
        code="7K2M9QXP4TVBA1CD",
        verify_url=f"HTTPS://KIEMTRA.EXAMPLE.VN/V/{TOKEN}",
        check_address="https://kiemtra.example.vn/check",
        event_on=EVENT,
        printed_on=day_in_hanoi(pkis.utc_now()),
        is_reissue=False,
        decision_no="250/QĐ-BYT" if kind is Kind.RECOVERY else "",
        decision_on=dt.date(2022, 1, 28) if kind is Kind.RECOVERY else None,
    )
    files = {
        entry.licence: entry.file
        for entry in pkis.shared().keyring().entries()
        if entry.facility_code == pkis.STATION
    }
    slots = {pkis.PRACTITIONER: Slot.PRACTITIONER, pkis.HEAD: Slot.REPRESENTATIVE, None: Slot.ORGANISATION}
    signatories = tuple(
        Signatory(slots[each], NAMES[each], files[each], pkis.STATION, each) for each in licences
    )
    design = "sick_leave/ct07-2017" if kind is Kind.SICK_LEAVE else "recovery/v1"
    return Order(
        uuid.uuid4(),
        kind,
        design,
        json.dumps(case.to_json()).encode(),
        facts,
        "late",
        facts.serial,
        TOKEN,
        (0, number),
        signatories,
    )


def chunk(*orders: Order) -> Chunk:
    return Chunk(orders, trust().to_bytes())


def whole(made: Made, pressed: Pressed) -> bytes:
    """The file as a download joins it."""
    layers = [pressed.layers[name] for name in (made.base, made.stock) if name]
    return b"".join((*layers, open_piece(made.piece, made.data_key)))


def test_what_comes_out_is_ours_and_intact(bases: Path) -> None:
    """Every certificate of a chunk, of both kinds, is the file that its digest says, and passes the whole of
    `verify`.
    """
    pressed = make_press(bases).press(chunk(order(1), order(2, kind=Kind.RECOVERY), order(3)))
    assert pressed.unmade == ()
    for made in pressed.made:
        pdf = whole(made, pressed)
        assert (hashlib.sha256(pdf).hexdigest(), len(pdf), made.is_fast) == (made.sha256, made.size, True)
        assert examine(pdf, trust=trust(), now=pkis.utc_now(), limits=Limits()).kind is FileKind.OURS_INTACT


def test_a_certificate_of_the_full_layout_shares_nothing(bases: Path) -> None:
    """What no slot holds is laid out for this one certificate, and all of the file is in its piece."""
    pressed = make_press(bases).press(chunk(order(1, employer="Công ty Cổ phần " + "Thí Dụ Rất Dài " * 12)))
    [made] = pressed.made
    assert (made.is_fast, made.base, made.stock, pressed.layers) == (False, None, None, {})
    assert (
        examine(whole(made, pressed), trust=trust(), now=pkis.utc_now(), limits=Limits()).kind
        is FileKind.OURS_INTACT
    )


def test_the_seal_alone_signs_where_that_is_set(bases: Path) -> None:
    """With `organisation` a certificate has one signature, which certifies and locks it."""
    press = make_press(bases, signatures=Signatures.ORGANISATION, profile=Profile.B_T)
    pressed = press.press(chunk(order(1, licences=(None,))))
    examination = examine(whole(pressed.made[0], pressed), trust=trust(), now=pkis.utc_now(), limits=Limits())
    assert [facts.slot for facts in examination.signatures] == [Slot.ORGANISATION]
    assert examination.kind is FileKind.OURS_INTACT


def test_a_silent_authority_fails_those_it_was_asked_for(bases: Path) -> None:
    """One time-stamp that cannot be had puts back one certificate, to be tried again; the other is made."""
    pressed = make_press(bases, time_stamper=Stubborn(pkis.shared().tsa(), 1)).press(
        chunk(order(1), order(2))
    )
    assert [(type(each.error), each.error.code) for each in pressed.unmade] == [
        (Unavailable, "tsa_unavailable")
    ]
    assert len(pressed.made) == 1


def test_a_paper_is_dated_as_it_is_signed(bases: Path) -> None:
    """What was to bear yesterday's date, for it was ordered before midnight, is ordered again; a late sick
    leave bears its case's date anyway.
    """
    leave, again, recovery = order(1), order(2), order(3, kind=Kind.RECOVERY)
    yesterday = recovery.facts.printed_on - dt.timedelta(days=1)
    orders = [
        replace(leave, facts=replace(leave.facts, printed_on=yesterday)),
        replace(again, facts=replace(again.facts, printed_on=yesterday, is_reissue=True)),
        replace(recovery, facts=replace(recovery.facts, printed_on=yesterday)),
    ]
    pressed = make_press(bases).press(chunk(*orders))
    assert [made.certificate_id for made in pressed.made] == [leave.certificate_id]
    assert [(type(each.error), each.error.code) for each in pressed.unmade] == [
        (Unavailable, "day_changed")
    ] * 2


def test_a_text_that_fits_no_page_fails_alone(bases: Path) -> None:
    """The person is told that the text is too long; the neighbour is made."""
    pressed = make_press(bases).press(chunk(order(1, employer="Rất dài " * 600), order(2)))
    assert [each.error.code for each in pressed.unmade] == ["text_too_long"]
    assert len(pressed.made) == 1


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda trust: replace(trust, pins={}), id="signers that nobody registered"),
        pytest.param(
            lambda trust: replace(trust, tsa_pins=frozenset()),
            id="a time-stamping authority that nobody registered",
        ),
        pytest.param(lambda trust: replace(trust, allow_dev=False), id="development keys in production"),
    ],
)
def test_what_we_would_reject_is_never_handed_out(bases: Path, harm: Callable[[Trust], Trust]) -> None:
    """A file that our own check refuses is no result, for whatever reason it is refused."""
    pressed = make_press(bases).press(Chunk((order(1), order(2)), harm(trust()).to_bytes()))
    assert pressed.made == ()
    assert [each.error.code for each in pressed.unmade] == ["self_check_failed"] * 2


def test_nothing_of_a_case_or_a_key_is_in_a_repr(bases: Path) -> None:
    """What a crash report may print holds neither names nor keys."""
    asked = chunk(order(1))
    pressed = make_press(bases).press(asked)
    shown = repr(asked) + repr(asked.orders[0]) + repr(pressed) + repr(pressed.made[0])
    assert "Thử Nghiệm" not in shown
    assert repr(pressed.made[0].data_key)[2:20] not in shown
