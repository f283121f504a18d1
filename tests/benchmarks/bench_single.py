"""How long one certificate takes, from POST to PDF: `python -m tests.benchmarks.bench_single [--url URL --key
KEY] [--requests 20]`.

Without an address it starts a demo of its own and stops it at the end. Prints one line of text and one of
JSON.
"""

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from tests.support import calls
from tests.support.records import record
from tests.support.service import running_demo

_POLL_S = 0.02
_IDLE_S = 1.0


@contextlib.contextmanager
def _service(url: str | None, key: str | None) -> Iterator[httpx2.Client]:
    if url is not None:
        with httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
        ) as client:
            yield client
        return
    with (
        tempfile.TemporaryDirectory(prefix="certsvc-bench-") as folder,
        running_demo(Path(folder)) as service,
        service.client() as client,
    ):
        yield client


def seconds_to_pdf(client: httpx2.Client, number: int) -> float:
    """For one request: from before the POST until the whole PDF has arrived."""
    started = time.perf_counter()
    asked = calls.request(client, record(number), kind=("sick_leave", "recovery")[number % 2])
    while (answer := client.get(f"/v1/certificates/{asked['id']}/pdf")).status_code != httpx2.codes.OK:
        if time.perf_counter() - started > 60:
            raise TimeoutError(answer.text)
        time.sleep(_POLL_S)
    return time.perf_counter() - started


def measure(client: httpx2.Client, requests: int) -> list[float]:
    """One after another on an idle service; case numbers are new with every run."""
    first = int(time.time()) % 900_000 + 1000
    seconds_to_pdf(client, first - 1)  # the first one warms up
    time.sleep(_IDLE_S)
    return [seconds_to_pdf(client, first + number) for number in range(requests)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url")
    parser.add_argument("--key")
    parser.add_argument("--requests", type=int, default=20)
    asked = parser.parse_args()
    with _service(asked.url, asked.key) as client:
        times = measure(client, asked.requests)
    figures = {
        "requests": len(times),
        "median_s": statistics.median(times),
        "min_s": min(times),
        "max_s": max(times),
    }
    rounded = {name: round(value, 3) for name, value in figures.items()}
    sys.stdout.write(
        f"POST to PDF: median {rounded['median_s']} s of {len(times)} single requests ({rounded['min_s']} to"
        f" {rounded['max_s']} s)\n"
    )
    sys.stdout.write(json.dumps({"benchmark": "single", **rounded}) + "\n")


if __name__ == "__main__":
    main()
