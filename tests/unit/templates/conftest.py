"""What the tests of designs share: every design in both variants, and readers that are not ours."""

import functools
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from certsvc.pdf import Blank
from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.compiler.compiling import assemble_fully
from certsvc.templates.designs import Design, load_designs
from certsvc.templates.filling import Filled, fill
from certsvc.templates.samples import sample_values
from certsvc.templates.slots import Base

RECORD = "<HoSo>Nguyễn Thị Ví Dụ</HoSo>".encode()
VARIANTS = [(design, head_examined) for design in load_designs() for head_examined in (False, True)]


def _name(variant: tuple[Design, bool]) -> str:
    design, head_examined = variant
    return f"{design.id.replace('/', '-')}{'-head' if head_examined else ''}"


@pytest.fixture(params=VARIANTS, ids=_name)
def variant(request: pytest.FixtureRequest) -> tuple[Design, bool]:
    """A design, and whether the head examined."""
    chosen: tuple[Design, bool] = request.param
    return chosen


@pytest.fixture
def variant_name(variant: tuple[Design, bool]) -> str:
    return _name(variant)


@pytest.fixture
def base(variant: tuple[Design, bool]) -> Base:
    """The compiled design; where the head examined, the paper of a re-issue, so that both flags are seen."""
    design, flag = variant
    return compile_base(design, head_examined=flag, is_reissue=flag)


@pytest.fixture
def filled(variant: tuple[Design, bool]) -> Filled:
    design, flag = variant
    return fill(
        design, sample_values(design, head_examined=flag), record=RECORD, head_examined=flag, is_reissue=flag
    )


@pytest.fixture
def laid_out(variant: tuple[Design, bool]) -> Blank:
    """The full layout of the same values."""
    return _laid_out(VARIANTS.index(variant))


@functools.cache
def _laid_out(index: int) -> Blank:
    design, flag = VARIANTS[index]
    return assemble_fully(
        design, sample_values(design, head_examined=flag), record=RECORD, head_examined=flag, is_reissue=flag
    ).blank


@pytest.fixture
def run_on(tmp_path: Path) -> Callable[..., str]:
    """Runs a program of poppler-utils or qpdf on PDF bytes and returns its output; fails if it is missing."""

    def run(pdf: bytes, *command: str) -> str:
        path = tmp_path / "page.pdf"
        path.write_bytes(pdf)
        words = [str(path) if word == "PDF" else word for word in command]
        return subprocess.run(words, check=True, capture_output=True, text=True, encoding="utf-8").stdout

    return run
