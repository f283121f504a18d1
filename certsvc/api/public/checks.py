"""For everyone, without a key: look a code up, prove oneself, download, check a file [api, Without a key]."""

import datetime as dt
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from certsvc.api import pages
from certsvc.api.access import Now, Res, get_now, get_resources
from certsvc.api.downloads import PDF_ANSWERS, deliver_pdf
from certsvc.api.limits import LimitedRoute, network_of
from certsvc.api.openapi import PAPER_TYPES
from certsvc.api.public.report_schema import ProvenOut, ReportOut
from certsvc.api.schemas import Strict
from certsvc.checking.lookups import (
    Found,
    find_download,
    look_up,
    look_up_claimed,
    look_up_qr,
    prove,
)
from certsvc.checking.uploads import check_upload
from certsvc.codes import MAX_TEXT, format_code
from certsvc.errors import ErrorItem, InputError
from certsvc.refusals import invalid_request, no_file
from certsvc.resources import Resources
from certsvc.verify.report import Report

router = APIRouter(route_class=LimitedRoute, tags=["public"])
claimed = APIRouter(route_class=LimitedRoute, tags=["public"])
"""Included last, since `/v/{code}/…` matches whatever the others did not."""

CodeText = Annotated[str, Path(max_length=MAX_TEXT, description="look-up code, or the token of a QR")]
ClaimsText = Annotated[str, Path(max_length=MAX_TEXT, description="claims of a QR, base32")]
_PAGE_TOO: dict[int | str, dict[str, Any]] = {200: {"description": "Report", "content": {"text/html": {}}}}


class SecondFactorBody(Strict):
    """What is printed on the paper: the birth date opens name and dates, an id number's last four digits the
    PDF too.
    """

    birth_date: Annotated[str, StringConstraints(max_length=20)]
    id_last4: Annotated[str, StringConstraints(max_length=10)] | None = None


class Question(Strict):
    """A code as typed, or the whole text of a QR."""

    code: Annotated[str, StringConstraints(max_length=MAX_TEXT)] | None = None
    qr: Annotated[str, StringConstraints(max_length=MAX_TEXT)] | None = None


class VerifyRequest(BaseModel):
    file: Annotated[str, Field(json_schema_extra={"format": "binary"})]


@router.get("/v/{code}", response_model=ReportOut, responses=_PAGE_TOO)
@router.get("/V/{code}", include_in_schema=False)
async def answer_code(code: CodeText, request: Request) -> Response:
    """What a stranger who has the code may know: a page, or a Report for `Accept: application/json`."""
    # As dependencies these two would take as long as the look-up itself.
    res, now = await get_resources(request), await get_now(request)
    return _answer(request, await look_up(res.db, code, vault=res.vault, now=now))


@claimed.get("/v/{code}/{claims}", response_model=ReportOut, responses=_PAGE_TOO)
@claimed.get("/V/{code}/{claims}", include_in_schema=False)
async def answer_qr(code: CodeText, claims: ClaimsText, request: Request) -> Response:
    """The same for the address in a QR, whose claims must be what we signed for this very certificate."""
    res, now = await get_resources(request), await get_now(request)
    return _answer(
        request,
        await look_up_claimed(res.db, code, claims, vault=res.vault, trust=await res.trust.get(now), now=now),
    )


def _answer(request: Request, found: Found) -> Response:
    if not pages.is_for_browser(request):
        return JSONResponse(found.report.to_json())
    return pages.render(
        request, "answer.html", report=found.report.to_json(), code=found.code.text, proven=None
    )


@router.post("/v/{code}", response_model=ProvenOut, responses={403: {}, 409: {}})
@router.post("/V/{code}", include_in_schema=False)
async def prove_code(
    code: CodeText, body: SecondFactorBody, request: Request, res: Res, now: Now
) -> Response:
    """Open more with what is printed on the paper: a Report with name and dates, and a grant to download."""
    proven = await prove(
        res.db,
        code,
        birth_date=body.birth_date,
        id_last4=body.id_last4,
        network=network_of(request, trusted_proxies=res.settings.trusted_proxies),
        vault=res.vault,
        now=now,
    )
    more: dict[str, Any] = {"grant": proven.grant, "pdf_url": None, "successor_url": None}
    if proven.grant:
        more["pdf_url"] = (
            f"{res.settings.base_url}/v/{format_code(res.vault.code(proven.entry.id))}/pdf?grant={proven.grant}"
        )
    if proven.successor_code:
        more["successor_url"] = f"{res.settings.base_url}/v/{format_code(proven.successor_code)}"
    return JSONResponse(proven.report.to_json() | more)


@router.get("/v/{code}/pdf", response_class=Response, responses=PDF_ANSWERS | {403: {}, 409: {}})
@router.get("/V/{code}/pdf", include_in_schema=False)
async def download(
    code: CodeText, request: Request, res: Res, now: Now, grant: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """The signed PDF, for whoever passed the second factor within the last quarter of an hour."""
    return await deliver_pdf(
        request, await find_download(res.db, code, grant=grant, vault=res.vault, now=now), res=res
    )


@router.post(
    "/v1/verify",
    response_model=ReportOut,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": Question.model_json_schema()},
                "multipart/form-data": {
                    "schema": VerifyRequest.model_json_schema(),
                    "encoding": {"file": {"contentType": PAPER_TYPES}},
                },
            },
        }
    },
)
async def verify(request: Request, res: Res, now: Now) -> Response:
    """Check a file (PDF, or a photo with the QR), a code, or a QR's text: always the same Report."""
    if request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        return JSONResponse((await check_file(request, res=res, now=now)).to_json())
    question = await _read_question(request)
    if question.qr is not None:
        trust = await res.trust.get(now)
        return JSONResponse(
            (
                await look_up_qr(
                    res.db, question.qr, base_url=res.settings.base_url, vault=res.vault, trust=trust, now=now
                )
            ).to_json()
        )
    found = await look_up(res.db, question.code or "", vault=res.vault, now=now)
    return JSONResponse(found.report.to_json())


async def check_file(request: Request, *, res: Resources, now: dt.datetime) -> Report:
    """The report on the form's `file`."""
    data = await read_upload(request)
    return await check_upload(
        data,
        db=res.db,
        vault=res.vault,
        examiner=res.examiner,
        trust=await res.trust.get(now),
        base_url=res.settings.base_url,
        now=now,
        asker=network_of(request, trusted_proxies=res.settings.trusted_proxies),
    )


async def read_upload(request: Request) -> bytes:
    """The bytes of the form's `file`; its name is ignored. Raises InputError `no_file`."""
    async with request.form(max_files=1, max_fields=4) as form:
        upload = form.get("file")
        if upload is None or isinstance(upload, str):
            raise no_file()
        return await upload.read()


async def _read_question(request: Request) -> Question:
    try:
        question = Question.model_validate(json.loads(await request.body()))
    except (ValueError, ValidationError, RecursionError) as error:  # the last for brackets nested too deep
        raise _bad_question() from error
    if (question.code is None) == (question.qr is None):
        raise _bad_question()
    return question


def _bad_question() -> InputError:
    return invalid_request(
        [
            ErrorItem(
                field="file",
                row=None,
                rule=None,
                message_vi='Hãy gửi tệp trong trường "file", hoặc JSON {"code": …} hoặc {"qr": …}.',
                message_en='Send a file in the field "file", or JSON {"code": …} or {"qr": …}.',
            )
        ]
    )
