"""Processes for one task: what they answer, what they know, and that none outlives who asked."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from certsvc.processes.one_shot import ask_child
from tests.support import calls
from tests.support.one_shot_child import Asked

_CHILD = "tests.support.one_shot_child"


async def test_a_child_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """In which secrets stand; only where temporary files go it is told."""
    monkeypatch.setenv("CERTSVC_SECRET", "hush")
    monkeypatch.setenv("TMPDIR", "/var/tmp")
    answer, code = await ask_child(_CHILD, Asked(what="environment"))
    assert (code, b"hush" in answer, b"/var/tmp" in answer) == (0, False, True)


@pytest.mark.parametrize(
    ("what", "code"), [("nothing", 0), ("known error", 7), ("unknown error", 1), ("fault", 1), ("memory", 1)]
)
async def test_a_failure_is_an_exit_code_and_nothing_more(
    what: str, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """What it says of itself may quote a case."""
    assert await ask_child(_CHILD, Asked(what=what)) == (b"", code)
    assert capfd.readouterr() == ("", "")


async def test_who_takes_too_long_is_ended() -> None:
    assert await ask_child(_CHILD, Asked(what="sleep"), timeout_s=0.5) == (b"", -signal.SIGKILL)


async def test_who_is_not_waited_for_any_more_is_ended(tmp_path: Path) -> None:
    """As where a browser has gone."""
    pid_file = tmp_path / "pid"
    asking = asyncio.create_task(ask_child(_CHILD, Asked(what="sleep", pid_file=str(pid_file))))
    await asyncio.to_thread(calls.until, lambda: pid_file.exists() and pid_file.read_text())
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
