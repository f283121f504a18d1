"""Fuzz for long, as each caller in turn; ends with 1 where anything was found, and prints how to repeat
it.
"""

import argparse
import itertools
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzzing.running import CALLERS, fuzz
from tests.fuzzing.station import running_station


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    asked.add_argument("--minutes", type=float, default=10, help="after which no further round begins")
    asked.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument(
        "--examples", type=int, default=30, help="of each call in a round, and sequences of calls"
    )
    asked.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="of the first round")
    options = asked.parse_args()
    ends_at, codes = time.monotonic() + options.minutes * 60, []
    with (
        tempfile.TemporaryDirectory() as name,
        running_station(Path(name) / "station", database=options.database) as service,
    ):
        for seed, caller in zip(itertools.count(options.seed), itertools.cycle(CALLERS), strict=False):
            if time.monotonic() > ends_at:
                break
            words = (
                "run",
                "--continue-on-failure",
                "--max-examples",
                str(options.examples),
                "--seed",
                str(seed),
            )
            done = fuzz(service, caller, *words, folder=Path(name))
            sys.stdout.write(f"=== as {caller or 'nobody'}, seed {seed}\n{done.stdout}\n")
            codes.append(done.returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
