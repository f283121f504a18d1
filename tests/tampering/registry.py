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
    def file(self) -> str:
        return f"{self.name}.pdf"

    @property
    def answer(self) -> Answer:
        return self.attack.answer_for(self.base)

    def make(self) -> bytes:
        return self.attack.make(self.base)


def variants() -> Iterator[Variant]:
    for family, attacks in CLASSES.items():
        yield from (Variant(family, attack, base) for attack in attacks for base in attack.bases)


def manifest() -> str:
    """Every attack with its answers and the bases that they are given for, as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["class", "attack", "about", "bases", "verdict", "reason", "failed_check"])
    for family, attacks in CLASSES.items():
        for attack in attacks:
            for answer in dict.fromkeys(map(attack.answer_for, attack.bases)):
                names = " ".join(base.name for base in attack.bases if attack.answer_for(base) == answer)
                writer.writerow(
                    [
                        family,
                        attack.name,
                        attack.about,
                        names,
                        answer.verdict,
                        answer.reason,
                        answer.check or "",
                    ]
                )
    return out.getvalue()
