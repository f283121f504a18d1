"""QR claims: what our keys signed in just our form is read back; anything else is nothing."""

import base64
import datetime as dt
import functools
from dataclasses import replace

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from certsvc.claims import ClaimedKind, Claims, commit, plain_name
from certsvc.clock import HANOI
from certsvc.models import Kind
from certsvc.signing.claims import ClaimKey, current, sign_claims
from certsvc.trust.anchors import read_claim_keys
from certsvc.verify.claims import MAX_TEXT, find_claims
from certsvc.verify.trust import PublicClaimKey
from keys_dev import certificates
from tests.support import pki as pkis

DAY = dt.date(2022, 2, 6)
TODAY = dt.datetime.now(HANOI).date()
"""As days of signing are counted; one for the whole run, even past midnight."""
TOKEN = "ABCDEFGHJKMNPQRSTVWXYZ0123"
CODE = "7K2M9QXP4TVBA1CD"
COMMITMENT = commit(code=CODE, token=TOKEN, full_name="Nguyễn Thị Đào", first_day=DAY, last_day=DAY)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@functools.cache
def key() -> ClaimKey:
    return pkis.shared().keyring().claim_keys()[0]


@functools.cache
def known() -> tuple[PublicClaimKey, ...]:
    return read_claim_keys(pkis.shared().folder)


def made(**changes: object) -> Claims:
    return replace(
        Claims(ClaimedKind.SICK_LEAVE, "0012", "01801", TODAY, 0, 1_047_551, COMMITMENT, DAY),
        **changes,  # type: ignore[arg-type]
    )


@functools.cache
def text() -> str:
    return sign_claims(made(), key())


def encoded(message: object) -> str:
    return base64.b32encode(cbor2.dumps(message)).decode().rstrip("=")


def signed(payload: bytes, **protected: str) -> str:
    return (
        base64.b32encode(
            key().sign_message(
                payload, protected={int(label[1:]): value for label, value in protected.items()}
            )
        )
        .decode()
        .rstrip("=")
    )


def test_what_a_key_signs_is_read_back() -> None:
    """Also of the recovery kind, and with the greatest numbers."""
    for claims in (
        made(),
        made(
            kind=ClaimedKind.STATION_CERTIFICATE,
            status_list=2**31,
            status_index=0,
            serial_tail="",
            facility_code="HN-01801",
        ),
    ):
        assert find_claims(sign_claims(claims, key()), known()) == claims


def test_claims_of_before_are_read_as_they_were_written() -> None:
    """Byte for byte: the commitment as entry 6, before the paper's date, which the oldest do not have."""
    shared = {1: 1, 2: "0012", 3: "01801", 4: 0, 5: 1_047_551, 6: bytes(16)}
    for earlier, mine in (
        (made(commitment=None, former_commitment=bytes(16)), shared | {7: PAYLOAD[-65537][7]}),
        (made(commitment=None, former_commitment=bytes(16), dated_on=None), shared),
    ):
        written = cbor2.dumps({6: PAYLOAD[6], -65537: mine})
        assert cbor2.dumps(earlier.to_payload()) == written
        assert find_claims(signed(written), known()) == earlier


@given(st.dates(dt.date(1970, 1, 1), dt.date(2149, 6, 6)))
def test_the_date_on_the_paper_is_another_than_that_of_signing(day: dt.date) -> None:
    """Papers may be signed late: the claims hold both days, in at most four more bytes."""
    text_of_day = sign_claims(made(dated_on=day), key())
    found = find_claims(text_of_day, known())
    assert found is not None
    assert (found.dated_on, found.signed_on) == (day, TODAY)
    assert len(text_of_day) <= len(sign_claims(made(dated_on=None), key())) + 7


def test_the_text_fits_the_qr() -> None:
    """Upper case and digits only (alphanumeric mode), within the budget, also with long numbers."""
    longest = sign_claims(made(status_list=2**32, status_index=2**32, facility_code="0123456789"), key())
    assert set(text()) <= set(ALPHABET)
    assert len(text()) <= len(longest) <= MAX_TEXT


@given(at=st.integers(0, 230), letter=st.sampled_from(ALPHABET + "018-= "))
def test_no_letter_can_be_another(at: int, letter: str) -> None:
    """Not even in the spare bits of the last one, or in the key's identifier."""
    other = text()[:at] + letter + text()[at + 1 :]
    assert other == text() or find_claims(other, known()) is None


@given(st.text(alphabet=ALPHABET, max_size=400))
def test_anything_else_is_nothing(other: str) -> None:
    """Whatever a stranger writes: no claims, and no exception."""
    assert find_claims(other, known()) is None
    assert find_claims(text()[:40] + other, known()) is None


@given(st.binary(max_size=200))
def test_not_even_our_key_makes_a_payload_of_another_form_good(payload: bytes) -> None:
    assert find_claims(signed(payload), known()) is None


PAYLOAD = made().to_payload()
MINE = PAYLOAD[-65537]


