"""The visible marks of signatures [domain §5.3, after Decree 30/2020/NĐ-CP, Annex I].

A person's mark is the hand signature in blue, the organisation's the red seal in real size, each
with the true time of signing. They are pages of a PDF without background, for the seal lies over
the left third of the signature; the signer's name is page content, not mark.
"""

import base64
import datetime as dt
import html
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from certsvc.errors import Broken
from certsvc.models import Slot
from certsvc.templates.drawing import BLUE, SEAL_MM, SIGNATURE_MM, seal_svg, signature_svg
from certsvc.templates.laying import ONE_LAYOUT_AT_A_TIME, lay_out, write

_HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
_PNG = b"\x89PNG\r\n\x1a\n"
_TIME_PT = 10

_CSS = f"""
html {{ font: {_TIME_PT}pt/1.2 "Tinos Form"; }}
body, p {{ margin: 0; }}
.mark {{ position: relative; overflow: hidden; text-align: center; }}
.picture {{ position: absolute; left: 0; right: 0; display: flex; align-items: center; justify-content: center; }}
.picture svg {{ display: block; margin: 0 auto; }}
.person .picture {{ top: 0; bottom: 10mm; }}
.person img {{ max-width: {SIGNATURE_MM[0]}mm; max-height: 30mm; }}
.organisation .picture {{ top: 0; height: {SEAL_MM}mm; }}
.organisation img {{ width: {SEAL_MM}mm; height: {SEAL_MM}mm; object-fit: contain; }}
.words {{ color: {BLUE}; font-style: italic; }}
.time {{ position: absolute; left: 0; right: 0; bottom: 0; line-height: 1; color: #000; white-space: nowrap; }}
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one signature shows: its slot's size in points, who, for which organisation, when.

    `image` is a PNG with transparent ground, of the hand signature or of the seal. Without one, a
    seal is drawn; a person's is a made-up stroke in `development` and words otherwise.
    """

    slot: Slot
    width_pt: float
    height_pt: float
    signer_name: str
    organisation: str
    signed_at: dt.datetime
    image: bytes | None
    development: bool


def render_marks(marks: Sequence[Mark]) -> bytes:
    """A plain PDF with one page a mark, in order: page size is the slot's, ground transparent, fonts embedded.

    No tags, for the pages become form XObjects of signature fields (pyHanko's `import_page_as_xobject`).
    Raises Broken if an image is no PNG, ValueError on a time without zone.
    """
    pages = "".join(f"@page mark{index} {{ size: {mark.width_pt}pt {mark.height_pt}pt; margin: 0; }}" for index, mark in enumerate(marks))
    body = "".join(_page(mark, index) for index, mark in enumerate(marks))
    page_html = f'<!DOCTYPE html><html lang="vi"><meta charset="utf-8"><title>Chữ ký số</title><body>{body}</body></html>'
    with ONE_LAYOUT_AT_A_TIME:
        return write(lay_out(page_html, sheets=(_CSS, pages), variant=None), variant=None)


def _page(mark: Mark, index: int) -> str:
    kind = "organisation" if mark.slot is Slot.ORGANISATION else "person"
    return (
        f'<div class="mark {kind}" style="page: mark{index}; width: {mark.width_pt}pt; height: {mark.height_pt - 0.01}pt">'
        f'<div class="picture">{_picture(mark)}</div><p class="time">{signing_time(mark.signed_at)}</p></div>'
    )


def signing_time(moment: dt.datetime) -> str:
    """ISO 8601 to the second, in Vietnam's zone: `2026-11-23T09:30:05+07:00`."""
    if moment.tzinfo is None:
        raise ValueError("naive datetime")
    return moment.astimezone(_HANOI).isoformat(timespec="seconds")


def _picture(mark: Mark) -> str:
    if mark.image is not None:
        return f'<img src="{_png_address(mark.image)}" alt="">'
    if mark.slot is Slot.ORGANISATION:
        return seal_svg(mark.organisation, development=mark.development)
    if mark.development:
        return signature_svg(mark.signer_name)
    return f'<p class="words">Ký số bởi<br>{html.escape(mark.signer_name)}</p>'


def _png_address(image: bytes) -> str:
    if not image.startswith(_PNG):
        raise Broken("mark_image", "Hình chữ ký hoặc con dấu không phải tệp PNG.", "The image of a signature or seal is no PNG.")
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")
