"""The form for one case: which fields it has for which papers, what stands in them at first, and how it is
read.

What a paper does not need is neither shown nor taken. When a citizen card's QR is scanned into the field of
the number, its text is spread over the empty fields; what somebody typed stays, with what the card says
beside it.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from certsvc.api.console.case_fields import COLUMNS, Fault
from certsvc.models import Kind
from certsvc.records.cccd_qr import LONGEST, CitizenCard, differing, read_cccd_qr
from certsvc.records.cells import birth_of, day_of
from certsvc.records.columns import DAYS
from certsvc.records.words import words_of
from certsvc.words import Words

LEAVE_DAYS: Final = (3, 5, 7, 10, 14)
LATE_REASONS: Final = ("late", "request")
_EIGHT_DIGITS: Final = re.compile(r"([0-9]{2})([0-9]{2})((?:19|20)[0-9]{2})")
_COVID: Final = {
    "icd10": "U07.1",
    "diagnosis": "COVID-19, vi rút được xác định",
    "treatment": "Điều trị ngoại trú, cách ly tại nhà",
}
_NEGATIVE: Final = {
    "test_method": words_of("test_method")[0],
    "last_test_result": words_of("last_test_result")[0],
    "last_test_by": words_of("last_test_by")[0],
    "outcome": words_of("outcome")[0],
}
_IN_CARE: Final = words_of("outcome")[1]
_AT_HOME: Final = words_of("care_setting")[0]
_CARE_LEAVE_ENDS: Final = 7


class Papers(StrEnum):
    """What is asked for."""

    SICK_LEAVE = "sick_leave"
    RECOVERY = "recovery"
    BOTH = "both"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(Kind) if self is Papers.BOTH else (Kind(self.value),)

    @classmethod
    def of(cls, kinds: Iterable[Kind]) -> "Papers":
        [*few] = kinds
        return cls.BOTH if len(few) > 1 else cls(few[0].value)


class How(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    DIGITS = "digits"
    DAY = "day"
    WORD = "word"
    PERSON = "person"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Input:
    """One field; `kinds` are the papers that need it."""

    name: str
    label: Words
    how: How = How.TEXT
    kinds: frozenset[Kind] = frozenset(Kind)
    is_optional: bool = False
    hint: Words | None = None

    @property
    def max_chars(self) -> int:
        return LONGEST if self.name == "citizen_id" else COLUMNS[self.name].max_chars

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.name)

    @property
    def papers(self) -> str:
        """The choices that show it, separated by blanks, for a script."""
        return " ".join(papers for papers in Papers if self.kinds.intersection(papers.kinds))


_LEAVE, _RECOVERY = frozenset({Kind.SICK_LEAVE}), frozenset({Kind.RECOVERY})

GROUPS: Final[Mapping[Words, tuple[Input, ...]]] = {
    Words("Người bệnh", "The patient"): (
        Input("citizen_id", Words("Số CCCD", "Citizen id")),
        Input("full_name", Words("Họ và tên", "Full name")),
        Input("birth_date", Words("Ngày sinh", "Born on"), How.DAY),
        Input("sex", Words("Giới tính", "Sex"), How.WORD),
        Input("id_issued_on", Words("Ngày cấp CCCD", "Id issued on"), How.DAY, _LEAVE),
        Input("social_insurance_no", Words("Mã số BHXH", "Social-insurance number"), How.DIGITS, _LEAVE),
        Input("employer", Words("Đơn vị làm việc", "Employer"), kinds=_LEAVE),
        Input(
            "father_name",
            Words("Họ tên cha", "Father's name"),
            kinds=_LEAVE,
            hint=Words("Trẻ dưới 7 tuổi: cha hoặc mẹ.", "Under 7: father or mother."),
        ),
        Input("mother_name", Words("Họ tên mẹ", "Mother's name"), kinds=_LEAVE),
        Input("phone", Words("Điện thoại", "Telephone"), How.DIGITS, _RECOVERY, is_optional=True),
        Input("address", Words("Nơi cư trú", "Address"), kinds=_RECOVERY),
    ),
    Words("Khám bệnh", "Examination"): (
        Input(
            "visit_no",
            Words("Số KCB", "Visit number"),
            kinds=_LEAVE,
            hint=Words("Số trong sổ khám bệnh.", "As in the register of visits."),
        ),
        Input("practitioner_licence", Words("Người khám", "Examined by"), How.PERSON),
        Input("examined_on", Words("Ngày khám", "Examined on"), How.DAY, _LEAVE),
        Input("positive_on", Words("Ngày dương tính", "Positive on"), How.DAY),
        Input("icd10", Words("Mã ICD-10", "ICD-10 code"), kinds=_LEAVE),
        Input("diagnosis", Words("Chẩn đoán", "Diagnosis"), kinds=_LEAVE),
        Input("treatment", Words("Phương pháp điều trị", "Treatment"), kinds=_LEAVE),
    ),
    Words("Thời gian nghỉ, cách ly", "Leave, isolation"): (
        Input("isolation_from", Words("Từ ngày", "From"), How.DAY),
        Input("isolation_to", Words("Đến hết ngày", "To"), How.DAY),
    ),
    Words("Xét nghiệm, khỏi bệnh", "Tests, recovery"): (
        Input("test_method", Words("Phương pháp xét nghiệm", "Test method"), How.WORD, _RECOVERY),
        Input("test_place", Words("Nơi xét nghiệm", "Test place"), kinds=_RECOVERY),
        Input("last_test_on", Words("Ngày xét nghiệm cuối", "Last test on"), How.DAY, _RECOVERY),
        Input("last_test_result", Words("Kết quả cuối", "Last result"), How.WORD, _RECOVERY),
        Input("last_test_by", Words("Người làm xét nghiệm", "Tested by"), How.WORD, _RECOVERY),
        Input(
            "vaccine_doses", Words("Số mũi vắc xin", "Vaccine doses"), How.DIGITS, _RECOVERY, is_optional=True
        ),
        Input(
            "last_dose_on", Words("Ngày tiêm mũi cuối", "Last dose on"), How.DAY, _RECOVERY, is_optional=True
        ),
        Input("outcome", Words("Tình trạng", "Outcome"), How.WORD, _RECOVERY),
    ),
}

SELDOM: Final = (
    Input(
        "id_type",
        Words("Loại giấy tờ", "Kind of id"),
        How.WORD,
        is_optional=True,
        hint=Words("Chỉ khi không phải CCCD.", "Only if it is no CCCD."),
    ),
    Input(
        "health_insurance_card", Words("Số thẻ BHYT", "Health-insurance card"), kinds=_LEAVE, is_optional=True
    ),
    Input(
        "certified_on",
        Words("Ngày chứng từ", "Dated"),
        How.DAY,
        _LEAVE,
        is_optional=True,
        hint=Words("Khi khám nhiều ngày.", "For a visit of several days."),
    ),
    Input("care_setting", Words("Nơi điều trị", "Care setting"), How.WORD),
    Input(
        "case_id",
        Words("Mã ca", "Case id"),
        hint=Words("Để nguyên, hoặc ghi mã của trạm.", "Leave it, or type the station's own."),
    ),
)
"""Fields that hardly anybody changes."""

_INPUTS: Final = {field.name: field for group in (*GROUPS.values(), SELDOM) for field in group}
LABELS: Final = {name: field.label for name, field in _INPUTS.items()}


@dataclass(frozen=True, slots=True, repr=False)
class Start:
    """What the form knows before anybody types: the day, the caller's station, and a case id of its own."""

    today: dt.date
    case_id: str
    facility_code: str
    facility_name: str
    licence: str

    def texts(self, papers: Papers) -> dict[str, str]:
        """What the fields hold at first."""
        day = f"{self.today:%d/%m/%Y}"
        first = {"case_id": self.case_id, "practitioner_licence": self.licence, "care_setting": _AT_HOME}
        recovery = _NEGATIVE | {"test_place": self.facility_name, "last_test_on": day, "isolation_to": day}
        match papers:
            case Papers.SICK_LEAVE:
                return first | _COVID | {"examined_on": day, "positive_on": day, "isolation_from": day}
            case Papers.RECOVERY:
                return first | recovery
            case Papers.BOTH:
                return first | _COVID | recovery


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """The form as it stands: its texts by field, and where a card says otherwise, what."""

    papers: Papers
    texts: Mapping[str, str]
    card_says: Mapping[str, str] = dataclasses.field(default_factory=dict)
    late_reason: str = LATE_REASONS[0]

    def shown(self) -> list[Input]:
        """The fields that its papers need."""
        return [field for field in _INPUTS.values() if field.kinds.intersection(self.papers.kinds)]

    def record(self, *, facility_code: str, today: dt.date) -> dict[str, str]:
        """The case as the service takes it, without what its papers do not need."""
        texts = {field.name: self.texts.get(field.name, "") for field in self.shown()}
        if not self.is_under_seven():
            texts |= {"father_name": "", "mother_name": ""}
        kept = {name: text for name, text in texts.items() if text} | {"facility_code": facility_code}
        if Kind.RECOVERY not in self.papers.kinds:
            last = day_of(kept.get("isolation_to", ""))
            return kept | ({"outcome": _IN_CARE} if last is not None and last >= today else {})
        return {"icd10": _COVID["icd10"]} | kept

    def is_under_seven(self) -> bool:
        """On the day of the examination, if both dates can be read; a year alone counts as its last day
        [rules, A-UNDER-7].
        """
        born, day = birth_of(self.texts.get("birth_date", "")), day_of(self.texts.get("examined_on", ""))
        if born is None or day is None:
            return False
        latest = born.latest
        return (day.year - _CARE_LEAVE_ENDS, day.month, day.day) < (latest.year, latest.month, latest.day)

    def with_days(self, days: int) -> "Entry":
        """The same with a leave of that many days, counting the first and the last."""
        texts = self.texts
        first = day_of(texts.get("isolation_from", "")) or day_of(texts.get("examined_on", ""))
        if first is None:
            return self
        return replace(
            self,
            texts={
                **texts,
                "isolation_from": f"{first:%d/%m/%Y}",
                "isolation_to": f"{first + dt.timedelta(days=days - 1):%d/%m/%Y}",
            },
        )


