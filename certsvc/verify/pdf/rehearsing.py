"""A rehearsal before the first check: a sample is examined, so that each disposable process starts warm.

The sample and its trust are in `rehearsal/` (written by `python -m tests.support.rehearsal`); no check relies
on them.
"""

import datetime as dt
import json
from pathlib import Path

from certsvc.verify.findings import Limits
from certsvc.verify.pdf.examining import Examination, examine_stranger
from certsvc.verify.trust import Trust

FOLDER = Path(__file__).parent / "rehearsal"
_TIMES = 4
"""As often as the interpreter needs to specialise the code (PEP 659)."""


def rehearse(*, times: int = _TIMES) -> Examination:
    """Examine the sample as of its day, repeatedly, and return the last result."""
    data, raw = (FOLDER / "three.pdf").read_bytes(), (FOLDER / "trust.json").read_bytes()
    trust, now = Trust.from_bytes(raw), dt.datetime.fromisoformat(json.loads(raw)["at"])
    return [examine_stranger(data, trust=trust, now=now, limits=Limits()) for _ in range(times)][-1]
