"""The engine alone, on one core: `python -m tests.benchmarks.bench_engine [--rounds 12]`, within a minute.

Every way to make a certificate beside the raw RSA-2048 signature (PKCS#1 v1.5, OpenSSL), measured in the same
process before and after. `docs/benchmarks.md` says what is counted.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from certsvc.config import Profile
from certsvc.files.pieces import seal_piece
from certsvc.processes.memory import keep_what_is_there
from certsvc.signing.sealing import Sealed, Unsealed
from certsvc.templates.attachment import record_stream
from certsvc.templates.qr import qr_image
from certsvc.vault import new_data_key
from tests.benchmarks import workload
from tests.benchmarks.keys import PASSPHRASE, Keys, make_keys
from tests.benchmarks.measuring import Series, Work, machine, measure, pinned
from tests.benchmarks.naive import Naive
from tests.benchmarks.raw import raw_signatures
from tests.benchmarks.shop import Shop, open_shop
from tests.benchmarks.workload import ALL_SLOTS, ONE_SLOT, Paper, papers

CHUNK = 100
ROUNDS = 12
_NAIVE_ROUNDS = 8


def open_shops(keys: Keys) -> dict[str, Shop]:
    """What is measured: one B-B signature with each scheme, and the default, three B-LT signatures."""
    return {
        "rsa2048": open_shop(keys.rsa_pki, ONE_SLOT, Profile.B_B),
        "rsa_pss": open_shop(keys.rsa_pki, ONE_SLOT, Profile.B_B, prefer_pss=True),
        "p256": open_shop(keys.p256_pki, ONE_SLOT, Profile.B_B),
        "three_b_lt": open_shop(keys.rsa_pki, ALL_SLOTS, Profile.B_LT),
    }


def run(keys: Keys, *, rounds: int = ROUNDS) -> dict[str, Any]:
    """All figures of the engine, on one core if pinned. Raises RuntimeError if what it makes is not valid."""
    shops, supply = open_shops(keys), papers()
    for shop in shops.values():
        shop.prove_in_full(shop.make([next(supply)])[0])
    keep_what_is_there()  # as a press does once it is warm
    yardstick = raw_signatures(keys.raw_rsa)
    made = measure(
        {name: _engine(shop, supply, rounds) for name, shop in shops.items()},
        yardstick=yardstick,
        rounds=rounds,
    )
    raws = measure(
        {"rsa_pss": raw_signatures(keys.raw_rsa, pss=True), "p256": raw_signatures(keys.raw_p256)},
        yardstick=yardstick,
        rounds=rounds,
    )
    few = min(rounds, _NAIVE_ROUNDS)
    [naive] = measure({"naive": _naive(keys, supply)}, yardstick=yardstick, rounds=few).values()
    stages = measure(
        _Stages(shops["rsa2048"], supply, rounds).works("one_b_b")
        | _Stages(shops["three_b_lt"], supply, rounds).works("three_b_lt"),
        yardstick=yardstick,
        rounds=rounds,
    )
    all_series = (*made.values(), *stages.values())
    raw_ms = statistics.median(ms for series in all_series for ms in series.yardstick_ms)
    busy = statistics.median(ratio for series in made.values() for ratio in series.wall_to_cpu)
    return {
        "raw": {f"{name}_per_s": round(1000 / ms) for name, ms in _typical(raws, raw_ms).items()}
        | {"rsa2048_per_s": round(1000 / raw_ms)},
        "naive": {
            "per_s": round(1000 / naive.typical_ms(raw_ms), 2),
            "ms": round(naive.typical_ms(raw_ms), 1),
        },
        "engine": {f"{name}_per_s": round(1000 / ms) for name, ms in _typical(made, raw_ms).items()},
        "engine_ms": _typical(made, raw_ms),
        "stages_ms": _typical(stages, raw_ms),
        "bytes": {name: _bytes(shop, next(supply)) for name, shop in shops.items()},
        "ratios": {
            "engine_to_raw": round(made["rsa2048"].share, 3),
            "engine_to_naive": round(made["rsa2048"].share / naive.share, 1),
            "three_b_lt_to_raw": round(2 * len(ALL_SLOTS) * made["three_b_lt"].share, 3),
        },
        "wall_to_cpu": round(busy, 2),
        "rounds": rounds,
        "chunk": CHUNK,
    }


def _typical(measured: dict[str, Series], raw_ms: float) -> dict[str, float]:
    return {name: round(series.typical_ms(raw_ms), 4) for name, series in measured.items()}


def _chunks(supply: Iterator[Paper], rounds: int) -> list[list[Paper]]:
    """One per round, and one for warming up."""
    return [list(itertools.islice(supply, CHUNK)) for _ in range(rounds + 1)]


def _engine(shop: Shop, supply: Iterator[Paper], rounds: int) -> Work:
    """Fill and seal a chunk of new certificates whose values are ready."""
    chunks = _chunks(supply, rounds)
    return _counted(lambda: shop.make(chunks.pop()))


def _counted(work: Callable[[], object]) -> Work:
    def counted() -> int:
        work()
        return CHUNK

    return counted


def _naive(keys: Keys, supply: Iterator[Paper]) -> Work:
    naive = Naive(str(keys.pkcs12), PASSPHRASE)

    def work() -> int:
        naive.make(next(supply))
        return 1

    return work


class _Stages:
    """A chunk on its way through a press, stage by stage: each continues with the result of the last."""

    def __init__(self, shop: Shop, supply: Iterator[Paper], rounds: int) -> None:
        self._shop = shop
        self._chunks = _chunks(supply, rounds)
        self._chunk: list[Paper] = []
        self._sheets: list[Unsealed] = []
        self._sealed: list[Sealed] = []

    def works(self, prefix: str) -> dict[str, Work]:
        """In order; `qr` and `record` are done once more, to find their share of filling."""
        stages = {
            "fill": self._fill,
            "qr": self._qr,
            "record": self._record,
            "seal": self._seal,
            "prove": self._prove,
            "pack": self._pack,
        }
        return {f"{prefix}.{name}": _counted(stage) for name, stage in stages.items()}

    def _fill(self) -> None:
        self._chunk = self._chunks.pop()
        self._sheets = self._shop.fill(self._chunk)

    def _qr(self) -> None:
        for paper in self._chunk:
            qr_image(paper.values["verify_url"])

    def _record(self) -> None:
        for paper in self._chunk:
            record_stream(workload.design(), paper.record)

    def _seal(self) -> None:
        self._sealed = self._shop.seal(self._sheets)

    def _prove(self) -> None:
        for sealed in self._sealed:
            self._shop.prove(sealed)

    def _pack(self) -> None:
        for sealed in self._sealed:
            seal_piece(sealed.revisions, new_data_key())


def _bytes(shop: Shop, paper: Paper) -> dict[str, int]:
    """Sizes of one certificate: as delivered, its own part, and how much of that is stored."""
    [sealed] = shop.make([paper])
    return {
        "file": sealed.size,
        "revisions": len(sealed.revisions),
        "stored": len(seal_piece(sealed.revisions, new_data_key())),
    }


def show(figures: dict[str, Any]) -> str:
    """The figures as a table for people."""
    raw = figures["raw"]["rsa2048_per_s"]
    engine, ms, ratios = figures["engine"], figures["engine_ms"], figures["ratios"]
    rows = [
        ("raw RSA-2048 signature", raw, 1000 / raw, ""),
        ("naive: WeasyPrint + pyHanko", figures["naive"]["per_s"], figures["naive"]["ms"], ""),
        (
            "engine, RSA-2048, B-B",
            engine["rsa2048_per_s"],
            ms["rsa2048"],
            f"{ratios['engine_to_raw']:.2f} of raw, {ratios['engine_to_naive']:.0f} x naive",
        ),
        ("engine, RSA-PSS, B-B", engine["rsa_pss_per_s"], ms["rsa_pss"], ""),
        ("engine, P-256, B-B", engine["p256_per_s"], ms["p256"], ""),
        (
            "engine, 3 signatures, B-LT",
            engine["three_b_lt_per_s"],
            ms["three_b_lt"],
            f"{ratios['three_b_lt_to_raw']:.2f} of 6 raw",
        ),
    ]
    lines = [f"{name:<30}{per_s:>9.5g} /s{each_ms:>10.3f} ms   {note}" for name, per_s, each_ms, note in rows]
    stages = [f"  {name:<28}{each_ms:>22.4f} ms" for name, each_ms in figures["stages_ms"].items()]
    return (
        "\n".join(
            [
                *lines,
                "stages of a chunk, per certificate:",
                *stages,
                f"wall clock over processor time: {figures['wall_to_cpu']}",
            ]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="certsvc-bench-") as folder, pinned():
        figures = run(make_keys(Path(folder)), rounds=asked.rounds)
    sys.stdout.write(show(figures))
    sys.stdout.write(json.dumps({"benchmark": "engine", "machine": machine(), **figures}) + "\n")


if __name__ == "__main__":
    main()
