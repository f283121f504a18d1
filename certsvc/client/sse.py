"""Server-sent events [WHATWG HTML §9.2.6], as far as following needs them: ids and data."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from certsvc.client.asking import reached


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    data: str


async def events_of(lines: AsyncIterator[str]) -> AsyncGenerator[Event, None]:
    """The events with data, without one that is cut off. Raises Unreachable if the stream breaks off."""
    last_id, data = "", list[str]()
    with reached():
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
