"""Pages for people: start, worker's page, slip, check."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.limits import LimitedRoute, network_of
from certsvc.api.problems import status_of
from certsvc.api.public import check_app
from certsvc.api.public.checks import CodeText, check_file
from certsvc.checking.lookups import look_up, no_such_code, prove
from certsvc.codes import MAX_TEXT, CodeKind, format_code, parse_code
from certsvc.errors import CertsvcError
from certsvc.templates.qr import qr_svg

router = APIRouter(route_class=LimitedRoute, include_in_schema=False)
Typed = Annotated[str, Form(max_length=MAX_TEXT)]


@router.get("/")
async def start(request: Request) -> Response:
    return pages.render(request, "start.html")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The API's documentation, served by us alone: nothing is loaded from elsewhere."""
    return pages.render(request, "docs.html")


@router.get("/my")
async def ask_worker(request: Request, code: Annotated[str, Query(max_length=MAX_TEXT)] = "") -> Response:
    return pages.render(request, "my.html", typed={"code": code, "birth_date": ""}, error=None)


@router.post("/my")
async def answer_worker(
    request: Request, res: Res, now: Now, code: Typed = "", birth_date: Typed = "", id_last4: Typed = ""
) -> Response:
    """The worker's own view: status as a timeline, and the PDF; or an employer's who knows the birth date."""
    try:
        proven = await prove(
            res.db,
            code,
            birth_date=birth_date,
            id_last4=id_last4,
            network=network_of(request, trusted_proxies=res.settings.trusted_proxies),
            vault=res.vault,
            now=now,
        )
    except CertsvcError as error:
        # The birth date is not echoed; the code is, since it is long to type.
        headers = (
            {"Retry-After": str(error.facts["retry_after_s"])} if "retry_after_s" in error.facts else None
        )
        return pages.render(
            request,
            "my.html",
            status=status_of(error),
            headers=headers,
            typed={"code": code, "birth_date": ""},
            error=error,
        )
    own_code = res.vault.code(proven.entry.id)
    return pages.render(
        request,
        "answer.html",
        report=proven.report.to_json(),
        code=own_code,
        proven=proven,
        birth_date=birth_date,
    )


@router.get("/v/{code}/slip")
async def slip(code: CodeText, request: Request, res: Res, now: Now) -> Response:
    """A slip of paper with the code, for people without a telephone; nothing personal on it.

    Only for whoever has the code: a QR's token leads to the second factor, since the claims in the QR are
    compared under the code [verify, The QR].
    """
    found = await look_up(res.db, code, vault=res.vault, now=now)
    if found.entry is None:
        raise no_such_code()
    if found.code.kind is CodeKind.TOKEN:
        return RedirectResponse(f"/my?code={found.code.text}", status_code=303)
    address = f"{res.settings.base_url}/v/{format_code(found.code.text)}"
    return pages.render(
        request, "slip.html", code=found.code.text, address=address, qr=qr_svg(address.upper())
    )


@router.get("/check")
async def ask_check(request: Request, code: Annotated[str, Query(max_length=MAX_TEXT)] = "") -> Response:
    """Check a file or a code; a typed code leads to its own page."""
    if not code:
        return pages.render(request, "check.html", headers=check_app.HEADERS, typed="", error=None)
    try:
        parsed = parse_code(code)
    except CertsvcError as error:
        return pages.render(
            request, "check.html", status=status_of(error), headers=check_app.HEADERS, typed=code, error=error
        )
    return RedirectResponse(f"/v/{format_code(parsed.text)}", status_code=303)


@router.post("/check")
async def answer_check(request: Request, res: Res, now: Now) -> Response:
    try:
        report = await check_file(request, res=res, now=now)
    except CertsvcError as error:
        return pages.render(
            request, "check.html", status=status_of(error), headers=check_app.HEADERS, typed="", error=error
        )
    return pages.render(request, "file_answer.html", report=report.to_json())
