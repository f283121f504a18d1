"""Checks in disposable processes: genuine files pass, bombs end, nothing of ours is near."""

import asyncio
import contextlib
import io
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image, ImageOps

from certsvc.errors import TooMany
from certsvc.processes.examiner import Examiner, Scan
from certsvc.verify.images import MAX_PIXELS, is_picture
from certsvc.verify.pdf.examining import FileKind, Limits
from certsvc.verify.reasons import Reason
from certsvc.verify.trust import Trust
from keys_dev.make import KeyType
from tests.support.processes import children_running
from tests.tampering import exhaustion
from tests.unit.verify import samples

MEMORY = 768 * 1024**2
SECRET = "a-canary-that-must-stay-with-its-owner"


@pytest.fixture
async def examiner() -> AsyncIterator[Examiner]:
    async with Examiner(timeout_s=10, memory_bytes=MEMORY) as one:
        yield one


@pytest.fixture
async def hasty() -> AsyncIterator[Examiner]:
    """Little time, so that a bomb costs the test little."""
    async with Examiner(timeout_s=1.5, memory_bytes=MEMORY // 2, concurrency=1, max_waiting=1) as one:
        yield one


async def _kind(
    examiner: Examiner, data: bytes, limits: Limits | None = None, *, believing: Trust | None = None
) -> FileKind:
    return (
        await examiner.examine(data, trust=believing or samples.trust(), now=samples.now(), limits=limits)
    ).kind


async def test_genuine_files_pass_apart_as_they_do_here(examiner: Examiner) -> None:
    """The very same examination comes back through the pipe, and strangers' files are not merely
    unreadable.
    """
    for count in (1, 2, 3):
        data = samples.genuine(count)
        apart_from_us = await examiner.examine(data, trust=samples.trust(), now=samples.now())
        assert apart_from_us == samples.look(data)
        assert apart_from_us.kind is FileKind.OURS_INTACT
    assert await _kind(examiner, samples.unsigned()) is FileKind.NOT_SIGNED


async def test_rsa_files_pass_apart(examiner: Examiner) -> None:
    """Nothing that RSA needs is imported too late."""
    data = samples.genuine(2, key_type=KeyType.RSA_2048, prefer_pss=True)
    examination = await examiner.examine(data, trust=samples.trust(KeyType.RSA_2048), now=samples.now())
    assert examination.kind is FileKind.OURS_INTACT


async def test_a_change_of_trust_reaches_the_next_check(examiner: Examiner) -> None:
    """Trust is sent once and again when it changes."""
    data = samples.genuine(1)
    nobody = replace(samples.trust(), pins={})
    kinds = [
        await _kind(examiner, data, believing=trust) for trust in (samples.trust(), nobody, samples.trust())
    ]
    assert kinds == [FileKind.OURS_INTACT, FileKind.SIGNED_BY_OTHER, FileKind.OURS_INTACT]


async def test_a_bomb_ends_soon_and_harms_nobody(hasty: Examiner) -> None:
    """No look at the bytes catches this one: the child runs out of time or memory, and the next genuine file
    is checked as ever.
    """
    for believing in (samples.trust(), replace(samples.trust(), pins={})):  # as ours, and as a stranger's
        started = time.monotonic()
        assert await _kind(hasty, exhaustion.xref_bomb(), believing=believing) is FileKind.TOO_COMPLEX
        assert time.monotonic() - started < 4
    assert await _kind(hasty, samples.genuine(1)) is FileKind.OURS_INTACT


async def test_thirty_megabytes_of_zeros_are_refused(hasty: Examiner) -> None:
    """By size as we ship; by the limits where an operator allows larger files."""
    data = samples.genuine(1) + bytes(30 * 1024**2)
    assert await _kind(hasty, data) is FileKind.TOO_COMPLEX
    assert await _kind(hasty, data, Limits(max_bytes=len(data))) is FileKind.TAMPERED


async def test_the_checking_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment holds nothing of ours, though ours holds a secret."""
    monkeypatch.setenv("CERTSVC_SECRET", SECRET)
    async with Examiner(timeout_s=5, memory_bytes=MEMORY) as one:
        await _kind(one, samples.genuine(1))
        [zygote] = _children()
        environment = _environment(zygote)
        assert SECRET.encode() not in environment
        assert b"CERTSVC" not in environment
    assert _children() == []


def _environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def _children() -> list[int]:
    """Zygotes that this process has started and not yet buried."""
    return [each.pid for each in children_running("certsvc.processes.zygote", os.getpid())]


async def test_a_killed_zygote_is_replaced(examiner: Examiner) -> None:
    """The service goes on when the process from which checks are forked dies."""
    assert await _kind(examiner, samples.genuine(1)) is FileKind.OURS_INTACT
    for zygote in _children():
        os.kill(zygote, signal.SIGKILL)
    await asyncio.sleep(0.2)
    assert await _kind(examiner, samples.genuine(1)) is FileKind.OURS_INTACT


async def test_a_spare_process_that_dies_is_replaced(hasty: Examiner) -> None:
    """It gets ready while nobody asks; whether it is dead or there, the next file is checked, and as the
    trust of the day says.
    """
    assert await _kind(hasty, samples.genuine(1)) is FileKind.OURS_INTACT
    [zygote] = _children()
    spare = await asyncio.to_thread(_spare_of, zygote)
    await asyncio.to_thread(_kill, spare)
    assert await _kind(hasty, samples.genuine(1)) is FileKind.OURS_INTACT
    assert await asyncio.to_thread(_spare_of, zygote, but=spare) != spare
    nobody = replace(samples.trust(), pins={})
    assert await _kind(hasty, samples.genuine(1), believing=nobody) is FileKind.SIGNED_BY_OTHER


async def test_a_spares_time_counts_from_its_file_on(hasty: Examiner) -> None:
    """It may wait for longer than a check may take."""
    assert await _kind(hasty, samples.genuine(1)) is FileKind.OURS_INTACT
    await asyncio.to_thread(_spare_of, _children()[0])
    await asyncio.sleep(1.7)
    assert await _kind(hasty, samples.genuine(1)) is FileKind.OURS_INTACT


def _spare_of(zygote: int, *, but: int = 0) -> int:
    """The child that a zygote keeps, once it has one, another than `but`; it waits for its file, where one
    that has answered is about to end.
    """
    for _ in range(200):
        found = Path(f"/proc/{zygote}/task/{zygote}/children").read_text(encoding="ascii").split()
        if len(found) == 1 and int(found[0]) != but and _is_waiting(int(found[0])):
            return int(found[0])
        time.sleep(0.05)
    raise TimeoutError


def _is_waiting(pid: int) -> bool:
    return _state(pid) == "S"


def _kill(pid: int) -> None:
    """Returns when the process has ended: one that is dying could still be handed a file."""
    os.kill(pid, signal.SIGKILL)
    while _state(pid) not in ("Z", ""):
        time.sleep(0.01)


def _state(pid: int) -> str:
    """Of proc_pid_stat(5): S where a process sleeps, Z where it has ended; empty where there is none."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    return ""


async def test_too_many_at_once_are_turned_away(hasty: Examiner) -> None:
    """One checks, one waits, the third is asked to come back; afterwards there is room again."""
    data = samples.genuine(3)
    answers = await asyncio.gather(*(_kind(hasty, data) for _ in range(4)), return_exceptions=True)
    assert [answer for answer in answers if answer is FileKind.OURS_INTACT] == [FileKind.OURS_INTACT] * 2
    refused = [answer for answer in answers if isinstance(answer, TooMany)]
    assert [each.code for each in refused] == ["checker_busy"] * 2
    assert await _kind(hasty, data) is FileKind.OURS_INTACT


async def test_a_talkative_child_is_not_listened_to() -> None:
    """An answer larger than allowed counts as none."""
    async with Examiner(timeout_s=10, memory_bytes=MEMORY, max_answer_bytes=100) as examiner:
        assert await _kind(examiner, samples.genuine(1)) is FileKind.TOO_COMPLEX


async def test_a_check_given_up_leaves_room(hasty: Examiner) -> None:
    """A caller who goes away frees the place."""
    for _ in range(3):
        check = asyncio.create_task(_kind(hasty, samples.genuine(3)))
        await asyncio.sleep(0.01)
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
    assert await _kind(hasty, samples.genuine(1)) is FileKind.OURS_INTACT


def _picture(text: str | None, *, file_format: str = "PNG", angle: float = 0) -> bytes:
    page = Image.new("L", (900, 1200), 255)
    if text is not None:
        code = Image.fromarray(_matrix(text))
        page.paste(code.resize((360, 360), Image.Resampling.NEAREST), (300, 500))
    out = io.BytesIO()
    ImageOps.expand(page.rotate(angle, fillcolor=200), 10, 120).save(out, format=file_format)
    return out.getvalue()


def _matrix(text: str) -> Any:
    return zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(
        scale=4, add_quiet_zones=True
    )


async def test_the_code_in_a_photo_is_read(examiner: Examiner) -> None:
    """PNG, JPEG and WebP, straight and turned."""
    text = "HTTPS://TRACUU.EXAMPLE.VN/V/0123456789ABCDEFGHJKMNPQRS"
    for file_format, angle in (("PNG", 0), ("JPEG", 7), ("WEBP", 90)):
        picture = _picture(text, file_format=file_format, angle=angle)
        assert is_picture(picture)
        assert await examiner.read_qr(picture) == Scan(text, None)


async def test_other_pictures_say_why_not(examiner: Examiner) -> None:
    """No code, not a picture, cut short, and a small file of a huge picture."""
    assert await examiner.read_qr(_picture(None)) == Scan(None, Reason.NO_QR_FOUND)
    assert await examiner.read_qr(b"%PDF-1.7") == Scan(None, Reason.UNREADABLE)
    assert await examiner.read_qr(_picture("x")[:2000]) == Scan(None, Reason.UNREADABLE)
    huge = io.BytesIO()
    Image.new("1", (MAX_PIXELS // 5000 + 1, 5000)).save(huge, format="PNG")
    assert len(huge.getvalue()) < 200_000
    assert await examiner.read_qr(huge.getvalue()) == Scan(None, Reason.TOO_COMPLEX)
