"""The forms against what was looked at and approved: words exactly, pictures roughly."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter, ImageStat

from certsvc.templates.designs import Design
from certsvc.templates.filling import Filled
from certsvc.templates.preview import filled_pdf, preview_png

GOLDEN = Path(__file__).parents[2] / "golden"
LARGEST_MEAN_DIFFERENCE = 1.0
LARGEST_LOCAL_DIFFERENCE = 70


def test_words_and_their_order_are_those_of_the_form(
    filled: Filled, variant_name: str, run_on: Callable[..., str], tmp_path: Path
) -> None:
    """The text of each design and variant equals the golden text; to update it, copy the new one there."""
    text = run_on(filled_pdf(filled), "pdftotext", "-layout", "PDF", "-")
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    got = "\n".join(line for line in lines if line) + "\n"
    tmp_path.joinpath(f"{variant_name}.txt").write_text(got, "utf-8")
    assert got == GOLDEN.joinpath(f"{variant_name}.txt").read_text("utf-8"), f"new text in {tmp_path}"


def test_page_looks_as_approved(variant: tuple[Design, bool], variant_name: str, tmp_path: Path) -> None:
    """The preview at 36 dpi, blurred, differs from the golden picture little anywhere and hardly overall."""
    design, head_examined = variant
    png = preview_png(design, head_examined=head_examined, is_reissue=head_examined, dpi=36)
    tmp_path.joinpath(f"{variant_name}.png").write_bytes(png)
    assert_looks_alike(png, GOLDEN / f"{variant_name}.png", tmp_path)


def assert_looks_alike(png: bytes, approved: Path, tmp_path: Path) -> None:
    """Blurred, it differs from the approved one little anywhere and hardly overall; kept in `tmp_path`."""
    with Image.open(BytesIO(png)) as got, Image.open(approved) as golden:
        assert got.size == golden.size
        blur = ImageFilter.GaussianBlur(1.5)
        difference = ImageChops.difference(
            got.convert("RGB").filter(blur), golden.convert("RGB").filter(blur)
        ).convert("L")
    statistics = ImageStat.Stat(difference)
    assert statistics.mean[0] < LARGEST_MEAN_DIFFERENCE, f"new picture in {tmp_path}"
    assert statistics.extrema[0][1] < LARGEST_LOCAL_DIFFERENCE, f"new picture in {tmp_path}"
