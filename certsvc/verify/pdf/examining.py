"""What a file is, from its bytes alone: ours and intact, changed, somebody else's, unsigned, unusable.

Nothing is fetched, written or logged. pyHanko raises all kinds of exceptions on hostile files; `examine` lets
them through, for a caller who knows the file (our own check before publishing) must see them.
`examine_stranger` turns them into an answer.
"""

import datetime as dt

from certsvc.verify.findings import Examination, FileKind, Limits
from certsvc.verify.pdf.foreign import describe_foreign
from certsvc.verify.pdf.geometry import TooMuch, refuse_excess
from certsvc.verify.pdf.ours import prove_ours
from certsvc.verify.pdf.reading import is_claimed_by
from certsvc.verify.trust import Trust

__all__ = ["Examination", "FileKind", "Limits", "examine", "examine_stranger"]


def examine(data: bytes, *, trust: Trust, now: dt.datetime, limits: Limits) -> Examination:
    """Examine PDF bytes at `now` (aware). `FileKind.OURS_INTACT` is not yet `valid`: the register decides."""
    if not data.startswith(b"%PDF-"):
        return Examination.stopped(FileKind.UNREADABLE, "Không phải tệp PDF.")
    if len(data) > limits.max_bytes:
        return Examination.stopped(FileKind.TOO_COMPLEX, "Tệp quá lớn.")
    try:
        refuse_excess(data)
    except TooMuch:
        return Examination.stopped(FileKind.TOO_COMPLEX, "Cấu trúc tệp quá phức tạp.")
    if is_claimed_by(data, trust.pins):
        return prove_ours(data, trust=trust, now=now, limits=limits)
    return describe_foreign(data, trust=trust, limits=limits)


def examine_stranger(data: bytes, *, trust: Trust, now: dt.datetime, limits: Limits) -> Examination:
    """`examine` for bytes from anybody: every exception becomes an answer, never a good one."""
    try:
        return examine(data, trust=trust, now=now, limits=limits)
    except (MemoryError, RecursionError):
        return Examination.stopped(FileKind.TOO_COMPLEX, "Cấu trúc tệp quá phức tạp.")
    except Exception:  # noqa: BLE001 - even a parser's bug must give an answer, and it is no
        return Examination.stopped(FileKind.UNREADABLE, "Không đọc được tệp.")
