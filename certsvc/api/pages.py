"""Server-rendered pages: Vietnamese with English beside it, mobile first, working without JavaScript."""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Scope
from typing_extensions import override

from certsvc import words as names
from certsvc.api.words import console as console_words
from certsvc.api.words import pages
from certsvc.clock import HANOI
from certsvc.codes import CODE_LENGTH, format_code, normalise_code
from certsvc.templates.qr import data_address
from certsvc.verify import dates

PAGES = Path(__file__).parent / "pages"
STATIC = Path(__file__).parent / "static"


def _when(value: dt.datetime | str) -> str:
    """An instant as people in Hanoi read it; Reports hold it as an ISO string."""
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(HANOI).strftime("%H:%M %d/%m/%Y")


def _day(value: dt.date | str) -> str:
    day = dt.date.fromisoformat(value) if isinstance(value, str) else value
    return day.strftime("%d/%m/%Y")


def _is_token(text: str) -> bool:
    """Whether this came from a QR: nobody types it, so no page shows it as a code."""
    code = normalise_code(text)
    return code is not None and len(code.text) != CODE_LENGTH


def _next_steps(reasons: Iterable[Mapping[str, str]]) -> list[names.Words]:
    """What to do, each step once: several reasons may advise the same."""
    return list(
        dict.fromkeys(names.Words(reason["next_step_vi"], reason["next_step_en"]) for reason in reasons)
    )


@cache
def asset(name: str) -> str:
    """Address of a static file, with its digest: browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


class _Assets(StaticFiles):
    """Under an address with its digest a file never changes; under any other, browsers must ask again."""

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_by_digest = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if is_by_digest else "no-cache"
        )
        return response


def static_files() -> ASGIApp:
    """Serves what the pages link to, compressed where the browser accepts it: telephones at a gate have slow
    lines.
    """
    return GZipMiddleware(_Assets(directory=STATIC))


_environment = Environment(
    loader=FileSystemLoader(PAGES),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "when": _when,
    "day": _day,
    "grouped": format_code,
    "data_address": data_address,
    "next_steps": _next_steps,
}
_environment.filters |= {"signing": dates.signing_of, "note_on_dates": dates.note_of}
_environment.tests["token"] = _is_token
_environment.globals |= {"names": names, "words": pages, "console": console_words, "asset": asset}


def is_for_browser(request: Request) -> bool:
    """Whether the client wants a page: it accepts `text/html`, and the address is not the API's."""
    return "text/html" in request.headers.get("Accept", "") and not request.url.path.startswith("/v1/")


def render(
    request: Request,
    name: str,
    /,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Response:
    """A page by the name of its template; `context` is all it may show."""
    html = _environment.get_template(name).render(path=request.url.path, **context)
    return HTMLResponse(html, status, headers=dict(headers or {}))


async def render_large(request: Request, name: str, /, **context: Any) -> Response:
    """`render`, in a thread, for a page of hundreds of lines, which would hold up everybody else."""
    return await asyncio.to_thread(render, request, name, **context)
