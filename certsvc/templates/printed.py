"""What a form prints, as data that is embedded in it, so that a program reads the paper without recognising
letters.
"""

import json
from collections.abc import Mapping

from certsvc.templates.designs import Design

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def printed_json(design: Design, values: Mapping[str, str]) -> bytes:
    """The design's id and its fields, in its order, as JSON in UTF-8. Raises KeyError if a field has no
    value.
    """
    return _JSON.encode(
        {"design": design.id, "fields": {name: values[name] for name in design.fields}}
    ).encode()
