"""The columns of a case file: their English names, the Vietnamese titles stations use, their limits.

Titles are matched by `fold`: Unicode form, case, spaces, underscores, hyphens and marks such as "(*)"
make no difference, diacritics do.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from certsvc.records.cells import Cell
from certsvc.records.text.lookalikes import with_d
from certsvc.records.titles import TITLES_VI

LONGEST_TITLE = 200
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_CLOSE, LONGEST_COMPARED = 0.75, 60

RESULT_TITLES = (
    "Kết quả giấy nghỉ BHXH",
    "Kết quả giấy khỏi bệnh",
    "Lý do và cách sửa",
    "Số seri giấy nghỉ BHXH",
    "Số giấy khỏi bệnh",
    "Địa chỉ tra cứu giấy nghỉ BHXH",
    "Địa chỉ tra cứu giấy khỏi bệnh",
)
"""The columns that we add to a file when we return it (`returning`); sent again they are passed over."""


def fold(text: str) -> str:
    """Text as it is compared with the words we know: NFC, case-folded, letters and digits only, Đ for what
    looks like it.
    """
    return _NOT_ALPHANUMERIC.sub("", with_d(unicodedata.normalize("NFC", text)).casefold())


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `title_vi` heads files written by us, `synonyms` are read as well.

    A required one with `for_kind` is so only in files that have that column, which asks for a kind of
    certificate.
    """

    name: str
    title_vi: str
    synonyms: tuple[str, ...] = ()
    is_required: bool = False
    max_chars: int = 255
    for_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns a kind of table may have; of `any_of` at least one must be there.

    `defaults` stand in cells that are empty or not there.
    """

    columns: tuple[Column, ...]
    any_of: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    _by_title: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for column in self.columns:
            for title in (column.name, column.title_vi, *column.synonyms):
                self._by_title.setdefault(fold(title), column.name)

    def mapped(self, titles: Mapping[str, str | None], *, defaults: Mapping[str, str]) -> "Layout":
        """The layout of a sender with titles of his own: what each means, None for one to pass over."""
        return replace(
            self, defaults=defaults, _by_title={fold(title): name for title, name in titles.items()}
        )

    def unmapped(self) -> "Layout":
        """The layout with our own titles alone, and nothing in empty cells."""
        return replace(self, defaults={}, _by_title={})

    def title_of(self, name: str) -> str:
        """The title of a column, for a person to read."""
        return next(column.title_vi for column in self.columns if column.name == name)

    def field_of(self, name: str) -> str:
        """The column of our own that a column's findings are told of."""
        return name

    def cells_of(self, row: dict[str, Cell]) -> dict[str, Cell]:
        """A row by our own column names."""
        return row

    def find(self, title: object) -> str | None:
        """The English name of the column with that title, or None."""
        return (
            self._by_title.get(fold(title))
            if isinstance(title, str) and len(title) <= LONGEST_TITLE
            else None
        )

    def is_passed_over(self, title: object) -> bool:
        """Whether a column is left unread on purpose: one that we added ourselves, or that a mapping says so
        of.
        """
        return (
            isinstance(title, str)
            and len(title) <= LONGEST_TITLE
            and (is_result(title) or self._by_title.get(fold(title), "") is None)
        )

    def nearest(self, title: str) -> str | None:
        """The column that a title nobody knows may have meant; without diacritics, for they are what is left
        out most.
        """
        if len(title) > LONGEST_COMPARED:
            return None
        known = _bare_titles(self.columns)
        return next(
            (known[each] for each in difflib.get_close_matches(_bare(title), known, n=1, cutoff=_CLOSE)), None
        )

    def missing(self, names: Iterable[str]) -> list[str]:
        """Required columns that are not among `names`, in table order; a file of sick leaves alone needs no
        last test.
        """
        names = tuple(names)
        present = {*names, *self.defaults}
        asked = {*names} | {name for name, word in self.defaults.items() if fold(word) not in _NO}
        missing = [
            column.name
            for column in self.columns
            if self.is_needed(column, asked) and column.name not in present
        ]
        return missing if not self.any_of or present.intersection(self.any_of) else [*missing, *self.any_of]

    @staticmethod
    def is_needed(column: Column, asked: Collection[str]) -> bool:
        """Whether a file that asks by these columns must have this one."""
        return column.is_required and (column.for_kind is None or column.for_kind in asked)


