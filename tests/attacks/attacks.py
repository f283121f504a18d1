"""The attacks, each bounded in time: what one client does, and what became of its honest neighbours."""

import asyncio
import contextlib
import io
import time
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import httpx2
from openpyxl import Workbook
from PIL import Image

from certsvc.records.columns import CASES
from tests.attacks.target import Target, finished, submit
from tests.benchmarks.site import one_wish_each, write_cases
from tests.support.ods import content, row, sheet, write_ods

Attack = Callable[[Target], Awaitable[str]]
_HOLD_S = 25.0
_MB = 1024**2


def _client(target: Target, address: str | None = None, **headers: str) -> httpx2.AsyncClient:
    sent = headers | ({"X-Forwarded-For": address} if address else {})
    return httpx2.AsyncClient(
        base_url=target.base_url,
        headers=sent,
        timeout=120,
        trust_env=False,
        limits=httpx2.Limits(max_connections=None),
    )


async def reading(target: Target) -> str:
    """Five spreadsheets of a few kilobytes each with a row repeated a million times, then a neighbour's five
    cases.
    """
    wide = (
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="string"'
    )
    wide += ' table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row>'
    titles = [column.name for column in CASES.columns]
    path = write_ods(target.folder / "wide.ods", content(sheet(row(titles), wide)))
    size_before = target.site.database_bytes()
    async with (
        _client(target, **target.key("insurer")) as greedy,
        _client(target, **target.key("admin")) as other,
    ):
        batches = [await submit(greedy, path) for _ in range(5)]
        honest = write_cases(target.folder / "honest.csv", one_wish_each(5, first=5 * 10**5).cases)
        try:
            took = f"{await finished(other, await submit(other, honest), within_s=90):.1f} s"
        except TimeoutError:
            took = "not done after 90 s"
        ended = 0
        for batch in batches:
            with contextlib.suppress(TimeoutError):
                await finished(greedy, batch, within_s=1)
                ended += 1
            if ended == 0:
                await greedy.post(f"/v1/batches/{batch}/cancel", json={})
    grown = (target.site.database_bytes() - size_before) / _MB
    return (
        f"the neighbour's five cases: {took}; {ended} of 5 greedy files ended;"
        f" the database grew by {grown:.0f} MB"
    )


async def downloads(target: Target) -> str:
    """Sixteen clients that ask for results, archive or export and do not read."""
    paths = [
        f"/v1/batches/{target.dry_batch}/results?format=ndjson",
        f"/v1/batches/{target.dry_batch}/results?format=csv",
        f"/v1/batches/{target.issued_batch}/archive.zip",
        f"/v1/batches/{target.issued_batch}/export?format=ct07",
    ]
    async with contextlib.AsyncExitStack() as stack:
        for number in range(16):
            await stack.enter_async_context(_silent(target, paths[number % len(paths)]))
        await asyncio.sleep(2)
        statuses: Counter[int] = Counter()
        async with _client(target, **target.key("admin")) as other:
            until = time.perf_counter() + _HOLD_S
            while time.perf_counter() < until:
                statuses[(await other.get("/v1/certificates")).status_code] += 1
                await asyncio.sleep(0.5)
    return f"a neighbour's lists: {dict(statuses)}"


@contextlib.asynccontextmanager
async def _silent(target: Target, path: str) -> AsyncIterator[None]:
    """A connection that asks and does not read."""
    _, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=1024)  # which reads no more
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {target.key()['Authorization']}\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    try:
        yield
    finally:
        writer.transport.abort()


async def many_codes(target: Target) -> str:
    """A list of 10,000 codes, then three at once, one of them a workbook."""
    lines = "\n".join(["ABCD-EFGH-JKMN-PQRS"] * 10_000)
    book = _workbook(10_000, 1, text="ABCD-EFGH-JKMN-PQRS")

    async def ask(number: int) -> float:
        started = time.perf_counter()
        form: Mapping[str, tuple[str, bytes]] = {
            "codes": ("a.xlsx", book) if number == 2 else ("a.txt", lines.encode())
        }
        async with _client(target, f"198.51.100.{number}") as client:
            (await client.post("/v1/verify/batch?format=ndjson", files=form)).raise_for_status()
        return time.perf_counter() - started

    alone = await ask(9)
    together = await asyncio.gather(*map(ask, range(3)))
    return f"one list {alone:.1f} s, three at once {max(together):.1f} s"


