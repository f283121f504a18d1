"""The words a column takes: codes of our case files and what stations write in Vietnamese.

Words are matched as `columns.fold` sees them: case, Unicode form, spaces and punctuation do not matter.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from certsvc.records.case import CareSetting, IdType, Outcome, Sex, TestMethod, TestPerformer, TestResult
from certsvc.records.columns import fold

_YES_NO = {True: ("Có", "1", "x", "yes", "true", "đúng", "y"), False: ("Không", "0", "no", "false", "n")}

_WORDS: dict[str, Mapping[Any, tuple[str, ...]]] = {
    "sex": {Sex.MALE: ("Nam", "1"), Sex.FEMALE: ("Nữ", "2"), Sex.UNDETERMINED: ("Chưa xác định", "3")},
    "id_type": {
        IdType.NONE: ("Không có", "none", "0"),
        IdType.CCCD: ("CCCD", "1", "Căn cước công dân", "Căn cước", "Thẻ căn cước"),
        IdType.CMND: ("CMND", "2", "Chứng minh nhân dân"),
        IdType.PASSPORT: ("Hộ chiếu", "passport", "3"),
        IdType.PERSONAL_NUMBER: (
            "Định danh",
            "personal_number",
            "4",
            "Số định danh cá nhân",
            "Định danh cá nhân",
            "Mã định danh",
        ),
    },
    "test_method": {
        TestMethod.ANTIGEN: (
            "Test nhanh kháng nguyên",
            "antigen",
            "Test nhanh",
            "Kháng nguyên",
            "Xét nghiệm nhanh kháng nguyên",
        ),
        TestMethod.PCR: ("RT-PCR", "pcr", "Realtime RT-PCR"),
    },
    "last_test_result": {
        TestResult.NEGATIVE: ("Âm tính", "negative"),
        TestResult.POSITIVE: ("Dương tính", "positive"),
    },
    "last_test_by": {
        TestPerformer.HEALTH_WORKER: ("Nhân viên y tế", "health_worker", "NVYT", "Cán bộ y tế"),
        TestPerformer.SELF_SUPERVISED: (
            "Tự làm, có giám sát",
            "self_supervised",
            "Tự làm có nhân viên y tế giám sát",
        ),
        TestPerformer.SELF: ("Tự làm", "self", "Tự làm, không giám sát"),
    },
    "care_setting": {
        CareSetting.HOME: ("Tại nhà", "home", "Nhà"),
        CareSetting.CENTRE: ("Cơ sở thu dung", "centre", "center"),
        CareSetting.HOSPITAL: ("Bệnh viện", "hospital"),
    },
    "outcome": {
        Outcome.RECOVERED: ("Khỏi bệnh", "recovered", "Khỏi", "Đã khỏi", "Đã khỏi bệnh"),
        Outcome.ACTIVE: ("Đang điều trị", "active", "Đang cách ly"),
        Outcome.DIED: ("Tử vong", "died"),
        Outcome.TRANSFERRED: ("Chuyển viện", "transferred", "Chuyển tuyến"),
    },
    "wants_sick_leave": _YES_NO,
    "wants_recovery": _YES_NO,
    "requires_approval": _YES_NO,
    "prints_both_copies": _YES_NO,
}

_LONGEST = 100
"""No word of ours comes near to it."""
_BY_FOLDED = {
    column: {fold(word): value for value, known in words.items() for word in known}
    for column, words in _WORDS.items()
}


def meaning_of(column: str, text: str) -> StrEnum | bool | None:
    """What a word means in that column, or None if the column does not know it; texts too long for a word are
    not kept in mind.
    """
    return _meaning_of(column, text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _meaning_of(column: str, text: str) -> StrEnum | bool | None:
    folded = fold(text)
    return None if folded.isdigit() and folded != text else _BY_FOLDED[column].get(folded)


def is_known_word(column: str, text: str) -> bool:
    """Whether a column takes that word; one that takes any text does."""
    return column not in _WORDS or meaning_of(column, text) is not None


def words_of(column: str) -> tuple[str, ...]:
    """The Vietnamese words of a column, nothing for one that takes any text."""
    return tuple(known[0] for known in _WORDS.get(column, {}).values())


def allowed_words(column: str) -> dict[str, str]:
    """The words to offer in a message: `allowed_vi` and `allowed_en`."""
    words = _WORDS[column]
    return {
        "allowed_vi": ", ".join(known[0] for known in words.values()),
        "allowed_en": ", ".join(known[1] for known in words.values()),
    }