_NO = frozenset(map(fold, ("0", "không", "no", "")))
"""Defaults that ask for nothing."""
_RESULTS = frozenset(map(fold, RESULT_TITLES))


def is_result(title: object) -> bool:
    """Whether that is the title of a column which we add to a returned file."""
    return isinstance(title, str) and len(title) <= LONGEST_TITLE and fold(title) in _RESULTS


@lru_cache(maxsize=8)
def _bare_titles(columns: tuple[Column, ...]) -> dict[str, str]:
    return {
        _bare(title): column.name
        for column in columns
        for title in (column.name, column.title_vi, *column.synonyms)
    }


def _bare(title: str) -> str:
    """A title without diacritics, as it is typed on a keyboard that has none."""
    plain = unicodedata.normalize("NFD", with_d(title).casefold().replace("đ", "d"))
    return fold("".join(char for char in plain if not unicodedata.combining(char)))


_FOR_KIND = {"examined_on": "wants_sick_leave"} | dict.fromkeys(
    ("last_test_on", "last_test_result", "last_test_by"), "wants_recovery"
)


def _layout(*columns: tuple[str, tuple[str, ...], bool, int], any_of: Sequence[str] = ()) -> Layout:
    made = (
        Column(name, TITLES_VI[name], synonyms, needed, chars, _FOR_KIND.get(name))
        for name, synonyms, needed, chars in columns
    )
    return Layout(tuple(made), tuple(any_of))


