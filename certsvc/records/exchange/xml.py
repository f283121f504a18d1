"""How exchange files are written: a flat document of tags, in base64 within an envelope [insurance,
Envelope].

What is written is its own canonical form (Canonical XML 1.0: no blanks between elements, no empty-element
tags, no comments), so that a signature over a part is made over the very bytes in the file.
"""

import base64
import datetime as dt
import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(root: str, tags: Mapping[str, str]) -> bytes:
    """One document, UTF-8. What XML cannot hold (control characters) is left out."""
    fields = "".join([f"<{tag}>{_text(value)}</{tag}>" for tag, value in tags.items()])
    return f"{DECLARATION}<{root}>{fields}</{root}>\n".encode()


def dossier(files: Iterable[tuple[str, bytes]], *, made_on: dt.date, element_id: str | None = None) -> str:
    """`THONGTINHOSO` with one dossier of documents by their LOAIHOSO; a signature refers to it by
    `element_id`.
    """
    inner = "".join(
        f"<FILEHOSO><LOAIHOSO>{kind}</LOAIHOSO><NOIDUNGFILE>{_base64(content)}</NOIDUNGFILE></FILEHOSO>"
        for kind, content in files
    )
    attribute = f' Id="{element_id}"' if element_id else ""
    return (
        f"<THONGTINHOSO{attribute}><NGAYLAP>{day(made_on)}</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO>"
        f"<DANHSACHHOSO><HOSO>{inner}</HOSO></DANHSACHHOSO></THONGTINHOSO>"
    )


def envelope(root: str, inside: str, *, facility_code: str, signature: str = "") -> bytes:
    """The file: a facility's dossier, and its signature if there is one."""
    unit = f"<THONGTINDONVI><MACSKCB>{_text(facility_code)}</MACSKCB></THONGTINDONVI>"
    return f"{DECLARATION}<{root}>{unit}{inside}<CHUKYDONVI>{signature}</CHUKYDONVI></{root}>\n".encode()


def day(when: dt.date | None) -> str:
    """yyyymmdd, or empty."""
    return "" if when is None else when.isoformat().replace("-", "")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _text(text: str) -> str:
    return escape(text if text.isprintable() else _NOT_XML.sub("", text))
