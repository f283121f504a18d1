"""Certificates to measure with: one form, each with its own name, birth, employer, numbers and QR text."""

import datetime as dt
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from certsvc.claims import Claims
from certsvc.models import Kind, Slot
from certsvc.records.birth import Birth
from certsvc.records.claiming import claims_of
from certsvc.records.exchange.ct07 import Ct07Facts, ct07_xml
from certsvc.signing.claims import ClaimKey, sign_claims
from certsvc.templates.designs import Design, find_design
from certsvc.templates.values import FormFacts, form_values
from tests.support import pki as pkis
from tests.support.cases import make_case
from tests.support.f0_cases import FAMILIES, GIVENS, MIDDLES

DESIGN_ID = "sick_leave/mau07-2025"
"""The sick-leave form in force: the median of the three forms by the length of their texts."""

ALL_SLOTS = (Slot.PRACTITIONER, Slot.REPRESENTATIVE, Slot.ORGANISATION)
ONE_SLOT = (Slot.ORGANISATION,)

STATION = str(pkis.FACILITIES[0]["name"])
HEAD, PRACTITIONER = (str(person["full_name"]) for person in pkis.PRACTITIONERS[:2])

_EMPLOYERS = (
    "Công ty TNHH Thương mại và Dịch vụ Đông Đô {number}",
    "Trường Tiểu học Ngọc Hà {number}",
    (
        "Chi nhánh số {number} Công ty TNHH Một thành viên Vận tải & Xây dựng Sông Hồng, Khu công nghiệp Bắc"
        " Thăng Long, Hà Nội"
    ),
    "Công ty CP Dược phẩm <Hà Tây> & Con, cửa hàng {number}",
)
"""One in four needs two lines."""

_ADDRESS = "HTTPS://KIEMTRA.EXAMPLE.VN/V/"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FILLER = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 7)[:223]
"""As long as real claims, which our own engine signs in their place."""
_FIRST_DAY = dt.date(2025, 9, 1)


@dataclass(frozen=True, slots=True)
class Paper:
    """One certificate's contents; the QR's text in `values` ends with a filler in place of claims."""

    values: dict[str, str]
    record: bytes
    claims: Claims

    def with_claims(self, key: ClaimKey) -> dict[str, str]:
        """The values, with claims signed by `key` in the QR."""
        return self.values | {
            "verify_url": self.values["verify_url"].removesuffix(_FILLER) + sign_claims(self.claims, key)
        }


def design() -> Design:
    found = find_design(DESIGN_ID)
    if found is None:
        raise LookupError(DESIGN_ID)
    return found


def papers(seed: int = 1) -> Iterator[Paper]:
    """Endless certificates with their own names, births, employers, numbers, QR texts; the same per seed."""
    rng = random.Random(seed)
    names = [
        " ".join(words)
        for words in itertools.product(
            FAMILIES, MIDDLES[1] + MIDDLES[2], GIVENS[1] + GIVENS[2], GIVENS[1] + GIVENS[2]
        )
    ]
    rng.shuffle(names)
    for number, name in enumerate(itertools.cycle(names)):
        yield _paper(number, name, rng)


def _paper(number: int, name: str, rng: random.Random) -> Paper:
    examined_on = _FIRST_DAY + dt.timedelta(days=number % 60)
    social_no = f"01{rng.randrange(10**8):08d}"
    case = make_case(
        full_name=name,
        birth=Birth.on(dt.date(1930, 1, 1) + dt.timedelta(days=number * 7919 % 32_000)),
        citizen_id=f"001188{number % 10**6:06d}",
        social_insurance_no=social_no,
        health_insurance_card=f"DN401{social_no}",
        employer=_EMPLOYERS[number % len(_EMPLOYERS)].format(number=number + 1),
        isolation_from=examined_on,
        isolation_to=examined_on + dt.timedelta(days=7 + number % 3),
        examined_on=examined_on,
        visit_no=str(number + 1),
    )
    token = "".join(rng.choices(_CROCKFORD, k=26))
    facts = _facts(f"0180125{number:06d}", examined_on, token, rng)
    names = Ct07Facts(
        serial=facts.serial, document_on=examined_on, head_name=HEAD, practitioner_name=PRACTITIONER
    )
    record = ct07_xml(case, names, made_on=examined_on)
    claims = claims_of(
        case,
        Kind.SICK_LEAVE,
        serial=facts.serial,
        code=facts.code.replace("-", ""),
        token=token,
        status_place=(0, rng.randrange(2**20)),
        is_reissue=False,
        signed_on=examined_on,
    )
    return Paper(form_values(design(), case, facts), record, claims)


def _facts(serial: str, examined_on: dt.date, token: str, rng: random.Random) -> FormFacts:
    return FormFacts(
        facility_name=STATION,
        parent_name="Trung tâm Y tế Hà Nội",
        practitioner_name=PRACTITIONER,
        head_name=HEAD,
        head_examined=False,
        serial=serial,
        code="".join(rng.choices(_CROCKFORD, k=16)),
        verify_url=f"{_ADDRESS}{token}/{_FILLER}",
        check_address="https://kiemtra.example.vn/check",
        event_on=examined_on,
        printed_on=examined_on,
        is_reissue=False,
    )
