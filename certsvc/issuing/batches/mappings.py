"""What a sender's own titles mean, said once: saved by name for the organisation whose key it is.

`default` is used where none is named. A batch keeps the mapping as it was when the file was accepted.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.errors import InputError, NotFound
from certsvc.models import ApiKey, ColumnMapping
from certsvc.records.cells import has_forbidden, normalised
from certsvc.records.columns import CASES, LONGEST_TITLE, MAX_CHARS, fold, is_result
from certsvc.records.titles import TITLES_VI
from certsvc.records.words import is_known_word
from certsvc.store import Database, mappings
from certsvc.store.counting import count_alone

DEFAULT = "default"
_MOST = 50
_MAY_BE_DEFAULT = (
    "facility_code", "practitioner_licence", "ward_code", "test_method", "test_place", "last_test_by",
    "care_setting", "icd10", "diagnosis", "treatment", "wants_sick_leave", "wants_recovery",
)  # fmt: skip
"""What a whole station has in common; the rest is about one person."""


async def save_mapping(
    db: Database,
    name: str,
    *,
    columns: Mapping[str, str | None],
    defaults: Mapping[str, str],
    caller: ApiKey,
    now: dt.datetime,
) -> ColumnMapping:
    """Keep a mapping, in the place of the one with that name; batches accepted before are not touched.

    Raises InputError: `bad_mapping`, everything wrong in `errors`; `too_many_mappings`.
    """
    if errors := [*_wrong_columns(columns), *_wrong_defaults(defaults)]:
        raise InputError(
            "bad_mapping",
            "Bảng ánh xạ cột chưa đúng; xem từng lỗi.",
            "The mapping is not right; see each error.",
            errors=errors,
        )
    mapping = ColumnMapping(
        owner=caller.owner, name=name, columns=dict(columns), defaults=dict(defaults), changed_at=now
    )
    async with db.begin() as session:
        await count_alone(session, f"mappings of {caller.owner}")
        if (
            await mappings.find(session, caller.owner, name) is None
            and await mappings.count(session, caller.owner) >= _MOST
        ):
            raise InputError(
                "too_many_mappings",
                f"Đã có {_MOST} bảng ánh xạ; hãy xoá bớt.",
                f"There are {_MOST} mappings already; remove one.",
            )
        await mappings.save(session, mapping)
    return mapping


def _wrong_columns(columns: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    """Places are told by number: a title is a stranger's text."""
    seen: set[str] = set()
    for number, (title, name) in enumerate(columns.items(), 1):
        place, folded = f"columns.{number}", fold(title)
        if not folded or len(title) > LONGEST_TITLE or has_forbidden(normalised(title)) or is_result(title):
            yield _item(place, "Tên cột này không dùng được.", "This title cannot be used.")
        elif folded in seen:
            yield _item(
                place, "Tên cột này trùng với một tên trước.", "This title is the same as an earlier one."
            )
        seen.add(folded)
        if name is not None and name not in MAX_CHARS:
            meant = CASES.find(name) or CASES.nearest(name)
            vi, en = (
                (f" Có phải «{meant}» ({TITLES_VI[meant]})?", f" Is it “{meant}”?") if meant else ("", "")
            )
            yield _item(
                place,
                f"Không có trường này; xem tên trường trong tệp mẫu.{vi}",
                f"There is no such field; see the template for names.{en}",
            )


def _wrong_defaults(defaults: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name, text in defaults.items():
        if name not in _MAY_BE_DEFAULT:
            known = ", ".join(_MAY_BE_DEFAULT)
            yield _item(
                "defaults",
                f"Chỉ các trường sau có giá trị chung: {known}.",
                f"Only these fields may have a default: {known}.",
            )
        elif (
            not text.strip()
            or len(text) > MAX_CHARS[name]
            or has_forbidden(normalised(text))
            or not is_known_word(name, text)
        ):
            yield _item(
                f"defaults.{name}",
                "Giá trị này không dùng được cho trường.",
                "The field does not take this value.",
            )


def _item(field: str, message_vi: str, message_en: str) -> dict[str, Any]:
    return {"field": field, "row": None, "rule": None, "message_vi": message_vi, "message_en": message_en}


async def get_mapping(session: AsyncSession, name: str, *, caller: ApiKey) -> ColumnMapping:
    """Raises NotFound `no_such_mapping`."""
    mapping = await mappings.find(session, caller.owner, name)
    if mapping is None:
        raise NotFound("no_such_mapping", "Không có bảng ánh xạ này.", "There is no such mapping.")
    return mapping


async def chosen_mapping(session: AsyncSession, name: str | None, *, caller: ApiKey) -> dict[str, Any] | None:
    """What a batch keeps of the mapping named; of the `default` one where None is; None for an empty name.
    Raises NotFound.
    """
    if name == "":
        return None
    mapping = (
        await mappings.find(session, caller.owner, DEFAULT)
        if name is None
        else await get_mapping(session, name, caller=caller)
    )
    return (
        None
        if mapping is None
        else {"name": mapping.name, "columns": mapping.columns, "defaults": mapping.defaults}
    )
