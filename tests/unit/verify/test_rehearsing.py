"""The sample that the checker rehearses with."""

from certsvc.verify.pdf.examining import FileKind
from certsvc.verify.pdf.rehearsing import rehearse
from certsvc.verify.report import TimeSource


def test_the_rehearsal_goes_the_whole_way() -> None:
    """The sample passes with three time-stamped signatures on any day: every step of a check is run."""
    found = rehearse()
    assert found.kind is FileKind.OURS_INTACT
    assert [facts.time_source for facts in found.signatures] == [TimeSource.TIMESTAMP] * 3
