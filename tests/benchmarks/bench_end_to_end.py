"""The whole way: a CSV posted to the running service until its last PDF can be downloaded.

    python -m tests.benchmarks.bench_end_to_end [--rows 1000] [--database sqlite] [--signatures organisation]
        [--profile B-B]

Starts `certsvc serve` with its worker in a folder of its own (and a PostgreSQL server beside it), and stops
both at the end. Each row asks for one certificate. Prints what `measure` returns as JSON.
"""

import argparse
import hashlib
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2

from tests.benchmarks.site import Site, one_wish_each, running_site, write_cases
from tests.benchmarks.watching import watching
from tests.support import calls
from tests.support.f0_cases import Row

_SAMPLED = 20
_SINGLES = 20
_WARM_UP = 400
"""Rows sent before measuring: each press compiles each variant of a design once."""
_LOOK_S = 0.003
_SINGLE_S = 60


def measure(
    rows: int,
    *,
    database: str = "sqlite",
    signatures: str = "organisation",
    profile: str = "B-B",
    patience_s: float = 3600,
    **settings: Any,
) -> dict[str, Any]:
    """One run on a service that has just warmed up; `signatures` is who signs (`organisation` alone, or
    `all`).

    `per_s` counts certificates, which is rows here, from before the POST until the last PDF is here; MB are
    10⁶ bytes. Raises TimeoutError after `patience_s`, RuntimeError where a row was not issued or a PDF is not
    the registered one.
    """
    settings |= {"signatures": signatures, "profile": profile}
    with (
        tempfile.TemporaryDirectory(prefix="certsvc-bench-") as folder,
        running_site(Path(folder), database=database, **settings) as site,
    ):
        cases = one_wish_each(rows + _SINGLES + 1 + _WARM_UP).cases
        with site.service.client() as client:
            warm_up = calls.submit(client, write_cases(Path(folder) / "warm_up.csv", cases[-_WARM_UP:]))
            _settled(client, warm_up["id"], started=time.perf_counter(), patience_s=patience_s)
            singles = single_times(client, cases[rows:-_WARM_UP])
            figures = _measure_batch(
                site,
                client,
                write_cases(Path(folder) / "cases.csv", cases[:rows]),
                rows=rows,
                patience_s=patience_s,
            )
    return (
        {"database": database, "signatures": signatures, "profile": profile, "rows": rows}
        | figures
        | {"post_to_ready_ms": _ms(singles)}
    )


def single_times(client: httpx2.Client, cases: Sequence[Row]) -> list[float]:
    """Seconds from a POST of one case to its PDF, one after another on an idle service, without the first."""
    return [_seconds_to_pdf(client, case) for case in cases][1:]


def _seconds_to_pdf(client: httpx2.Client, case: Row) -> float:
    kind = "sick_leave" if case["wants_sick_leave"] == "1" else "recovery"
    started = time.perf_counter()
    asked = calls.request(client, case, kind=kind)
    while (answer := client.get(f"/v1/certificates/{asked['id']}/pdf")).status_code != httpx2.codes.OK:
        if time.perf_counter() - started > _SINGLE_S:
            raise TimeoutError(answer.text)
        time.sleep(_LOOK_S)
    return time.perf_counter() - started


def _measure_batch(
    site: Site, client: httpx2.Client, file: Path, *, rows: int, patience_s: float
) -> dict[str, Any]:
    stored, database = site.stored_bytes(), site.database_bytes()
    others = [site.server.process.pid] if site.server else []
    with watching(site.service.process.pid, *others) as usage:
        started = time.perf_counter()
        accepted = calls.submit(client, file)
        batch, read_s = _settled(client, accepted["id"], started=started, patience_s=patience_s)
        done_s = time.perf_counter() - started
        listed = calls.results(client, accepted["id"])
        listed_s = time.perf_counter() - started - done_s
        ids = [line["certificate_id"] for line in listed if line["outcome"] == "issued"]
        if len(ids) != rows:
            raise RuntimeError(f"{len(ids)} of {rows} certificates were issued: {batch['counts']}")
        began = time.perf_counter()
        _check_pdf(client, ids[-1])
        all_s = done_s + time.perf_counter() - began
    for certificate_id in random.Random(rows).sample(ids, min(_SAMPLED, rows)):
        _check_pdf(client, certificate_id)
    return {
        "seconds": round(all_s, 3),
        "per_s": round(rows / all_s, 1),
        "read_s": round(read_s, 3),
        "results_s": round(listed_s, 3),
        "peak_mb": round(usage.worker_mb, 1),
        "api_peak_mb": round(usage.api_mb, 1),
        "cpu_s": usage.cpu_s,
        "stored_bytes_per_certificate": round((site.stored_bytes() - stored) / rows),
        "database_bytes_per_certificate": round((site.database_bytes() - database) / rows),
    }


def _settled(client: httpx2.Client, batch_id: str, *, started: float, patience_s: float) -> tuple[Any, float]:
    """The batch once every row is settled, and after how many seconds it was seen to be completely read.

    It is polled ever less often, as by a caller, but never later than a fiftieth of the time taken.
    """
    read_s = 0.0
    while True:
        waited = time.perf_counter() - started
        batch = calls.good(client.get(f"/v1/batches/{batch_id}"))
        read_s = read_s or (waited if batch["status"] != "reading" else 0.0)
        if batch["status"] in calls.ENDED:
            return batch, read_s
        if waited > patience_s:
            raise TimeoutError(f"not within {patience_s} s: {batch['counts']}")
        time.sleep(min(max(waited / 50, 0.02), 1.0))


def _check_pdf(client: httpx2.Client, certificate_id: str) -> None:
    """Raises RuntimeError if the bytes are not those that the certificate names."""
    certificate = calls.good(client.get(f"/v1/certificates/{certificate_id}"))
    if hashlib.sha256(calls.pdf(client, certificate_id)).hexdigest() != certificate["pdf_sha256"]:
        raise RuntimeError(f"the PDF of {certificate_id} is another one")


def _ms(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * 1000, 1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--signatures", choices=("organisation", "all"), default="organisation")
    parser.add_argument("--profile", choices=("B-B", "B-T", "B-LT"), default="B-B")
    asked = parser.parse_args()
    figures = measure(asked.rows, database=asked.database, signatures=asked.signatures, profile=asked.profile)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
