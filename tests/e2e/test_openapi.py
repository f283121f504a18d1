"""The service answers what its OpenAPI document says, whatever it is asked, in whatever order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzzing.running import CALLERS, fuzz
from tests.fuzzing.station import running_station
from tests.support.station import Served

_LEAST = ("--phases", "fuzzing,stateful", "--max-examples", "2")
_RUNS: dict[str | None, tuple[str, ...]] = dict.fromkeys(CALLERS, _LEAST) | {
    "admin": ("--max-examples", "2"),
    None: ("--phases", "coverage"),
}
"""An admin tries every border of every value as well, who has no key these alone; others look for what is
theirs.
"""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service of its own, which may be spoilt, with a worker; limits by network count the address that is
    claimed.
    """
    with running_station(tmp_path_factory.mktemp("station")) as service:
        yield service


@pytest.mark.parametrize(
    ("caller", "words"),
    [
        *(pytest.param(caller, words, id=str(caller)) for caller, words in _RUNS.items()),
        pytest.param("admin", ("--max-examples", "8"), id="admin, longer", marks=pytest.mark.long),
    ],
)
def test_every_answer_is_documented(
    busy: Served, caller: str | None, words: tuple[str, ...], tmp_path: Path
) -> None:
    """No failure of the service, no status, type, header or member that is not described; nothing without a
    key; gone is gone.
    """
    done = fuzz(busy, caller, "run", *words, folder=tmp_path)
    assert done.returncode == 0, done.stdout
