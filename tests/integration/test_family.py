"""A family of processes: who ends is replaced, all end together, and who is called answers."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from certsvc.processes.presses import PressLostError, call
from tests.support import calls
from tests.support.processes import children

_FAMILY = """
import signal, sys, time
from pathlib import Path
from certsvc.processes.family import RENEWED, Member, keep_running, listening
from certsvc.processes.presses import answer_calls

folder = Path(sys.argv[1])

def note(*words):
    with (folder / "log").open("a") as log:
        print(*words, file=log)

def wait(name, code):
    def end(*_):
        note("ends", name)
        raise SystemExit
    def run():
        signal.signal(signal.SIGTERM, end)
        note("begins", name)
        try:
            while not (folder / name).exists():
                time.sleep(0.01)
        except SystemExit:
            return 7
        return code
    return run

def crash():
    while not (folder / "crash").exists():
        time.sleep(0.01)
    (folder / "crash").unlink()
    raise RuntimeError("a member's own failure")

def renew():
    while not (folder / "renew").exists():
        time.sleep(0.01)
    (folder / "renew").unlink()
    return RENEWED

with listening() as (listener, address):
    note("address", address)
    members = [
        Member("test-renewing", renew),
        Member("test-press", lambda: answer_calls(listener)),
        Member("test-crasher", crash),
        Member("test-other", wait("other", 0)),
        Member("test-head", wait("head", 5), is_head=True),
    ]
    code = keep_running(members)
note("closed", address.exists())
sys.exit(code)
"""


NAMES = {"test-renewing", "test-press", "test-crasher", "test-other", "test-head"}


class _Family:
    """A family in `folder`, seen from outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with (folder / "said").open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _FAMILY, str(folder)], stdout=said, stderr=said
            )
        calls.until(lambda: {"begins head", "begins other"} <= {*self.log()} and {*self.members()} == NAMES)

    def log(self) -> list[str]:
        try:
            return (self.folder / "log").read_text().splitlines()
        except FileNotFoundError:
            return []

    @property
    def address(self) -> Path:
        return Path(self.log()[0].split()[1])

    def members(self) -> dict[str, psutil.Process]:
        return dict(children(self.process.pid))

    def successor(self, former: psutil.Process, name: str) -> psutil.Process:
        def look() -> psutil.Process | None:
            found = self.members().get(name)
            return found if found and found.pid != former.pid else None

        found: psutil.Process = calls.until(look)
        return found


@pytest.fixture
def family(tmp_path: Path) -> Iterator[_Family]:
    one = _Family(tmp_path)
    yield one
    with contextlib.suppress(ProcessLookupError):
        one.process.kill()
    one.process.wait()


def test_each_has_its_name_and_its_own_session(family: _Family) -> None:
    """As `ps` shows them; a Ctrl-C reaches the parent alone."""
    members = family.members()
    assert set(members) == NAMES
    assert all(os.getsid(each.pid) == each.pid for each in members.values())


@pytest.mark.parametrize("name", ["test-other", "test-head", "test-press"])
def test_who_is_killed_is_replaced(family: _Family, name: str) -> None:
    """By another one of the same name, the head too; the rest stay."""
    before = family.members()
    before[name].kill()
    family.successor(before[name], name)
    after = family.members()
    assert {each: process for each, process in after.items() if each != name} == {
        each: process for each, process in before.items() if each != name
    }


def test_who_crashes_says_why_and_is_replaced(family: _Family) -> None:
    """With the trace, and what became of it in the log."""
    crasher = family.members()["test-crasher"]
    (family.folder / "crash").touch()
    family.successor(crasher, "test-crasher")
    said = (family.folder / "said").read_text()
    assert "RuntimeError: a member's own failure" in said
    assert "member.ended" in said


def test_who_wants_to_be_renewed_is_and_no_word_about_it(family: _Family) -> None:
    """It has not failed."""
    worn = family.members()["test-renewing"]
    (family.folder / "renew").touch()
    family.successor(worn, "test-renewing")
    assert (family.folder / "said").read_bytes() == b""


@pytest.mark.parametrize("told_by", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_all_end_in_reverse_order(family: _Family, told_by: signal.Signals) -> None:
    """The head first; its exit code is the family's; the socket's folder is cleared up."""
    members = list(family.members().values())
    family.process.send_signal(told_by)
    assert family.process.wait(timeout=20) == 7
    assert family.log()[-3:] == ["ends head", "ends other", "closed False"]
    assert psutil.wait_procs(members, timeout=5)[1] == []


def test_where_the_head_ends_all_end(family: _Family) -> None:
    """With the exit code that it chose."""
    members = list(family.members().values())
    (family.folder / "head").touch()
    assert family.process.wait(timeout=20) == 5
    assert "ends other" in family.log()
    assert psutil.wait_procs(members, timeout=5)[1] == []


def test_where_the_parent_is_killed_all_end(family: _Family) -> None:
    """The kernel sees to it."""
    members = list(family.members().values())
    family.process.kill()
    assert psutil.wait_procs(members, timeout=10)[1] == []


async def test_a_call_gives_what_the_function_returns(family: _Family) -> None:
    """Large arguments and answers included."""
    assert await call(family.address, bytes.upper, b"a" * 5_000_000) == b"A" * 5_000_000
    assert await call(family.address, sorted, [2, 1], reverse=True) == [2, 1]


async def test_a_call_raises_what_the_function_raises(family: _Family) -> None:
    """With the place where it was raised; the press goes on."""
    with pytest.raises(ZeroDivisionError) as caught:
        await call(family.address, divmod, 1, 0)
    assert "presses.py" in caught.value.__notes__[0]
    with pytest.raises(RuntimeError, match="Odd"):  # what cannot be sent is described
        await call(family.address, exec, "class Odd(Exception): ...\nraise Odd")
    assert await call(family.address, abs, -1) == 1


async def test_a_press_that_dies_is_told_of_and_the_next_call_is_answered(family: _Family) -> None:
    """By its successor, for which it waits."""
    with pytest.raises(PressLostError):
        await call(family.address, os._exit, 1)
    assert await call(family.address, abs, -1) == 1


async def test_a_caller_that_has_gone_stops_nobody(family: _Family) -> None:
    """The press drops the answer and takes the next call."""
    gone = asyncio.create_task(call(family.address, time.sleep, 0.5))
    await asyncio.sleep(0.2)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await call(family.address, abs, -1) == 1
