"""The columns of a case file: their English names, the Vietnamese titles stations use, their limits.

Titles are matched by `fold`: Unicode form, case, spaces, underscores, hyphens and marks such as "(*)"
make no difference, diacritics do.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from certsvc.records.titles import TITLES_VI

_LONGEST_TITLE = 200
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Text as it is compared with the words we know: NFC, case-folded, letters and digits only."""
    return _NOT_ALPHANUMERIC.sub("", unicodedata.normalize("NFC", text).casefold())


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `title_vi` heads files written by us, `synonyms` are read as well."""

    name: str
    title_vi: str
    synonyms: tuple[str, ...] = ()
    is_required: bool = False
    max_chars: int = 255


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns a kind of table may have; of `any_of` at least one must be there."""

    columns: tuple[Column, ...]
    any_of: tuple[str, ...] = ()
    _by_title: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for column in self.columns:
            for title in (column.name, column.title_vi, *column.synonyms):
                self._by_title[fold(title)] = column.name

    def find(self, title: object) -> str | None:
        """The English name of the column with that title, or None."""
        return self._by_title.get(fold(title)) if isinstance(title, str) and len(title) <= _LONGEST_TITLE else None

    def missing(self, names: Iterable[str]) -> list[str]:
        """Required columns that are not among `names`, in table order."""
        present = set(names)
        missing = [column.name for column in self.columns if column.is_required and column.name not in present]
        return missing if not self.any_of or present.intersection(self.any_of) else [*missing, *self.any_of]


def _layout(*columns: tuple[str, tuple[str, ...], bool, int], any_of: Sequence[str] = ()) -> Layout:
    return Layout(tuple(Column(name, TITLES_VI[name], synonyms, needed, chars) for name, synonyms, needed, chars in columns), tuple(any_of))


CASES = _layout(
    ("case_id", ("Mã bệnh nhân", "Mã F0"), True, 64),
    ("full_name", ("Họ tên", "Họ và tên người bệnh", "Họ tên người bệnh"), True, 255),
    ("birth_date", ("Ngày tháng năm sinh", "Năm sinh"), True, 32),
    ("sex", ("Giới",), True, 32),
    ("citizen_id", ("CCCD", "Số CCCD/CMND", "CCCD/CMND", "Số CMND/CCCD", "Số định danh", "Số giấy tờ"), False, 64),
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
    ("facility_code", ("Mã cơ sở KCB", "Mã cơ sở khám bệnh, chữa bệnh", "Mã cơ sở"), True, 32),
    ("visit_no", ("Số KCB/lượt khám", "Số khám"), False, 64),
    ("examined_on", ("Ngày khám bệnh", "Ngày khám bệnh, chữa bệnh"), True, 32),
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
"""A file of cases; `id_type` is an extra of ours, the rest are the columns of `f0_cases.csv`."""

FACILITIES = _layout(
    ("facility_code", ("Mã cơ sở",), True, 5),
    ("name", (), True, 255),
    ("parent", (), True, 255),
    ("ward_code", (), True, 5),
    ("active_from", (), True, 32),
    ("active_to", (), False, 32),
)

PRACTITIONERS = _layout(
    ("licence", ("Số CCHN",), True, 64),
    ("full_name", ("Họ tên",), True, 255),
    ("facility_code", ("Mã cơ sở",), True, 5),
    ("role", (), True, 16),
    ("social_insurance_no", (), True, 10),
    ("registered_from", (), True, 32),
    ("registered_to", (), False, 32),
)

MAX_CHARS = {column.name: column.max_chars for column in CASES.columns}
