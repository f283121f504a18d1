"""A file as large as a city's worst days: 100,000 cases in a workbook, some of them wrong, posted to the
running service.

    python -m tests.benchmarks.bench_scale [--rows 100000] [--database sqlite] [--presses 1]

Every row's fate must be the one that the case maker expects; results, returned workbook and archive are
downloaded and held against each other; then the same file comes again, of which nothing may be issued. Prints
what `measure` returns as JSON.
"""

import argparse
import csv
import hashlib
import json
import random
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import openpyxl

from tests.benchmarks.site import Site, one_wish_each, running_site, write_cases
from tests.benchmarks.watching import Usage, watching
from tests.make_f0_cases import make, write_csv, write_xlsx
from tests.support import calls
from tests.support.expectation import KINDS, Fate, expected_in, fates_of

_SEED, _SAMPLED = 1, 50
_APART = 900_001
"""The number of a case that is in no file measured here."""
_PATIENCE_S = 7200
_OLD_FILE_S = 600
"""A returned workbook is written before its first byte is sent."""


def measure(rows: int, *, database: str = "sqlite", **settings: Any) -> dict[str, Any]:
    """On a service that has just warmed up. Seconds count from when the file was taken; MB are 10⁶ bytes of
    all processes of the service together.

    Raises RuntimeError where an outcome is not the expected one, or what is downloaded does not agree.
    """
    with tempfile.TemporaryDirectory(prefix="certsvc-bench-") as name:
        folder = Path(name)
        file, expected = _workbook(folder, rows)
        with (
            running_site(folder, database=database, **settings) as site,
            _client(site) as client,
            watching(site.service.process.pid) as usage,
        ):
            _settled(
                client,
                calls.submit(
                    client, write_cases(folder / "warm_up.csv", one_wish_each(1, first=_APART).cases)
                )["id"],
            )
            first = _send(client, file, expected, usage)
            downloads = _download(client, first.pop("id"), first["counts"], folder, usage)
            again = _send_again(client, file, first["counts"], expected, usage)
    return (
        {"rows": rows, "database": database, "file_bytes": first.pop("file_bytes")}
        | first
        | downloads
        | {"again": again}
    )


def _workbook(folder: Path, rows: int) -> tuple[Path, dict[str, Fate]]:
    """The maker's CSV as a workbook like those that stations keep, and the outcome expected of each case."""
    made = make(rows=rows, seed=_SEED)
    write_csv(folder / "f0_cases.csv", made.cases)
    write_csv(folder / "expected.csv", [each.row() for each in made.expected])
    with (folder / "f0_cases.csv").open(encoding="utf-8", newline="") as cases:
        write_xlsx(folder / "cases.xlsx", csv.DictReader(cases))
    return folder / "cases.xlsx", expected_in(folder)


def _client(site: Site) -> httpx2.Client:
    client = site.service.client()
    client.timeout = httpx2.Timeout(_OLD_FILE_S)
    return client


def _send(client: httpx2.Client, file: Path, expected: dict[str, Fate], usage: Usage) -> dict[str, Any]:
    posted = time.perf_counter()
    batch_id = calls.submit(client, file)["id"]
    taken = time.perf_counter()
    calls.until(lambda: _counts(client, batch_id)["issued"])
    first_s = time.perf_counter() - taken
    batch = _settled(client, batch_id)
    done_s = time.perf_counter() - taken
    _require(batch["status"] == "done", f"the batch is {batch['status']}: {batch.get('problem')}")
    _require(
        _plain(fates_of(calls.results(client, batch_id))) == _plain(expected),
        "outcomes differ from expected.csv",
    )
    wanted = sum(getattr(fate, kind) == "issue" for fate in expected.values() for kind in KINDS)
    _require(
        batch["counts"]["issued"] == wanted, f"{wanted} certificates were to be issued: {batch['counts']}"
    )
    return {
        "id": batch_id,
        "counts": batch["counts"],
        "file_bytes": file.stat().st_size,
        "upload_s": round(taken - posted, 2),
        "first_issued_s": round(first_s, 2),
        "done_s": round(done_s, 1),
        "per_s": round(wanted / done_s, 1),
        "issuing_mb": round(usage.service_mb, 1),
    }