CASES = _layout(
    ("case_id", ("Mã bệnh nhân", "Mã F0"), True, 64),
    ("full_name", ("Họ tên", "Họ và tên người bệnh", "Họ tên người bệnh"), True, 255),
    ("birth_date", ("Ngày tháng năm sinh", "Năm sinh"), True, 32),
    ("sex", ("Giới",), True, 32),
    (
        "citizen_id",
        ("CCCD", "Số CCCD/CMND", "CCCD/CMND", "Số CMND/CCCD", "Số định danh", "Số giấy tờ"),
        False,
        64,
    ),
    ("id_type", ("Loại giấy tờ tùy thân", "Loại giấy tờ tuỳ thân"), False, 32),
    ("id_issued_on", ("Ngày cấp CCCD",), False, 32),
    ("social_insurance_no", ("Số BHXH", "Mã BHXH", "Số sổ BHXH"), False, 64),
    ("health_insurance_card", ("Thẻ BHYT", "Mã thẻ BHYT"), False, 255),
    ("phone", ("Số điện thoại", "SĐT"), False, 32),
    ("address", ("Địa chỉ", "Địa chỉ nơi cư trú", "Chỗ ở hiện nay"), False, 1024),
    ("ward_code", ("Mã phường xã", "Mã xã"), False, 32),
    ("employer", ("Đơn vị công tác", "Nơi làm việc", "Cơ quan"), False, 1024),
    ("positive_on", ("Ngày có kết quả dương tính",), True, 32),
    ("test_method", ("PP xét nghiệm",), False, 64),
    ("test_place", ("Đơn vị xét nghiệm",), False, 255),
    ("last_test_on", ("Ngày xét nghiệm lần cuối",), True, 32),
    ("last_test_result", ("Kết quả xét nghiệm cuối", "Kết quả xét nghiệm lần cuối"), True, 64),
    ("last_test_by", ("Người thực hiện xét nghiệm",), True, 64),
    ("care_setting", ("Nơi cách ly, điều trị",), True, 64),
    ("isolation_from", ("Từ ngày", "Ngày bắt đầu cách ly"), True, 32),
    ("isolation_to", ("Đến ngày", "Ngày kết thúc cách ly"), True, 32),
    ("vaccine_doses", ("Số mũi vaccine", "Số mũi tiêm"), False, 32),
    ("last_dose_on", ("Ngày tiêm mũi cuối",), False, 32),
    ("outcome", ("Kết quả điều trị",), True, 64),
    ("outcome_on", ("Ngày tử vong", "Ngày chuyển viện", "Ngày kết cục"), False, 32),
    ("facility_code", ("Mã cơ sở KCB", "Mã cơ sở khám bệnh, chữa bệnh", "Mã cơ sở"), True, 32),
    ("visit_no", ("Số KCB/lượt khám", "Số khám"), False, 64),
    ("examined_on", ("Ngày khám bệnh", "Ngày khám bệnh, chữa bệnh"), True, 32),
    ("certified_on", ("Ngày ký chứng từ", "Ngày cấp giấy"), False, 32),
    ("icd10", ("ICD-10", "Mã ICD", "Mã bệnh"), True, 32),
    ("diagnosis", (), False, 1024),
    ("treatment", ("Điều trị",), False, 1024),
    ("practitioner_licence", ("CCHN", "Số chứng chỉ hành nghề", "Số giấy phép hành nghề"), True, 64),
    ("father_name", ("Họ và tên cha", "Tên cha"), False, 255),
    ("mother_name", ("Họ và tên mẹ", "Tên mẹ"), False, 255),
    ("wants_sick_leave", ("Nhu cầu BHXH", "Cần giấy nghỉ BHXH"), False, 32),
    ("wants_recovery", ("Cần giấy khỏi bệnh",), False, 32),
    any_of=("wants_sick_leave", "wants_recovery"),
)
"""A file of cases; `id_type`, `outcome_on` and `certified_on` are optional extras, the rest are the columns
of `f0_cases.csv`.
"""


def layout_of(mapping: Mapping[str, Any] | None) -> Layout:
    """How a case file is read under a mapping as a batch keeps it (`columns`, `defaults`); None for our own
    titles.
    """
    return CASES if mapping is None else CASES.mapped(mapping["columns"], defaults=mapping["defaults"])


FACILITIES = _layout(
    ("facility_code", ("Mã cơ sở",), True, 5),
    ("name", (), True, 255),
    ("parent", (), True, 255),
    ("ward_code", (), True, 5),
    ("active_from", (), True, 32),
    ("active_to", (), False, 32),
    ("requires_approval", (), False, 16),
    ("prints_both_copies", (), False, 16),
)

PRACTITIONERS = _layout(
    ("licence", ("Số CCHN",), True, 64),
    ("full_name", ("Họ tên",), True, 255),
    ("facility_code", ("Mã cơ sở",), True, 5),
    ("role", (), True, 16),
    ("social_insurance_no", (), True, 10),
    ("registered_from", (), True, 32),
    ("registered_to", (), False, 32),
    ("title", (), False, 64),
)

MAX_CHARS = {column.name: column.max_chars for column in CASES.columns}

IDENTIFIERS = frozenset(
    (
        "case_id",
        "citizen_id",
        "social_insurance_no",
        "health_insurance_card",
        "phone",
        "ward_code",
        "facility_code",
        "visit_no",
        "practitioner_licence",
    )
)
"""Numbers that nobody counts with: a leading zero is part of them."""

DATES = (
    "id_issued_on",
    "positive_on",
    "last_test_on",
    "isolation_from",
    "isolation_to",
    "last_dose_on",
    "outcome_on",
    "examined_on",
    "certified_on",
)
"""Columns of whole days."""

DAYS = frozenset(("birth_date", *DATES))
"""Columns of days; `birth_date` may be a year alone."""
