"""The two dates in a Report, the paper's own and that of signing, and what people must know about them.

Genuine papers are sometimes signed late, so only the first should be compared with the paper.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from certsvc.clock import HANOI


class Note(NamedTuple):
    """A remark in Vietnamese and English."""

    vi: str
    en: str


LATE = Note(
    "Giấy được cấp muộn, ký số sau ngày ghi trên giấy; đó không phải lý do để từ chối.",
    "It was issued late and signed after the date on the paper, which is no reason to refuse it.",
)
UNDATED = Note(
    "Mã QR cũ này chỉ cho biết ngày ký số; giấy có thể ghi một ngày sớm hơn, và đó không phải lý do để từ"
    " chối.",
    "This older QR code tells only the day of signing; the paper may bear an earlier date, which is no reason"
    " to refuse it.",
)
"""For a QR printed before claims held the paper's date, read offline."""


def note_of(report: Mapping[str, Any]) -> Note | None:
    """What to say about the dates of a paper in force; None if both are the same day.

    `report` is a Report in JSON, perhaps from an older service, whose reports lack `dated_on`.
    """
    paper = report["certificate"]
    if report["verdict"] != "valid" or paper is None or "dated_on" not in paper:
        return None
    if paper["dated_on"] is None:
        return UNDATED
    return None if paper["dated_on"] == paper["signed_on"] else LATE


def day_of(day: str | None) -> str | None:
    """A day in a Report as papers print it: dd/mm/yyyy."""
    return dt.date.fromisoformat(day).strftime("%d/%m/%Y") if day else None


def signing_of(certificate: Mapping[str, Any]) -> str | None:
    """When a certificate was signed: dd/mm/yyyy HH:MM in Hanoi, or only the day if no more is known."""
    if signed_at := certificate.get("signed_at"):
        return dt.datetime.fromisoformat(signed_at).astimezone(HANOI).strftime("%d/%m/%Y %H:%M")
    return day_of(certificate.get("signed_on"))
