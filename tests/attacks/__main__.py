"""Run attacks against a service of their own; ends with 1 where strangers were not served."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.attacks.attacks import ATTACKS
from tests.attacks.target import prepare
from tests.attacks.watching import strangers
from tests.benchmarks.site import Site, running_site


async def _attack(site: Site, folder: Path, names: list[str]) -> bool:
    target, are_served = await prepare(site, folder), True
    for name in names:
        async with strangers(target.base_url, target.codes) as seen:
            told = await ATTACKS[name](target)
        are_served = are_served and seen.are_served
        sys.stdout.write(f"{name}: {told}\n  look-ups {seen.lookups}\n  /livez   {seen.livez}\n")
        sys.stdout.flush()
    return are_served


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    asked.add_argument("names", nargs="*", choices=[*ATTACKS, []], help="default: all")
    asked.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="certsvc-attacks-") as folder:
        place = Path(folder)
        with running_site(place / "site", database=options.database, trusted_proxies=1) as site:
            return 0 if asyncio.run(_attack(site, place, options.names or list(ATTACKS))) else 1


if __name__ == "__main__":
    sys.exit(main())
