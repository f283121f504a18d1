"""Looking up a code among a million certificates: `python -m tests.benchmarks.bench_lookup`.

Options are `--database sqlite` and `--certificates 1000000`. It is compared, in the same run, with an empty
FastAPI route on the same kind of server. Prints a line of text and one of JSON.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from certsvc.codes import format_code
from certsvc.config import Settings
from tests.benchmarks.asking import as_fast_as_it_goes, at_a_rate
from tests.benchmarks.register import fill_register
from tests.benchmarks.site import running_site
from tests.support.service import free_port

_CODES = 20_000
_ROUNDS, _ROUND_S = 3, 5.0
_RATE_PER_S, _RATE_S = 500, 10.0


@contextlib.contextmanager
def empty_server() -> Iterator[int]:
    """The port of an application with one route that does nothing, served like ours."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.empty_app", str(port)])
    try:
        for _ in range(200):
            with contextlib.suppress(httpx2.HTTPError):
                httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False)
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def measure(database: str, certificates: int) -> dict[str, float]:
    """Answers per second of both in turn, latencies at a constant rate in between; medians of the rounds.

    On a shared machine, a single stall is 1 % of a round.
    """
    with tempfile.TemporaryDirectory(prefix="certsvc-bench-") as folder:
        prepared: list[str] = []

        def prepare(settings: Settings) -> None:
            prepared.extend(fill_register(settings, certificates=certificates, codes=_CODES))

        with (
            running_site(Path(folder), database=database, prepare=prepare, trusted_proxies=1) as site,
            empty_server() as empty,
        ):
            port, paths = (
                int(site.service.base_url.rpartition(":")[2]),
                [f"/v/{format_code(code)}" for code in prepared],
            )
            asyncio.run(as_fast_as_it_goes(port, paths, seconds=2))
            ratios, rates, steady = [], [], []
            for _ in range(_ROUNDS):
                ours = asyncio.run(as_fast_as_it_goes(port, paths, seconds=_ROUND_S)).per_s
                theirs = asyncio.run(as_fast_as_it_goes(empty, ["/"], seconds=_ROUND_S)).per_s
                ratios.append(ours / theirs)
                rates.append((ours, theirs))
                steady.append(asyncio.run(at_a_rate(port, paths, per_s=_RATE_PER_S, seconds=_RATE_S)))
    ours, theirs = (statistics.median(each) for each in zip(*rates, strict=True))
    return {
        "certificates": certificates,
        "per_s": round(ours),
        "empty_per_s": round(theirs),
        "ratio": round(statistics.median(ratios), 2),
        "p50_ms": round(statistics.median(each.quantile_ms(0.5) for each in steady), 1),
        "p99_ms": round(statistics.median(each.quantile_ms(0.99) for each in steady), 1),
        "rate_per_s": round(statistics.median(each.per_s for each in steady)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--certificates", type=int, default=1_000_000)
    asked = parser.parse_args()
    found = measure(asked.database, asked.certificates)
    sys.stdout.write(
        f"{found['certificates']:,} certificates in {asked.database}: {found['per_s']} look-ups/s,"
        f" {found['ratio']} of an empty route; at {found['rate_per_s']}/s p50 {found['p50_ms']} ms, p99"
        f" {found['p99_ms']} ms\n"
    )
    sys.stdout.write(json.dumps({"benchmark": "lookup", "database": asked.database, **found}) + "\n")


if __name__ == "__main__":
    main()
