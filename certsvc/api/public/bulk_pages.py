"""Pages beside the bulk check: the form and its table, and what every reason means."""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.limits import LimitedRoute
from certsvc.api.problems import status_of
from certsvc.api.public.bulk import FILE_NAME, BulkGate, Format, as_download
from certsvc.api.public.bulk_form import MOST_CODES, MOST_FILES
from certsvc.api.public.bulk_table import packed, table_csv, table_xlsx
from certsvc.api.words.pages import Tone, headline_of, headlines_for
from certsvc.errors import CertsvcError
from certsvc.records.workbooks.cells import CSV_TYPE, XLSX_TYPE
from certsvc.resources import Resources
from certsvc.verify.reasons import Reason
from certsvc.verify.report import VERDICTS_OF, describe
from certsvc.words import Words

router = APIRouter(route_class=LimitedRoute, include_in_schema=False)
_FILE_FORMATS: Mapping[str, Format] = {"csv": "csv", "xlsx": "xlsx"}
_MOST_LINES = 1000
"""On a page; downloaded files have them all."""
_ORDER = (Tone.BAD, Tone.WAIT, Tone.NONE, Tone.GOOD)


@dataclass(frozen=True, slots=True)
class Count:
    """One of the figures over the table."""

    number: int
    tone: Tone
    icon: str
    words: Words


@router.get("/check/many")
async def ask_many(request: Request, res: Res) -> Response:
    return _form(request, res)


@router.post("/check/many")
async def answer_many(request: Request, res: Res, now: Now) -> Response:
    """The table as a page, or as the file that the form asks for; it is stored nowhere."""
    gate: BulkGate = request.app.state.bulk_gate
    try:
        admitted = await gate.admit(request, res=res, now=now)
    except CertsvcError as error:
        return _form(request, res, error=error)
    if file_format := _FILE_FORMATS.get(admitted.fields.get("output", "")):
        return as_download(admitted.answers, file_format)
    lines = []
    async with aclosing(admitted.answers):
        async for answer in admitted.answers:
            lines.append(packed(answer))
            if await request.is_disconnected():  # nobody is waiting any more: the turn goes to others
                break
    return await pages.render_large(request, "many_answers.html", **await asyncio.to_thread(shown, lines))


@router.get("/reasons")
async def reasons(request: Request) -> Response:
    """Every reason that a check may end with: what it means, what to do, and the results it comes with."""
    return pages.render(request, "reasons.html", reasons=told_reasons())


def told_reasons() -> list[dict[str, Any]]:
    """Each reason with its texts, its verdicts and the headlines it may appear under."""
    return [
        {**describe(reason), "verdicts": VERDICTS_OF[reason], "headlines": headlines_for(reason)}
        for reason in Reason
    ]


def _form(request: Request, res: Resources, *, error: CertsvcError | None = None) -> Response:
    codes = f"{MOST_CODES:,}"
    limits = {
        "files": MOST_FILES,
        "codes": codes.replace(",", "."),
        "codes_en": codes,
        "megabytes": res.settings.max_upload_bytes // 1024**2,
    }
    facts = error.facts if error else {}
    headers = {"Retry-After": str(facts["retry_after_s"])} if "retry_after_s" in facts else None
    return pages.render(
        request,
        "check_many.html",
        status=status_of(error) if error else 200,
        headers=headers,
        limits=limits,
        error=error,
    )


def shown(lines: Sequence[bytes], *, most_lines: int = _MOST_LINES) -> dict[str, Any]:
    """What the page of answers shows: figures, the lines with those that need a look first, and the whole
    table as files embedded in the page. The lines are packed (`bulk_table`).
    """
    tones = [headline_of(json.loads(line)).tone for line in lines]
    by_need = sorted(range(len(lines)), key=lambda number: _ORDER.index(tones[number]))
    return {
        "total": len(lines),
        "counts": _counts(Counter(tones)),
        "lines": [json.loads(lines[number]) for number in by_need[:most_lines]],
        "checked_at": json.loads(lines[0])["checked_at"],
        "file_name": FILE_NAME,
        "downloads": {
            "xlsx": _address(table_xlsx(lines), XLSX_TYPE),
            "csv": _address(table_csv(lines), CSV_TYPE),
        },
    }


def _counts(tones: Counter[Tone]) -> list[Count]:
    return [
        Count(tones[Tone.GOOD], Tone.GOOD, "tick", Words("Giấy thật, còn hiệu lực", "genuine and in force")),
        Count(
            tones[Tone.BAD] + tones[Tone.WAIT],
            Tone.BAD,
            "cross",
            Words("Không nhận hoặc chưa nhận", "not to be accepted, or not now"),
        ),
        Count(tones[Tone.NONE], Tone.NONE, "question", Words("Chưa xác nhận được", "could not be confirmed")),
    ]


def _address(data: bytes, media_type: str) -> str:
    """The file as a data URL: nothing is stored here, and no script is needed to save it."""
    return f"data:{media_type.replace(' ', '')};base64,{base64.b64encode(data).decode()}"
