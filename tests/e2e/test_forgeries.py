"""One changed byte, a cut, an addition: never `valid`, never a failure of ours."""

import random
import re
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.support import calls
from tests.support.records import record
from tests.support.service import Service

RANDOM_PLACES = 150
_MARKS = (
    rb"%PDF-|%%EOF|startxref|trailer|/ByteRange|/Contents <|/Prev|/DocMDP|/Root|xref|endobj|/V"
    rb" |/Kids|/Perms|stream\r?\n"
)


@pytest.fixture(scope="module")
def genuine(service: Service) -> bytes:
    with service.client() as client:
        return calls.pdf(client, calls.issue(client, record(1001), kind="recovery")["id"])


@pytest.fixture(scope="module")
def another(service: Service) -> bytes:
    with service.client() as client:
        return calls.pdf(client, calls.issue(client, record(1002))["id"])


def _verdict(client: httpx2.Client, data: bytes) -> str:
    """The verdict, or `refused` where the file is turned away as no PDF."""
    answer = calls.until(
        lambda: busy if (busy := calls.check_file(client, data)).status_code != 429 else None
    )
    if answer.status_code == 415:
        assert answer.headers["Content-Type"] == "application/problem+json"
        return "refused"
    return str(calls.good(answer)["verdict"])


def _verdicts(service: Service, files: list[bytes]) -> list[str]:
    with service.client(None, address="198.51.100.8") as client, ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda data: _verdict(client, data), files))


def _flipped(data: bytes, place: int, bit: int = 1) -> bytes:
    changed = bytearray(data)
    changed[place] ^= bit
    return bytes(changed)


def test_one_changed_byte_is_never_valid(service: Service, genuine: bytes) -> None:
    """Anywhere: at random, in the structure, in the padding of signatures, in the very last byte."""
    rng = random.Random(20221123)
    structure = {match.start() + len(match[0]) // 2 for match in re.finditer(_MARKS, genuine)}
    padding = {match.start() + 40 for match in re.finditer(rb"0{200}", genuine)}
    special = sorted(structure | padding | {0, 5, 7, 9, len(genuine) - 1, len(genuine) - 2})
    places = {
        *rng.sample(special, min(len(special), 80)),
        0,
        len(genuine) - 1,
        *rng.sample(range(len(genuine)), RANDOM_PLACES),
    }
    files = [_flipped(genuine, place, 1 << rng.randrange(8)) for place in sorted(places)]
    verdicts = _verdicts(service, files)
    assert len(verdicts) > RANDOM_PLACES
    assert set(verdicts) <= {"invalid", "refused"}


def test_additions_cuts_and_mixtures_are_never_valid(
    service: Service, genuine: bytes, another: bytes
) -> None:
    """A byte more, a byte less, half a file, two in one, one after the other's base."""
    files = [
        genuine + b"\n",
        genuine + b"\0",
        b"\n" + genuine,
        genuine[:-1],
        genuine[: len(genuine) // 2],
        genuine[: genuine.rindex(b"startxref")],
        genuine[: genuine.index(b"%%EOF") + 6],
        genuine + another,
        another + genuine,
        genuine + genuine,
        genuine.replace(b"%%EOF\n", b"%%EOF\r"),
    ]
    assert len(set(files)) == len(files)
    assert "valid" not in _verdicts(service, files)


def test_the_genuine_ones_still_are(service: Service, genuine: bytes, another: bytes) -> None:
    """The same way in, unchanged: `valid`."""
    assert _verdicts(service, [genuine, another]) == ["valid", "valid"]


def test_a_copy_that_is_signed_well_but_not_as_published(service: Service, genuine: bytes) -> None:
    """The hexadecimal digits of a signature in the other case: the signature holds, the bytes are not ours;
    told apart [decision 0006].
    """
    *_, last = re.finditer(rb"/Contents <([0-9A-Fa-f]+)>", genuine)
    altered = genuine[: last.start(1)] + last[1].swapcase() + genuine[last.end(1) :]
    assert altered != genuine
    with service.client(None, address="198.51.100.9") as client:
        report = calls.good(calls.check_file(client, altered))
    assert report["verdict"] == "invalid"
    assert [reason["code"] for reason in report["reasons"]] == ["altered_copy"]
    assert report["certificate"] is None
