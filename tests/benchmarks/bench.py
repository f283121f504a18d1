"""Everything that is measured: `python -m tests.benchmarks.bench [--skip engine peers upload end_to_end
lookup] [--rows 1000 10000 50000]`.

Prints a table and writes `var/bench/latest.json`; says what was not run, and why. `docs/benchmarks.md` tells
the method.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import bench_engine, bench_peers, bench_upload
from tests.benchmarks.keys import make_keys
from tests.benchmarks.measuring import machine, pinned
from tests.benchmarks.table import LATEST, find, table

DATABASES = ("sqlite", "postgresql")
ROWS = (1_000, 10_000, 50_000)
_DEFAULT_ROWS = 10_000
_ONE_SIGNATURE = ("--signatures", "organisation", "--profile", "B-B")
_DEFAULT = ("--signatures", "all", "--profile", "B-LT")


def run(*, skip: Sequence[str], rows: Sequence[int]) -> dict[str, Any]:
    """All figures; those of parts that were not run are missing, and `not_run` says why."""
    figures: dict[str, Any] = {"machine": machine(), "not_run": dict.fromkeys(skip, "left out by choice")}
    with tempfile.TemporaryDirectory(prefix="certsvc-bench-") as folder, pinned():
        keys = make_keys(Path(folder))
        if "engine" not in skip:
            _say("the engine")
            figures |= bench_engine.run(keys)
        if "peers" not in skip:
            _say("iText 5, pdf-lib and @signpdf")
            _add_peers(figures, bench_peers.run(keys))
    if "upload" not in skip:
        _say("the check of an upload")
        figures["upload"] = bench_upload.run()
    if "end_to_end" not in skip:
        _add_whole_way(figures, rows)
    if "lookup" not in skip:
        _add_lookups(figures)
    return figures


def _add_peers(figures: dict[str, Any], peers: dict[str, Any]) -> None:
    figures["not_run"] |= {name: peer["not_run"] for name, peer in peers.items() if "not_run" in peer}
    ran = {name: peer for name, peer in peers.items() if "not_run" not in peer}
    figures["peers"] = {f"{name}_per_s": peer["per_s"] for name, peer in ran.items()} | {"details": ran}
    share = find(figures, "ratios.engine_to_raw")
    for name, peer in ran.items():
        if share is not None:
            figures["ratios"][f"engine_to_{name}"] = round(share / peer["share_of_raw"], 1)


def _add_whole_way(figures: dict[str, Any], rows: Sequence[int]) -> None:
    """Each run has its own process, on all cores."""
    for database in DATABASES:
        runs = {f"rows_{count}": (count, _ONE_SIGNATURE) for count in rows} | {
            f"default_rows_{_DEFAULT_ROWS}": (_DEFAULT_ROWS, _DEFAULT)
        }
        for name, (count, profile) in runs.items():
            _say(f"{count} rows, {database}, {' '.join(profile)}")
            asked = ("bench_end_to_end", "--rows", str(count), "--database", database, *profile)
            run_apart(figures, ("end_to_end", database, name), *asked)
    default = find(figures, f"end_to_end.sqlite.default_rows_{_DEFAULT_ROWS}") or {}
    figures |= {
        name: default[name]
        for name in ("stored_bytes_per_certificate", "post_to_ready_ms")
        if name in default
    }


def _add_lookups(figures: dict[str, Any]) -> None:
    for database in DATABASES:
        _say(f"looking codes up, {database}")
        run_apart(figures, ("lookup", database), "bench_lookup", "--database", database)


def run_apart(figures: dict[str, Any], place: tuple[str, ...], module: str, *arguments: str) -> None:
    """Run a benchmark in its own process; the JSON in its last line, or why it has none, goes to `place`."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        figures["not_run"][".".join(place)] = (ended.stderr.strip().splitlines() or ["no reason given"])[-1]
        return
    within = figures
    for name in place[:-1]:
        within = within.setdefault(name, {})
    within[place[-1]] = json.loads(ended.stdout.splitlines()[-1])


def _say(what: str) -> None:
    sys.stderr.write(f"Measuring {what} …\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--skip", nargs="*", choices=("engine", "peers", "upload", "end_to_end", "lookup"), default=[]
    )
    parser.add_argument("--rows", nargs="*", type=int, default=ROWS)
    asked = parser.parse_args()
    figures = run(skip=asked.skip, rows=asked.rows)
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")
    sys.stdout.write(table(figures))


if __name__ == "__main__":
    main()