@pytest.mark.parametrize(
    "payload",
    [
        {**PAYLOAD, 7: b"more"},
        {**PAYLOAD, -65537: {**MINE, 9: 1}},
        {**PAYLOAD, -65537: {**MINE, 6: COMMITMENT}},
        {**PAYLOAD, -65537: {label: value for label, value in MINE.items() if label != 7}},
        {**PAYLOAD, -65537: {label: value for label, value in MINE.items() if label != 8}},
        {**PAYLOAD, -65537: {**MINE, 7: None}},
        {**PAYLOAD, -65537: {**MINE, 7: True}},
        {**PAYLOAD, -65537: {**MINE, 7: -1}},
        {**PAYLOAD, -65537: {**MINE, 7: 2**16}},
        {**PAYLOAD, -65537: {**MINE, 7: 2**63}},
        {**PAYLOAD, -65537: {**MINE, 7: DAY.isoformat()}},
        {**PAYLOAD, -65537: {7: MINE[7], **MINE}},
        {6: PAYLOAD[6]},
        {-65537: MINE},
        {**PAYLOAD, 6: True},
        {**PAYLOAD, 6: float(PAYLOAD[6])},
        {**PAYLOAD, 6: PAYLOAD[6] + 1},
        {**PAYLOAD, 6: -1},
        {**PAYLOAD, 6: 2**63},
        {**PAYLOAD, -65537: {**MINE, 1: 3}},
        {**PAYLOAD, -65537: {**MINE, 1: True}},
        {**PAYLOAD, -65537: {**MINE, 4: -1}},
        {**PAYLOAD, -65537: {**MINE, 8: COMMITMENT[:15]}},
        {**PAYLOAD, -65537: {**MINE, 8: COMMITMENT.hex()[:16]}},
        dict(reversed(PAYLOAD.items())),
        [PAYLOAD],
    ],
)
def test_only_our_own_encoding_of_known_claims_counts(payload: object) -> None:
    """More, fewer, other types or order, a time other than midnight in Hanoi: nothing, though we signed."""
    assert find_claims(signed(cbor2.dumps(payload)), known()) is None


def test_other_headers_are_nothing() -> None:
    """Further protected ones, another tag, no tag, more bytes at the end."""
    message = cbor2.loads(base64.b32decode(text() + "=" * (-len(text()) % 8)))
    assert find_claims(signed(cbor2.dumps(PAYLOAD), _16="other"), known()) is None
    assert find_claims(encoded(cbor2.CBORTag(98, message.value)), known()) is None
    assert find_claims(encoded(message.value), known()) is None
    assert (
        find_claims(base64.b32encode(cbor2.dumps(message) + b"\x00" * 5).decode().rstrip("="), known())
        is None
    )
    assert find_claims(encoded(message), known()) == made()


def test_a_key_counts_while_it_is_valid() -> None:
    """Signed before or after its days: nothing. On its first and last day: good."""
    [mine] = known()
    first = mine.valid_from.astimezone(dt.timezone(dt.timedelta(hours=7))).date()
    assert find_claims(sign_claims(made(signed_on=first), key()), known())
    assert find_claims(sign_claims(made(signed_on=first - dt.timedelta(days=1)), key()), known()) is None
    assert find_claims(text(), [replace(mine, valid_to=mine.valid_from)]) is None
    assert find_claims(text(), []) is None


def test_the_newest_valid_key_signs() -> None:
    """At a rollover both are trusted and the newer one signs; an expired one signs no more."""
    now = pkis.utc_now()
    older, newer = _rolled_over(now)
    assert current([older, newer], now) is newer
    assert current([older, newer], now - dt.timedelta(days=30)) is older
    assert current([older, newer], now + dt.timedelta(days=40 * 365)) is None


@functools.cache
def _rolled_over(now: dt.datetime) -> tuple[ClaimKey, ClaimKey]:
    keys = []
    for at in (now - dt.timedelta(days=60), now - dt.timedelta(days=3)):
        private = ec.generate_private_key(ec.SECP256R1())
        pem = certificates.root(private, now=at).certificate.public_bytes(Encoding.PEM)
        keys.append(
            ClaimKey.load(pem, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        )
    return keys[0], keys[1]


def test_the_kind_hides_an_illness() -> None:
    assert ClaimedKind.of(Kind.RECOVERY) is ClaimedKind.STATION_CERTIFICATE


@pytest.mark.parametrize("typed", ["nguyễn thị đào", " NGUYEN  THI DAO ", "Nguyễn Thị Đào", "NGUYỄN THỊ ĐÀO"])
def test_a_name_matches_as_people_type_it(typed: str) -> None:
    """Case, marks, composed or not, and spaces do not matter."""
    assert plain_name(typed) == "NGUYEN THI DAO"


@pytest.mark.parametrize(
    "changes",
    [
        {"code": CODE[::-1]},
        {"token": TOKEN[::-1]},
        {"full_name": "Nguyễn Thị Đạt"},
        {"first_day": DAY - dt.timedelta(1)},
        {"last_day": DAY + dt.timedelta(1)},
    ],
)
def test_a_commitment_is_of_one_paper(changes: dict[str, object]) -> None:
    facts: dict[str, object] = {
        "code": CODE,
        "token": TOKEN,
        "full_name": "Nguyễn Thị Đào",
        "first_day": DAY,
        "last_day": DAY,
    }
    assert commit(**facts | changes) != COMMITMENT  # type: ignore[arg-type]
    assert commit(**facts) == COMMITMENT  # type: ignore[arg-type]
