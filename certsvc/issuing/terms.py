"""On which terms certificates are asked for, and the answer that each wanted kind of a row gets."""

import datetime as dt
import uuid
from dataclasses import dataclass

from certsvc.models import ApiKey, Kind
from certsvc.records import Finding

ALONE, IN_BATCH = 0, 1
"""Priorities: somebody waits for a single certificate, a batch can take its time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one wanted or unwanted kind of one row; `outcome` as in `BatchRow`.

    `obstacle_id` is the certificate with other content for which it was rejected, `told` the cases at other
    facilities (facility, case) of which its findings tell.
    """

    kind: Kind
    outcome: str
    findings: tuple[Finding, ...]
    days: int | None = None
    certificate_id: uuid.UUID | None = None
    obstacle_id: uuid.UUID | None = None
    told: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms certificates are asked for."""

    caller: ApiKey
    now: dt.datetime
    late_reason: str = "late"
    priority: int = ALONE
    dry_run: bool = False
    batch_id: uuid.UUID | None = None