def _plain(fates: dict[str, Fate]) -> dict[str, Fate]:
    """Without what the workbook's format adds: repairs are for the sample to test."""
    return {
        case: replace(
            fate, warnings=frozenset(each for each in fate.warnings if not each.startswith("W-REPAIRED-"))
        )
        for case, fate in fates.items()
    }


def _counts(client: httpx2.Client, batch_id: str) -> dict[str, int]:
    counts: dict[str, int] = calls.good(client.get(f"/v1/batches/{batch_id}"))["counts"]
    return counts


def _settled(client: httpx2.Client, batch_id: str) -> Any:
    def look() -> Any:
        batch = calls.good(client.get(f"/v1/batches/{batch_id}"))
        return batch if batch["status"] in calls.ENDED else None

    return calls.until(look, patience_s=_PATIENCE_S)


def _download(
    client: httpx2.Client, batch_id: str, counts: dict[str, int], folder: Path, usage: Usage
) -> dict[str, Any]:
    here, seconds, figures = f"/v1/batches/{batch_id}", {}, {}
    for name, path in {
        "results.xlsx": "results?format=xlsx",
        "results.csv": "results?format=csv",
        "archive.zip": "archive.zip",
    }.items():
        usage.restart()
        started = time.perf_counter()
        _fetch(client, f"{here}/{path}", folder / name)
        seconds[name] = round(time.perf_counter() - started, 1)
        figures[name] = round(usage.service_mb, 1)
    _require(
        _sheet_rows(folder / "results.xlsx") >= counts["rows"], "rows are missing in the returned workbook"
    )
    lines = len((folder / "results.csv").read_bytes().splitlines())
    _require(lines == len(KINDS) * counts["rows"] + 1, f"{lines} lines of results for {counts['rows']} rows")
    _check_archive(client, folder / "archive.zip", counts["issued"])
    return {"download_s": seconds, "download_mb": figures}


def _fetch(client: httpx2.Client, path: str, to: Path) -> None:
    with client.stream("GET", path) as answer, to.open("wb") as file:
        _require(answer.is_success, f"{path}: {answer.status_code}")
        for piece in answer.iter_bytes():
            file.write(piece)


def _sheet_rows(file: Path) -> int:
    book = openpyxl.load_workbook(file, read_only=True)
    try:
        return sum(1 for _ in book.worksheets[0].iter_rows(max_col=1))
    finally:
        book.close()


def _check_archive(client: httpx2.Client, file: Path, issued: int) -> None:
    """As many PDFs as were issued; a random few are checked to be genuine."""
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.endswith(".pdf")]
        _require(len(set(names)) == len(names) == issued, f"{len(names)} files in the archive")
        for name in random.Random(_SEED).sample(names, min(_SAMPLED, issued)):
            data = archive.read(name)
            _require(
                calls.verdict(client, data) == "valid", f"{hashlib.sha256(data).hexdigest()} is not valid"
            )


def _send_again(
    client: httpx2.Client, file: Path, before: dict[str, int], expected: dict[str, Fate], usage: Usage
) -> dict[str, Any]:
    """Every certificate is `existing`, every rejection stands."""
    usage.restart()
    started = time.perf_counter()
    batch_id = calls.submit(client, file)["id"]
    batch = _settled(client, batch_id)
    seconds = time.perf_counter() - started
    counts = batch["counts"]
    _require(
        (counts["certificates"], counts["issued"], counts["existing"]) == (0, 0, before["issued"]),
        f"something was issued again: {counts}",
    )
    known = fates_of(calls.results(client, batch_id))
    _require(
        _unwarned(known) == _unwarned(expected), "outcomes of the file sent again differ from expected.csv"
    )
    return {"seconds": round(seconds, 1), "existing": counts["existing"], "mb": round(usage.service_mb, 1)}


def _unwarned(fates: dict[str, Fate]) -> dict[str, Fate]:
    """Existing ones get no new warnings."""
    return {case: replace(fate, warnings=frozenset()) for case, fate in fates.items()}


def _require(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise RuntimeError(otherwise)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--presses", type=int, default=1)
    asked = parser.parse_args()
    sys.stdout.write(json.dumps(measure(asked.rows, database=asked.database, presses=asked.presses)) + "\n")


if __name__ == "__main__":
    main()
