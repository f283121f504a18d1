"""Our word on signed PDFs of others, beside those of pyHanko and pdfsig.

    python -m tests.corpus FOLDER [--csv FILE] [--all]

FOLDER holds any PDFs that others signed; none comes with the project. For each file it tells what our check
says without any pins (nothing there is ours), what pyHanko's integrity check says of all its signatures, and
what poppler's pdfsig says. Trust is left aside: the question is whether what was signed is whole. Files on
which the three differ are listed; `--all` lists every file.
"""

import argparse
import asyncio
import csv
import datetime as dt
import io
import subprocess
import sys
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel, SignatureStatus
from pyhanko_certvalidator import ValidationContext

from certsvc.processes.examiner import Examiner
from certsvc.verify.trust import Trust

_MEMORY_BYTES = 768 * 1024**2
_TIMEOUT_S = 20.0
_WHOLE = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)
_OURS = {"signed_by_other": "intact", "tampered": "changed", "not_signed": "unsigned"}


class Integrity(StrEnum):
    """What a checker says of all signatures of a file together."""

    INTACT = "intact"
    CHANGED = "changed"
    UNSIGNED = "unsigned"
    UNKNOWN = "unknown"
    """It cannot tell, or cannot read the file."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the three say of one file; `reason` and `detail` are ours, `theirs` is why pyHanko says so."""

    file: str
    ours: Integrity
    pyhanko: Integrity
    pdfsig: Integrity
    reason: str
    detail: str
    theirs: str

    @property
    def is_agreed(self) -> bool:
        """Whether nobody who can tell says otherwise than we do."""
        return {self.pyhanko, self.pdfsig} - {Integrity.UNKNOWN} <= {self.ours}


async def compare(folder: Path) -> list[Opinion]:
    """The opinions on every PDF below `folder`, in the order of their paths."""
    files, loop = await asyncio.to_thread(_pdfs, folder), asyncio.get_running_loop()
    async with Examiner(timeout_s=_TIMEOUT_S, memory_bytes=_MEMORY_BYTES, max_waiting=len(files)) as examiner:
        with ThreadPoolExecutor(2) as pool:

            async def opinion(path: Path) -> Opinion:
                data = await asyncio.to_thread(path.read_bytes)
                found = await examiner.examine(data, trust=Trust(anchors=()), now=dt.datetime.now(dt.UTC))
                theirs, why = await loop.run_in_executor(pool, _ask_child, path)
                return Opinion(
                    file=str(path.relative_to(folder)),
                    ours=Integrity(_OURS.get(found.kind, "unknown")),
                    pyhanko=theirs,
                    pdfsig=await loop.run_in_executor(pool, _ask_pdfsig, path),
                    reason=found.kind,
                    detail=" ".join(check.detail for check in found.checks if check.outcome == "failed"),
                    theirs=why,
                )

            return list(await asyncio.gather(*map(opinion, files)))


def _pdfs(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() == ".pdf")


def _ask_child(path: Path) -> tuple[Integrity, str]:
    """`_ask_pyhanko` in a process of its own: some files keep it busy for ever."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.corpus", "--one", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return Integrity.UNKNOWN, "too slow"
    word, _, why = done.stdout.strip().partition("\t")
    return (Integrity(word), why) if word in set(Integrity) else (Integrity.UNKNOWN, "no answer")


def _ask_pyhanko(path: Path) -> tuple[Integrity, str]:
    """Whether every signature and time-stamp is mathematically right, covers a revision and is followed by
    nothing but what pyHanko calls permitted.
    """
    try:
        reader = PdfFileReader(io.BytesIO(path.read_bytes()), strict=False)
        if reader.encrypted:
            reader.decrypt("")
        found = list(reader.embedded_signatures)
        if not found:
            return Integrity.UNSIGNED, ""
        faults = [fault for signature in found if (fault := _fault(signature))]
    except Exception as error:  # noqa: BLE001 - whatever a file makes it raise is its answer
        return Integrity.UNKNOWN, f"{type(error).__name__}: {error}"[:200]
    return (Integrity.CHANGED, "; ".join(faults)) if faults else (Integrity.INTACT, "")


def _fault(signature: EmbeddedPdfSignature) -> str | None:
    is_stamp = (
        signature.sig_object.get("/Type") == "/DocTimeStamp"
        or signature.signed_data["encap_content_info"]["content_type"].native == "tst_info"
    )
    context = ValidationContext(trust_roots=[], allow_fetching=False)
    check: Coroutine[Any, Any, SignatureStatus] = (
        async_validate_pdf_timestamp(signature, context)
        if is_stamp
        else async_validate_pdf_signature(signature, context)
    )
    status: Any = asyncio.run(check)
    if not (status.intact and status.valid):
        return f"{signature.field_name}: intact {status.intact}, valid {status.valid}"
    if status.coverage not in _WHOLE or status.docmdp_ok is False:  # None: nothing to judge
        return f"{signature.field_name}: {status.coverage.name}, docmdp {status.docmdp_ok}"
    return None


def _ask_pdfsig(path: Path) -> Integrity:
    try:
        done = subprocess.run(
            ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        return Integrity.UNKNOWN
    words = [
        line.partition(":")[2].strip()
        for line in done.stdout.splitlines()
        if line.strip().startswith("- Signature Validation")
    ]
    if not words:
        return Integrity.UNSIGNED if "does not contain any signatures" in done.stdout else Integrity.UNKNOWN
    if any(word in ("Digest Mismatch.", "Signature is Invalid.") for word in words):
        return Integrity.CHANGED
    is_whole = "- Total document signed" in done.stdout  # else it does not judge what follows
    return Integrity.INTACT if set(words) == {"Signature is Valid."} and is_whole else Integrity.UNKNOWN


def main() -> int:
    """Print the table. Returns 1 if somebody contradicts us."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        sys.stdout.write("\t".join(_ask_pyhanko(arguments.one)) + "\n")
        return 0
    opinions = asyncio.run(compare(arguments.folder))
    if arguments.csv is not None:
        with arguments.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(field.name for field in fields(Opinion))
            writer.writerows(map(astuple, opinions))
    contradicted = [opinion for opinion in opinions if not opinion.is_agreed]
    for shown in opinions if arguments.all else contradicted:
        sys.stdout.write(
            f"{shown.ours:8} {shown.pyhanko:8} {shown.pdfsig:8} {shown.reason:16} {shown.file}\n"
        )
        sys.stdout.write(f"{'':27} {shown.detail} | {shown.theirs}\n")
    sys.stdout.write(f"\n{len(opinions)} files, {len(contradicted)} on which somebody says otherwise\n")
    for (ours, pyhanko, pdfsig), count in Counter(
        (opinion.ours, opinion.pyhanko, opinion.pdfsig) for opinion in opinions
    ).most_common():
        sys.stdout.write(f"{count:5} ours {ours:8} pyHanko {pyhanko:8} pdfsig {pdfsig:8}\n")
    return 1 if contradicted else 0


if __name__ == "__main__":
    sys.exit(main())
