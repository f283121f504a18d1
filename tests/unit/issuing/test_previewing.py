"""Previews of forms: drawn unsigned, marked so that none passes for a paper."""

import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from certsvc.issuing.requests.preview_process import TOO_LONG, UNPRINTABLE, Drawing, draw
from certsvc.templates.designs import load_designs
from certsvc.templates.samples import sample_values

_DESIGN = load_designs()[-1]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bases")


def _drawing(bases: Path, **changes: str) -> Drawing:
    values = sample_values(_DESIGN) | changes
    return Drawing(
        design=_DESIGN.id,
        values=values,
        head_examined=False,
        slots=_DESIGN.slots(head_examined=False),
        bases=str(bases),
    )


def test_every_part_of_the_page_is_marked(bases: Path) -> None:
    """Forms have no red: each third of the page has some, from edge to edge."""
    page = Image.open(io.BytesIO(draw(_drawing(bases)))).convert("RGB")
    assert page.width > 800
    for third in range(3):
        part = page.crop((0, page.height * third // 3, page.width, page.height * (third + 1) // 3))
        raw = part.tobytes()
        red = [
            at % part.width
            for at, (r, g, b) in enumerate(zip(raw[::3], raw[1::3], raw[2::3], strict=True))
            if r > 180 and max(g, b) < 220 and r - g > 20
        ]
        assert len(red) > 1000
        assert max(red) - min(red) > page.width * 0.7


def test_a_long_text_takes_the_full_layout(bases: Path) -> None:
    """And comes out as a picture too."""
    page = Image.open(io.BytesIO(draw(_drawing(bases, employer="Công ty Cổ phần Thí Dụ và các bạn " * 12))))
    assert page.width > 800


@pytest.mark.parametrize(
    ("employer", "code"), [("Công ty 東京", UNPRINTABLE), ("Công ty " + "W" * 1024, TOO_LONG)]
)
def test_a_text_that_cannot_be_set_is_said_by_the_exit_code(bases: Path, employer: str, code: int) -> None:
    """Alone: nothing of the case is on any output."""
    task = json.dumps(dataclasses.asdict(_drawing(bases, employer=employer))).encode()
    done = subprocess.run(
        [sys.executable, "-m", "certsvc.issuing.requests.preview_process"],
        input=task,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")