async def pictures(target: Target) -> str:
    """One address with 22 connections that send pictures of 49 million pixels; honest files beside it, then
    fifty at once from one company.
    """
    out = io.BytesIO()
    Image.new("1", (7000, 7000)).save(out, "PNG")
    until, refused = time.perf_counter() + _HOLD_S, Counter[int]()

    async def flood() -> None:
        async with _client(target, "198.51.100.1") as client:
            while time.perf_counter() < until:
                answer = await client.post("/v1/verify", files={"file": ("a.png", out.getvalue())})
                refused[answer.status_code] += 1

    async def check(address: str) -> tuple[int, float]:
        started = time.perf_counter()
        async with _client(target, address) as client:
            answer = await client.post("/v1/verify", files={"file": ("a.pdf", target.pdf)})
        return answer.status_code, time.perf_counter() - started

    async def honest() -> list[tuple[int, float]]:
        found: list[tuple[int, float]] = []
        while time.perf_counter() < until:
            found.append(await check(f"203.0.113.{len(found) + 1}"))
            await asyncio.sleep(0.5)
        return found

    async with asyncio.TaskGroup() as group:
        for _ in range(22):
            group.create_task(flood())
        alone = await honest()
    company = await asyncio.gather(*(check("192.0.2.7") for _ in range(50)))
    return f"the flood got {dict(refused)}; {_told(alone)} beside it; fifty of a company: {_told(company)}"


def _told(answers: list[tuple[int, float]]) -> str:
    statuses = Counter(status for status, _ in answers)
    return f"honest files {dict(statuses)}, longest {max(took for _, took in answers):.1f} s"


async def uploads(target: Target) -> str:
    """Five bodies of 100 MB that never end, and a hundred requests that stop in their headers."""
    before = target.spooled_bytes()
    async with contextlib.AsyncExitStack() as stack:
        for number in range(5):
            stack.push_async_callback(_aborted, await _half_body(target, 100 * _MB, number))
        halves = [await asyncio.open_connection("127.0.0.1", target.port) for _ in range(100)]
        for _, writer in halves:
            writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            stack.push_async_callback(_aborted, writer)
        await asyncio.sleep(5)
        most = target.spooled_bytes() - before
        await asyncio.sleep(60)
        later = target.spooled_bytes() - before
        open_still = sum(not reader.at_eof() for reader, _ in halves)
    return (
        f"spooled {most / _MB:.0f} MB, after a minute {later / _MB:.0f} MB;"
        f" {open_still} of 100 half requests still open then"
    )


async def _half_body(target: Target, size: int, number: int) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", target.port)
    start = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
    head = (
        f"POST /v1/verify/batch HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.{number}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {size + len(start)}\r\n\r\n"
    )
    writer.write(head.encode() + start)
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(30):
            for _ in range(size // _MB - 1):
                writer.write(bytes(_MB))
                await writer.drain()
    return writer


async def _aborted(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def wide_list(target: Target) -> str:
    """A workbook of 340 KB as a list of codes, with two million cells."""
    book = _workbook(5_000, 400, text="1")
    started = time.perf_counter()
    async with _client(target, "198.51.100.1") as client:
        answer = await client.post("/v1/verify/batch", files={"codes": ("a.xlsx", book)})
    return (
        f"{len(book) / 1024:.0f} KB: status {answer.status_code} after {time.perf_counter() - started:.1f} s"
    )


async def wrong_tries(target: Target) -> str:
    """Forty wrong second factors at once for one code, then a stranger's twenty, then its holder."""
    code = target.codes[0]
    async with _client(target, "198.51.100.1") as stranger:

        async def attempt(number: int) -> int:
            born = f"{1 + number % 28:02}/01/1911"
            return (await stranger.post(f"/v/{code}", json={"birth_date": born})).status_code

        at_once = Counter(await asyncio.gather(*map(attempt, range(40))))
    async with _client(target, "203.0.113.9") as holder:
        answer = await holder.post(f"/v/{code}", json={"birth_date": "02/02/1911"})
    return f"forty at once: {dict(at_once)}; the next person's own first try: {answer.status_code}"


def _workbook(rows: int, columns: int, *, text: str) -> bytes:
    """A workbook as small as can be, cells without references."""
    cells = f'<c t="inlineStr"><is><t>{text}</t></is></c>' if columns == 1 else "<c><v>1</v></c>" * columns
    sheet_xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + f"<row>{cells}</row>" * rows
        + "</sheetData></worksheet>"
    )
    out = io.BytesIO()
    Workbook().save(out)
    made = io.BytesIO()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, sheet_xml if name == "xl/worksheets/sheet1.xml" else old.read(name))
    return made.getvalue()


ATTACKS: Mapping[str, Attack] = {
    attack.__name__: attack
    for attack in (reading, downloads, many_codes, pictures, uploads, wide_list, wrong_tries)
}
