"""Checks of papers in somebody's hand: they need no key."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from urllib.parse import quote

from certsvc.client.asking import Question, Upload, ask, ask_lines, fetch
from certsvc.client.results import NumberedReport, Proven, Report
from certsvc.client.wires import Wire


async def verify_file(wire: Wire, file: Upload) -> Report:
    """Check a PDF, or a photo with the QR: a path or bytes."""
    return await ask(wire, Question("POST", "/v1/verify", uploads=[("file", file)]), Report)


async def verify_code(wire: Wire, code: str) -> Report:
    """Check a look-up code as it was typed. Raises InvalidRequest `malformed_code`."""
    return await ask(wire, Question("POST", "/v1/verify", json={"code": code}), Report)


async def verify_qr(wire: Wire, text: str) -> Report:
    """Check the whole text of a QR."""
    return await ask(wire, Question("POST", "/v1/verify", json={"qr": text}), Report)


async def verify_many(
    wire: Wire, files: Iterable[Upload] = (), codes: Iterable[str] = ()
) -> AsyncGenerator[NumberedReport, None]:
    """A report on each file, then on each code (or QR text), as they arrive: 500 files and 10,000 codes at
    most.

    A file whose name ends in .csv, .tsv, .txt or .xlsx is a list of codes.
    """
    uploads: list[tuple[str, Upload]] = [("files", file) for file in files]
    typed = "\n".join(codes)
    if typed:
        uploads.append(("codes", ("codes.txt", typed.encode())))
    question = Question("POST", "/v1/verify/batch", {"format": "ndjson"}, uploads=uploads)
    async with aclosing(ask_lines(wire, question, NumberedReport)) as reports:
        async for report in reports:
            yield report


async def prove(wire: Wire, code: str, birth_date: str, *, id_last4: str | None = None) -> Proven:
    """Open more of a paper with what is printed on it: its holder's name and dates, with `id_last4` a grant
    to download.

    Sent once only, since wrong attempts are counted. Raises NoAccess, TooMany.
    """
    factor = {"birth_date": birth_date} | ({} if id_last4 is None else {"id_last4": id_last4})
    return await ask(wire, Question("POST", f"/v/{quote(code, safe='')}", json=factor, once=True), Proven)


async def get_proven_pdf(wire: Wire, code: str, grant: str) -> bytes:
    """The signed PDF, within a quarter of an hour of `prove`."""
    return await fetch(wire, Question("GET", f"/v/{quote(code, safe='')}/pdf", {"grant": grant}))
