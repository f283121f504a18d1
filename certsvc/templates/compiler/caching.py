"""Bases cached on disk, so that no process compiles what another has compiled: one file each.

A file consists of the SHA-256 (hex) of the rest, a line feed, a line of JSON, and the base's PDF. A file
whose hash is wrong counts as absent.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypedDict

from certsvc.pdf import Blank, End, SignatureField
from certsvc.templates.slots import Base, CopiedMark, Copy, TextSlot

_TEXT = "latin-1"
"""Maps bytes to characters one to one."""


class _Facts(TypedDict):
    """The line of JSON: a base without its PDF. What is `Any` are the fields of our own dataclasses."""

    end: dict[str, Any]
    catalog_number: int
    catalog: str
    fields: list[dict[str, Any]]
    fonts: dict[str, int]
    texts: list[dict[str, Any]]
    text_stream: int
    qr: int
    record: int
    copy: dict[str, Any] | None
    glyphs: dict[str, list[int]]


def find_base(folder: Path, name: str) -> Base | None:
    """The base cached under that name, if it is there and whole."""
    try:
        kept = find_path(folder, name).read_bytes()
    except OSError:
        return None
    digest, _, rest = kept.partition(b"\n")
    if digest != hashlib.sha256(rest).hexdigest().encode("ascii"):
        return None
    facts, _, pdf = rest.partition(b"\n")
    return _read(json.loads(facts), pdf)


def keep_base(folder: Path, name: str, base: Base) -> None:
    """Cache a base under that name; concurrent readers find the old file or the new one, never a part."""
    rest = json.dumps(_facts(base), ensure_ascii=True).encode("ascii") + b"\n" + base.blank.pdf
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".base-", delete=False) as file:
        file.write(hashlib.sha256(rest).hexdigest().encode("ascii") + b"\n" + rest)
    os.replace(file.name, find_path(folder, name))  # noqa: PTH105


def find_path(folder: Path, name: str) -> Path:
    """Where the base of that name is cached."""
    return folder / f"{name}.base"


def _facts(base: Base) -> _Facts:
    blank, end = base.blank, base.blank.end
    return {
        "end": asdict(end) | {"trailer": end.trailer.decode(_TEXT), "file_id": end.file_id.hex()},
        "catalog_number": blank.catalog_number,
        "catalog": blank.catalog.decode(_TEXT),
        "fields": [asdict(field) | {"entries": field.entries.decode(_TEXT)} for field in blank.fields],
        "fonts": dict(blank.fonts),
        "texts": [asdict(text) for text in base.texts],
        "text_stream": base.text_stream,
        "qr": base.qr,
        "record": base.record,
        "copy": asdict(base.copy) if base.copy else None,
        "glyphs": {face: sorted(glyphs) for face, glyphs in base.glyphs.items()},
    }


def _read(facts: _Facts, pdf: bytes) -> Base:
    end, copy = facts["end"], facts["copy"]
    blank = Blank(
        pdf=pdf,
        end=End(**end | {"trailer": end["trailer"].encode(_TEXT), "file_id": bytes.fromhex(end["file_id"])}),
        catalog_number=facts["catalog_number"],
        catalog=facts["catalog"].encode(_TEXT),
        fields=tuple(map(_field, facts["fields"])),
        fonts=facts["fonts"],
    )
    return Base(
        blank=blank,
        texts=tuple(map(_text, facts["texts"])),
        text_stream=facts["text_stream"],
        qr=facts["qr"],
        record=facts["record"],
        copy=Copy(copy["stream"], tuple(CopiedMark(**mark) for mark in copy["marks"])) if copy else None,
        glyphs={face: frozenset(glyphs) for face, glyphs in facts["glyphs"].items()},
        digest=hashlib.sha256(pdf).hexdigest(),
    )


def _field(facts: dict[str, Any]) -> SignatureField:
    return SignatureField(**facts | {"entries": facts["entries"].encode(_TEXT)})


def _text(facts: dict[str, Any]) -> TextSlot:
    return TextSlot(**facts | {"colour": tuple(facts["colour"]), "baselines": tuple(facts["baselines"])})
