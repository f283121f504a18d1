"""Server-sent events [WHATWG HTML §9.2.6], as far as following needs them: ids and data."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import httpx

from certsvc.client.failures import Unreachable


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    data: str


async def events_of(lines: AsyncGenerator[str, None]) -> AsyncGenerator[Event, None]:
    """The events with data; one that breaks off is none. Raises Unreachable where the stream does."""
    last_id, data = "", list[str]()
    try:
        async with aclosing(lines):
            async for line in lines:
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "id":
                    last_id = value
                elif name == "data":
                    data.append(value)
                elif not line and data:
                    yield Event(last_id, "\n".join(data))
                    data = []
    except httpx.TransportError as error:
        raise Unreachable(type(error).__name__) from error
