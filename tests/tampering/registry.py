"""All attacks by class, and every file that they make."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from tests.tampering import (
    active_content,
    controls,
    exhaustion,
    flips,
    incremental,
    overlays,
    resigned,
    shadow,
    structure,
    timestamps_dss,
    universal_forgery,
    wrapping,
)
from tests.tampering.attack import Answer, Attack
from tests.tampering.bases import Base

CLASSES: dict[str, tuple[Attack, ...]] = {
    "controls": controls.ATTACKS,
    "flips": flips.ATTACKS,
    "incremental": incremental.ATTACKS,
    "shadow": shadow.ATTACKS,
    "overlays": overlays.ATTACKS,
    "universal_forgery": universal_forgery.ATTACKS,
    "wrapping": wrapping.ATTACKS,
    "resigned": resigned.ATTACKS,
    "timestamps_dss": timestamps_dss.ATTACKS,
    "active_content": active_content.ATTACKS,
    "structure": structure.ATTACKS,
    "exhaustion": exhaustion.ATTACKS,
}
BREAKERS = ("structure", "exhaustion")
"""The classes that aim at the service rather than at the reader."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One attack on one base: a file."""

    family: str
    attack: Attack
    base: Base

    @property
    def name(self) -> str:
        return f"{self.family}/{self.attack.name}/{self.base.name}"

    @property
    def answer(self) -> Answer:
        return self.attack.answer_for(self.base)

    def make(self) -> bytes:
        return self.attack.make(self.base)


def variants() -> Iterator[Variant]:
    for family, attacks in CLASSES.items():
        yield from (Variant(family, attack, base) for attack in attacks for base in attack.bases)


def manifest() -> str:
    """Every file with its answer, as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "about", "verdict", "reason", "failed_check"])
    for variant in variants():
        answer = variant.answer
        writer.writerow([f"{variant.name}.pdf", variant.attack.about, answer.verdict, answer.reason, answer.check or ""])
    return out.getvalue()
