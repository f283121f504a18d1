"""Draws a form as it would look, in a process of its own: a long text takes the full layout, which is slow
and large.

Its task is a `Drawing` (`one_shot`), its answer a PNG, with words across the page that say it is none.
Nothing is signed, and nothing goes to disk. A text that the form cannot hold is told by the exit code alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from certsvc.processes.one_shot import serve_task
from certsvc.states import Slot

TOO_LONG, UNPRINTABLE = 3, 4
_EXITS = {"text_too_long": TOO_LONG, "unprintable": UNPRINTABLE}
_MEMORY_BYTES, _CPU_S = 1 << 30, 30
_DPI = 110
_WORDS = "XEM TRƯỚC – CHƯA CẤP"
_RED = (176, 20, 28, 70)
_TILT = 25
_ROWS = (0.22, 0.5, 0.78)
"""Where the words stand, from the top: each part of the page has some, so that none can be cut out."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Drawing:
    """A form and its values; `bases` is the folder of compiled designs."""

    design: str
    values: Mapping[str, str]
    head_examined: bool
    slots: tuple[str, ...]
    bases: str


def draw(drawing: Drawing) -> bytes:
    """The first page as a PNG. Raises InputError where a text does not fit the form, Broken where the design
    has a fault.
    """
    from certsvc.templates.designs import load_designs  # noqa: PLC0415 - whoever only sends drawings here need not load what fills
    from certsvc.templates.filling import fill  # noqa: PLC0415
    from certsvc.templates.preview import filled_pdf, raster_png  # noqa: PLC0415

    design = next(each for each in load_designs() if each.id == drawing.design)
    slots = tuple(map(Slot, drawing.slots))
    filled = fill(
        design,
        drawing.values,
        record=b"",
        head_examined=drawing.head_examined,
        is_reissue=False,
        slots=slots,
        cache=Path(drawing.bases),
    )
    return _marked(raster_png(filled_pdf(filled), dpi=_DPI))


def _marked(png: bytes) -> bytes:
    """The picture with the words across it."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - as above

    from certsvc.templates.faces import face_bytes  # noqa: PLC0415

    page = Image.open(BytesIO(png)).convert("RGBA")
    font = ImageFont.truetype(BytesIO(face_bytes("Tinos-Bold.ttf")), page.width // 14)
    for height in _ROWS:
        layer = Image.new("RGBA", page.size)
        ImageDraw.Draw(layer).text(
            (page.width / 2, page.height * height), _WORDS, font=font, fill=_RED, anchor="mm"
        )
        page.alpha_composite(
            layer.rotate(_TILT, Image.Resampling.BICUBIC, center=(page.width / 2, page.height * height))
        )
    out = BytesIO()
    page.convert("RGB").quantize(colors=32).save(out, format="PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    serve_task(Drawing, draw, memory_bytes=_MEMORY_BYTES, cpu_s=_CPU_S, exits=_EXITS)
