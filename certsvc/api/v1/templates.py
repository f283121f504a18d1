"""`/v1/templates`: files to fill in."""

from fastapi import APIRouter, Response

from certsvc.api.access import Reader
from certsvc.api.openapi import file
from certsvc.records.workbooks.cells import CSV_TYPE, XLSX_TYPE
from certsvc.records.workbooks.templates import template_csv, template_xlsx

router = APIRouter(prefix="/v1/templates", tags=["batches"])


@router.get("/cases.csv", response_class=Response, responses={200: file("text/csv")})
def cases_csv(_: Reader) -> Response:
    """The columns of a case file, and an example that asks for nothing."""
    return _file(template_csv(), CSV_TYPE, "cases.csv")


@router.get("/cases.xlsx", response_class=Response, responses={200: file(XLSX_TYPE)})
def cases_xlsx(_: Reader) -> Response:
    """The same as a workbook, with lists to choose from, formats that keep leading zeros, and notes."""
    return _file(template_xlsx(), XLSX_TYPE, "cases.xlsx")


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(
        content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
