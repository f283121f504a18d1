"""The form of a bulk check: which of its parts are papers, which are lists of codes.

A list is recognised by its field `codes`, or by the extension of its name; whatever begins like a PDF or a
picture is a paper all the same. File names go back to their sender and nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from certsvc.checking.code_lists import ListedCode, codes_in_table, codes_in_text
from certsvc.checking.many import CodeItem, FileItem, Item
from certsvc.codes import MAX_TEXT
from certsvc.errors import InputError
from certsvc.verify.images import is_picture

MOST_FILES, MOST_CODES = 500, 10_000
_MAX_LIST_BYTES = 4 * 1024**2
_MOST_FIELDS = 16
_LIST_FIELD, _LIST_ENDINGS = "codes", (".csv", ".tsv", ".txt", ".xlsx")
_LONGEST_NAME = 150
_START_BYTES = 16


@dataclass(frozen=True, slots=True)
class BulkForm:
    """What was submitted: items in the order of the form, and its other fields. Close it when all is read."""

    items: tuple[Item, ...]
    fields: dict[str, str]
    form: FormData

    @property
    def files(self) -> int:
        return sum(isinstance(item, FileItem) for item in self.items)

    async def close(self) -> None:
        await self.form.close()


async def read_bulk_form(request: Request, *, turn: asyncio.Lock) -> BulkForm:
    """Read the form and its lists, each in this `turn`; papers stay unread.

    Raises InputError: `bad_form`, `too_many_files`, `too_many_codes`, `list_too_large`, `nothing_to_check`,
    and for a list what `codes_in_table` raises.
    """
    form = await _parse(request)
    try:
        items = tuple([item async for item in _items(form, turn)])
    except BaseException:
        await form.close()
        raise
    if not items:
        raise InputError(
            "nothing_to_check",
            "Chưa có tệp hay mã nào để kiểm tra.",
            "There is no file and no code to check.",
        )
    return BulkForm(items, {name: value for name, value in form.items() if isinstance(value, str)}, form)


async def _parse(request: Request) -> FormData:
    try:
        return await request.form(
            max_files=MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_MAX_LIST_BYTES
        )
    except HTTPException as error:
        if error.detail.startswith("Too many files"):
            raise InputError(
                "too_many_files",
                f"Quá {MOST_FILES} tệp trong một lần: hãy chia ra.",
                f"More than {MOST_FILES} files in one call: split them.",
            ) from error
        if error.detail.startswith("Part exceeded"):
            raise _too_large_list() from error
        if error.status_code == HTTPStatus.BAD_REQUEST:
            raise InputError(
                "bad_form", "Biểu mẫu gửi lên sai cấu trúc.", "The form that was sent is malformed."
            ) from error
        raise


async def _items(form: FormData, turn: asyncio.Lock) -> AsyncIterator[Item]:
    """Raises as `read_bulk_form` does."""
    number = codes = list_bytes = 0
    for field, value in form.multi_items():
        if isinstance(value, UploadFile) and not value.filename and not value.size:
            continue  # a browser's field of files that was left empty
        if isinstance(value, UploadFile) and not await _is_list(field, value):
            number += 1
            yield FileItem(number, _shown(value.filename), value.size or 0, value.read)
            continue
        list_bytes += (value.size or 0) if isinstance(value, UploadFile) else 0
        if list_bytes > _MAX_LIST_BYTES:
            raise _too_large_list()
        listed = await _listed(field, value, turn)
        codes += len(listed)
        if codes > MOST_CODES:
            raise InputError(
                "too_many_codes",
                f"Quá {MOST_CODES} mã trong một lần: hãy chia ra.",
                f"More than {MOST_CODES} codes in one call: split them.",
            )
        name = _shown(value.filename) if isinstance(value, UploadFile) else None
        for code in listed:
            number += 1
            yield CodeItem(number, name, code.row, _shown(code.text, MAX_TEXT + 1))


async def _listed(field: str, value: UploadFile | str, turn: asyncio.Lock) -> list[ListedCode]:
    """The codes in a list or in the text field for codes; other fields have none."""
    if isinstance(value, str):
        return await asyncio.to_thread(_in_text, value) if field == _LIST_FIELD else []
    async with turn:  # workbooks are costly: many at once would hold everybody up
        return await asyncio.to_thread(codes_in_table, await value.read(), max_rows=MOST_CODES)


def _in_text(text: str) -> list[ListedCode]:
    return list(codes_in_text(text))


async def _is_list(field: str, upload: UploadFile) -> bool:
    start = await upload.read(_START_BYTES)
    await upload.seek(0)
    if start.startswith(b"%PDF-") or is_picture(start):
        return False
    return field == _LIST_FIELD or (upload.filename or "").lower().endswith(_LIST_ENDINGS)


def _too_large_list() -> InputError:
    return InputError(
        "list_too_large",
        f"Các danh sách mã lớn hơn {_MAX_LIST_BYTES // 1024**2} MB: hãy chia ra hoặc chỉ giữ cột mã.",
        f"The lists of codes are larger than {_MAX_LIST_BYTES // 1024**2} MB: split them, or keep the column"
        " of codes only.",
    )


def _shown(text: str | None, longest: int = _LONGEST_NAME) -> str:
    """A name or code of the sender's as shown in a table: printable characters, not too many."""
    text = text or ""
    return text[:longest] if text.isprintable() else "".join(filter(str.isprintable, text))[:longest]
