"""What goes into a press and what comes out: plain values, for it is a process of its own.

Values that hold a case or a key have no `repr` that could reach a log.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from certsvc.config import Profile, Signatures
from certsvc.errors import Broken, CertsvcError
from certsvc.states import Kind, Slot
from certsvc.templates.values import FormFacts


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs in a slot: the name that its mark shows, and the key's file in the keyring."""

    slot: Slot
    name: str
    source: str
    facility_code: str
    licence: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Order:
    """One certificate to make: its case (JSON of `Case.to_json`), what issuing knows beyond it, who signs, in
    order.

    What the QR claims besides: `serial` as systems know it, the QR's `token`, the place in the status lists.
    """

    certificate_id: uuid.UUID
    kind: Kind
    design_id: str
    case: bytes
    facts: FormFacts
    late_reason: str
    serial: str
    token: str
    status_place: tuple[int, int]
    signatories: tuple[Signatory, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Chunk:
    """Orders that go through the press together, and whom its self-check believes (`Trust.to_bytes`)."""

    orders: tuple[Order, ...]
    trust: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """A signed certificate that passed our own check.

    `piece` is sealed under `data_key` (see `archive.seal_piece`) and holds what follows base and stock, which
    are layers named by their SHA-256; without them it is the whole file. `sha256` and `size` are the whole
    file's.
    """

    certificate_id: uuid.UUID
    piece: bytes
    data_key: bytes
    base: str | None
    stock: str | None
    sha256: str
    size: int
    level: str
    signed_at: dt.datetime
    warnings: tuple[str, ...]
    is_fast: bool


@dataclass(frozen=True, slots=True)
class Unmade:
    """A certificate that could not be made, and why."""

    certificate_id: uuid.UUID
    error: CertsvcError


@dataclass(frozen=True, slots=True, repr=False)
class Pressed:
    """What became of a chunk; `layers` are all bases and stocks (bytes by SHA-256) that `made` needs."""

    made: tuple[Made, ...]
    unmade: tuple[Unmade, ...]
    layers: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a press is opened with; `bases` is the folder in which compiled designs are kept."""

    keys_dir: Path
    passphrase: str | None = field(repr=False)
    profile: Profile
    signatures: Signatures
    is_production: bool
    max_pdf_bytes: int
    bases: Path


def self_check_failed(fault: str) -> Broken:
    """What we would reject is never handed out."""
    return Broken(
        "self_check_failed",
        "Bản vừa ký không qua được bước tự kiểm tra.",
        f"What was just signed fails our own check: {fault}.",
    )