def read_entry(form: Mapping[str, object], papers: Papers) -> Entry:
    """What was sent: a card's text spread, dates with their slashes; an empty first day of leave is the day
    of the examination or of the test.
    """
    sent = {name: text.strip() for name in _INPUTS if isinstance(text := form.get(name, ""), str)}
    texts = {name: slashed(text) if name in DAYS else text for name, text in sent.items()}
    card = read_cccd_qr(texts.get("citizen_id", ""))
    says: dict[str, str] = {}
    if card is not None:
        texts, says = _spread(card, texts)
    began = texts.get("examined_on") if Kind.SICK_LEAVE in papers.kinds else ""
    texts["isolation_from"] = texts.get("isolation_from") or began or texts.get("positive_on", "")
    reason = form.get("late_reason")
    return Entry(
        papers, texts, says, reason if isinstance(reason, str) and reason in LATE_REASONS else LATE_REASONS[0]
    )


def _spread(card: CitizenCard, texts: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    cells = card.cells()
    spread = {name: texts.get(name) or text for name, text in cells.items()}
    return texts | spread | {"citizen_id": card.number}, {
        name: cells[name] for name in differing(card, texts)
    }


def slashed(text: str) -> str:
    """Eight digits, ddmmyyyy, which are quick to type, get their slashes; anything else stays as it is."""
    match = _EIGHT_DIGITS.fullmatch(text)
    typed = match and "/".join(match.groups())
    return typed if typed and day_of(typed) else text


def by_shown_field(entry: Entry, faults: Iterable[Fault]) -> tuple[dict[str, list[Fault]], list[Fault]]:
    """What is wrong with each field that is shown; and what belongs to none of them."""
    by_field: dict[str, list[Fault]] = {field.name: [] for field in entry.shown()}
    rest: list[Fault] = []
    for fault in faults:
        by_field.get(fault["field"] or "", rest).append(fault)
    return by_field, rest
