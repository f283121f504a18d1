"""Bases kept on disk, so that no process compiles what another one has: one file each, whole or not there.

A file is the SHA-256 (hex) of the rest, a line feed, a line of JSON, the base's PDF. What does not hash right
is not there.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from certsvc.pdf import Blank, End, SignatureField
from certsvc.templates.slots import Base, CopiedMark, Copy, TextSlot

_TEXT = "latin-1"
"""Maps bytes to characters one to one."""


def find_base(folder: Path, name: str) -> Base | None:
    """The base kept under that name, if it is there and whole."""
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
    """Keep a base under that name; who reads meanwhile finds the old file or the new one, never a part."""
    rest = json.dumps(_facts(base), ensure_ascii=True).encode("ascii") + b"\n" + base.blank.pdf
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".base-", delete=False) as file:
        file.write(hashlib.sha256(rest).hexdigest().encode("ascii") + b"\n" + rest)
    os.replace(file.name, find_path(folder, name))  # noqa: PTH105


def find_path(folder: Path, name: str) -> Path:
    """Where the base of that name is kept."""
    return folder / f"{name}.base"


def _facts(base: Base) -> dict[str, Any]:
    blank = base.blank
    return {
        "end": asdict(blank.end)
        | {"trailer": blank.end.trailer.decode(_TEXT), "file_id": blank.end.file_id.hex()},
        "catalog_number": blank.catalog_number,
        "catalog": blank.catalog.decode(_TEXT),
        "fields": [asdict(field) | {"entries": field.entries.decode(_TEXT)} for field in blank.fields],
        "fonts": dict(blank.fonts),
        "texts": [asdict(text) for text in base.texts],
        "text_stream": base.text_stream,
        "qr": base.qr,
        "record": base.record,
        "copy": base.copy and asdict(base.copy),
        "glyphs": {face: sorted(glyphs) for face, glyphs in base.glyphs.items()},
    }


def _read(facts: dict[str, Any], pdf: bytes) -> Base:
    end, copy = facts["end"], facts["copy"]
    blank = Blank(
        pdf=pdf,
        end=End(**end | {"trailer": end["trailer"].encode(_TEXT), "file_id": bytes.fromhex(end["file_id"])}),
        catalog_number=facts["catalog_number"],
        catalog=facts["catalog"].encode(_TEXT),
        fields=tuple(
            SignatureField(**field | {"entries": field["entries"].encode(_TEXT)}) for field in facts["fields"]
        ),
        fonts=facts["fonts"],
    )
    return Base(
        blank=blank,
        texts=tuple(
            TextSlot(**text | {"colour": tuple(text["colour"]), "baselines": tuple(text["baselines"])})
            for text in facts["texts"]
        ),
        text_stream=facts["text_stream"],
        qr=facts["qr"],
        record=facts["record"],
        copy=copy and Copy(copy["stream"], tuple(CopiedMark(**mark) for mark in copy["marks"])),
        glyphs={face: frozenset(glyphs) for face, glyphs in facts["glyphs"].items()},
        digest=hashlib.sha256(pdf).hexdigest(),
    )
