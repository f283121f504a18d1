"""One question to the service: sent, repeated where that is safe, and its answer parsed into a result.

Repeated is what has the same effect when sent twice: GET, PUT, PATCH and DELETE, and POST with an
`Idempotency-Key`, which gets the stored answer. It is repeated after no answer, 429, 502, 503, 504, and 409
`still_running`.
"""

import secrets
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from os import PathLike
from pathlib import Path
from typing import IO, Any, TypeAlias, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from certsvc.client.failures import ServiceError, Unreachable, UnreadableAnswer, failure_of
from certsvc.client.results import Page
from certsvc.client.wires import Wire

Upload: TypeAlias = str | PathLike[str] | bytes | tuple[str, bytes]
"""A path, bytes, or a file name and bytes."""

ModelT = TypeVar("ModelT", bound=BaseModel)
T = TypeVar("T")
_AGAIN = frozenset({429, 502, 503, 504})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_CHANCE = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Question:
    """With `once` it is never repeated. `path` is quoted; members of `query` and `form` that are None are
    left out.
    """

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    uploads: Sequence[tuple[str, Upload]] = ()
    form: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: httpx2.Timeout | None = None
    once: bool = False


def post(path: str, *, idempotency_key: str | None = None, **more: Any) -> Question:
    """A POST that takes effect once, however often it is sent."""
    return Question("POST", path, headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())}, **more)


async def fetch(wire: Wire, question: Question) -> bytes:
    """The content of the answer. Raises ServiceError."""
    return (await _insisted(wire, question)).content


async def ask(wire: Wire, question: Question, result: type[ModelT]) -> ModelT:
    """The answer as `result`. Raises ServiceError."""
    return parsed(await fetch(wire, question), result)


def parsed(content: bytes | str, result: type[ModelT]) -> ModelT:
    """Raises UnreadableAnswer, without the content: that may be personal."""
    try:
        return result.model_validate_json(content)
    except ValidationError:
        raise UnreadableAnswer(HTTPStatus.OK) from None


async def ask_pages(
    wire: Wire, path: str, query: Mapping[str, Any], pages: type[Page[T]]
) -> AsyncGenerator[T, None]:
    """The items of a list, fetched page by page as needed. Raises ServiceError."""
    cursor: str | None = None
    while True:
        page = await ask(wire, Question("GET", path, {**query, "cursor": cursor}), pages)
        for item in page.items:
            yield item
        if (cursor := page.next_cursor) is None:
            return


async def ask_lines(wire: Wire, question: Question, result: type[ModelT]) -> AsyncGenerator[ModelT, None]:
    """NDJSON, one `result` per line, as they arrive."""
    async with opened(wire, question) as response, aclosing(wire.lines(response)) as lines:
        with reached():
            async for line in lines:
                if line:
                    yield parsed(line, result)


async def save(wire: Wire, question: Question, to: str | PathLike[str]) -> Path:
    """The content of the answer as a file, which gets its name once it is complete. Raises ServiceError,
    OSError.
    """
    path = Path(to)
    async with opened(wire, question) as response:
        with _whole_file(path) as file, reached():
            await wire.save(response, file)
    return path


@contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@asynccontextmanager
async def opened(wire: Wire, question: Question) -> AsyncIterator[httpx2.Response]:
    """A good answer whose content is still to be read. Raises ServiceError after all attempts."""
    response = await _insisted(wire, question, streamed=True)
    try:
        yield response
    finally:
        await wire.close(response)


async def _insisted(wire: Wire, question: Question, *, streamed: bool = False) -> httpx2.Response:
    """A good answer, read and closed unless it is streamed."""
    was_lost = False
    for left in range(0 if question.once else wire.retries, -1, -1):
        try:
            response = await _tried(wire, question, streamed=streamed)
        except ServiceError as failure:
            if was_lost and question.method == "DELETE" and failure.status == HTTPStatus.NOT_FOUND:
                return httpx2.Response(HTTPStatus.NO_CONTENT)  # removed by the attempt whose answer was lost
            pause_s = _pause_s(failure, tried=wire.retries - left)
            if not left or not _may_pass(failure) or pause_s > _LONGEST_PAUSE_S:
                raise
            was_lost = was_lost or failure.status is None
        else:
            return response
        await wire.sleep(pause_s)
    raise AssertionError("the last attempt returns or raises")


async def _tried(wire: Wire, question: Question, *, streamed: bool) -> httpx2.Response:
    with reached(), _request(wire, question) as request:
        response = await wire.send(request)
        if streamed and response.is_success:
            return response
        try:
            await wire.read(response)
        finally:
            await wire.close(response)
    if response.is_success:
        return response
    raise failure_of(response)


@contextmanager
def reached() -> Iterator[None]:
    """Turn whatever keeps an answer from arriving into Unreachable, which names only the kind of cause."""
    try:
        yield
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        raise Unreachable(type(error).__name__) from error


@contextmanager
def _request(wire: Wire, question: Question) -> Iterator[httpx2.Request]:
    """The request, whose files are open while it is sent."""
    with ExitStack() as stack:
        files = [(name, _file(upload, stack)) for name, upload in question.uploads]
        more: dict[str, Any] = {} if question.timeout is None else {"timeout": question.timeout}
        yield wire.http.build_request(
            question.method,
            question.path,
            params=_given(question.query),
            json=question.json,
            files=files or None,
            data=_given(question.form) or None,
            headers=dict(question.headers),
            **more,
        )


def _file(upload: Upload, stack: ExitStack) -> tuple[str, IO[bytes] | bytes]:
    match upload:
        case bytes():
            return "file", upload
        case (str(name), bytes(content)):
            return name, content
        case str() | PathLike():
            path = Path(upload)
            return path.name, stack.enter_context(path.open("rb"))
        case _:
            raise TypeError("a path, bytes, or (name, bytes)")


def _given(fields: Mapping[str, Any]) -> dict[str, str]:
    """As text; booleans as JSON writes them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in fields.items()
        if value is not None
    }


def _may_pass(failure: ServiceError) -> bool:
    return isinstance(failure, Unreachable) or failure.status in _AGAIN or failure.code == "still_running"


def _pause_s(failure: ServiceError, *, tried: int) -> float:
    """What the service asked for; else twice as long each time, with jitter, so that clients do not return
    together.
    """
    if failure.retry_after_s is not None:
        return failure.retry_after_s
    return float(_FIRST_PAUSE_S * 2**tried * _CHANCE.uniform(0.5, 1.0))
