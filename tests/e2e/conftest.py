"""One running service with the sample issued, for all end-to-end tests of a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Service, running_demo


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_demo(tmp_path_factory.mktemp("demo"), env={"CERTSVC_TRUSTED_PROXIES": "1"}) as running:
        yield running


@pytest.fixture(scope="session")
def sample() -> Path:
    """The folder with the sample's three shapes and what is expected of them."""
    return Path(__file__).parent.parent / "data" / "f0_sample"
