"""ODS files as LibreOffice and Excel write them, or nearly so, for tests."""

import datetime as dt
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

KIND = "application/vnd.oasis.opendocument.spreadsheet"
_URN = "urn:oasis:names:tc:opendocument:xmlns"
_ROOT = (
    f'<office:document-content xmlns:office="{_URN}:office:1.0" xmlns:table="{_URN}:table:1.0"'
    f' xmlns:text="{_URN}:text:1.0" xmlns:style="{_URN}:style:1.0"'
    ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    ' office:version="1.3">'
)
HIDDEN = (
    '<style:style style:name="ta9" style:family="table"><style:table-properties'
    ' table:display="false"/></style:style>'
)


def cell(value: object) -> str:
    """One cell of a value's own type."""
    match value:
        case None | "":
            return "<table:table-cell/>"
        case bool():
            return (
                '<table:table-cell office:value-type="boolean"'
                f' office:boolean-value="{str(value).lower()}"><text:p>x</text:p></table:table-cell>'
            )
        case int() | float():
            return (
                '<table:table-cell office:value-type="float"'
                f' office:value="{value}"><text:p>{value}</text:p></table:table-cell>'
            )
        case dt.date():
            return (
                '<table:table-cell office:value-type="date"'
                f' office:date-value="{value.isoformat()}"><text:p>{value:%d/%m/%y}</text:p>'
                "</table:table-cell>"
            )
        case dt.timedelta():
            hours, seconds = divmod(int(value.total_seconds()), 3600)
            shown = f"{hours:02d}:{seconds // 60:02d}:{seconds % 60:02d}"
            duration = "PT{}H{}M{}S".format(*shown.split(":"))
            return (
                '<table:table-cell office:value-type="time"'
                f' office:time-value="{duration}"><text:p>{shown}</text:p></table:table-cell>'
            )
        case _:
            return (
                "<table:table-cell"
                f' office:value-type="string"><text:p>{escape(str(value))}</text:p></table:table-cell>'
            )


def row(cells: Iterable[object], *, times: int = 1) -> str:
    repeated = f' table:number-rows-repeated="{times}"' if times > 1 else ""
    return f"<table:table-row{repeated}>{''.join(map(cell, cells))}</table:table-row>"


def sheet(*rows: str, name: str = "F0", style: str = "ta1") -> str:
    return (
        f"<table:table table:name={quoteattr(name)}"
        f" table:style-name={quoteattr(style)}>{''.join(rows)}</table:table>"
    )


def content(*sheets: str, styles: str = "") -> str:
    body = f"<office:body><office:spreadsheet>{''.join(sheets)}</office:spreadsheet></office:body>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{_ROOT}'
        f"<office:automatic-styles>{styles}</office:automatic-styles>{body}</office:document-content>"
    )


def write_ods(
    path: Path,
    xml: str | bytes,
    *,
    kind: str = KIND,
    manifest: str = "<manifest/>",
    packed: int = zipfile.ZIP_DEFLATED,
    more: Sequence[str] = (),
) -> Path:
    """A package of that content; `more` are names of further parts."""
    with zipfile.ZipFile(path, "w", packed) as package:
        package.writestr("mimetype", kind, zipfile.ZIP_STORED)
        package.writestr("content.xml", xml)
        package.writestr("META-INF/manifest.xml", manifest)
        for name in more:
            package.writestr(name, "x")
    return path


def as_ods(path: Path, *records: dict[str, str]) -> Path:
    """A case file of these records."""
    return write_ods(
        path,
        content(
            sheet(
                row(records[0]), *(row(record.values()) for record in records), row([None], times=1_000_000)
            )
        ),
    )
