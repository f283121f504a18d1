"""What a form prints, as data embedded in its file, so that programs can read it without OCR."""

import json
from collections.abc import Mapping

from certsvc.templates.designs import Design

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def printed_json(design: Design, values: Mapping[str, str]) -> bytes:
    """The design's id and fields, in the design's order, as UTF-8 JSON. Raises KeyError if one is missing."""
    fields = {name: values[name] for name in design.fields}
    return _JSON.encode({"design": design.id, "fields": fields}).encode()
