"""Which examples the properties are tried with: the same ones at every run, however long each takes. Which
tests a worker keeps together.
"""

import functools
from pathlib import Path

import pytest
from hypothesis import settings
from typing_extensions import override
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("same")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """For `--dist loadfile`."""
    return _Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


class _Scheduling(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
    """A file's tests stay with one worker, and all that look at the demo with one: it runs once."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "the demo" if _looks_at_demo(self.config.rootpath / file) else file


@functools.cache
def _looks_at_demo(file: Path) -> bool:
    return file.parent.name == "e2e" and "from tests.support.service import Service" in file.read_text(
        "utf-8"
    )
