"""Pages of lists: newest first, an opaque cursor to the next one [api, Paging]."""

import base64
import datetime as dt
import uuid
from typing import Annotated

from fastapi import Query, Request, Response

from certsvc.errors import InputError

Cursor = Annotated[str | None, Query(max_length=200)]


def lead_on(request: Request, response: Response, at: dt.datetime, last_id: uuid.UUID, part: str = "") -> str:
    """The cursor after the last item of a page, and the header `Link` with its address [RFC 8288]; `part`
    where an id has several items.
    """
    cursor = cursor_behind(at, last_id, part)
    response.headers["Link"] = (
        f'<{request.url.path}?{request.url.include_query_params(cursor=cursor).query}>; rel="next"'
    )
    return cursor


def cursor_behind(at: dt.datetime, last_id: uuid.UUID, part: str = "") -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{last_id.hex}|{part}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[dt.datetime, uuid.UUID]:
    """Instant and id of the item that the previous page ended with. Raises InputError `bad_cursor`."""
    at, last_id, _ = read_cursor_of_parts(cursor)
    return at, last_id


def read_cursor_of_parts(cursor: str) -> tuple[dt.datetime, uuid.UUID, str]:
    """The same where an id has several items: with the last one's part."""
    try:
        at, last_id, part = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("|")
        return dt.datetime.fromisoformat(at).astimezone(dt.UTC), uuid.UUID(last_id), part
    except (ValueError, OverflowError) as error:
        raise InputError(
            "bad_cursor", "Con trỏ trang không hợp lệ.", "The page cursor is not one of ours."
        ) from error
