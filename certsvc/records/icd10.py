"""Which ICD-10 codes are known: WHO's list of 2019 and COVID-19's later codes [decision 0034].

`icd10.json` holds, of each category, what stands behind the dot in its subcategories.
"""

import json
from functools import cache
from pathlib import Path

ADDED = frozenset({"U08.9", "U09.9", "U10", "U10.9", "U11", "U11.9", "U12", "U12.9"})
"""WHO's COVID-19 updates of 2020 and 2021, in use in Vietnam by QĐ 98/QĐ-BYT (14/01/2022): history,
post-COVID condition, multisystem inflammatory syndrome, need for immunisation, adverse effects of
vaccines."""

_LIST = Path(__file__).with_name("icd10.json")
_CATEGORY_CHARS = 3


def find_code(text: str) -> str | None:
    """The code in its usual form (`U07.1`), for text in any case and with or without the dot; None if
    unknown.
    """
    compact = text.upper().replace(".", "", 1)
    code = (
        compact
        if len(compact) <= _CATEGORY_CHARS
        else f"{compact[:_CATEGORY_CHARS]}.{compact[_CATEGORY_CHARS:]}"
    )
    return code if code in _known_codes() and text.upper() in {code, compact} else None


@cache
def _known_codes() -> frozenset[str]:
    categories: dict[str, str] = json.loads(_LIST.read_bytes())["subcategories"]
    return ADDED.union(
        categories,
        (f"{category}.{each}" for category, behind in categories.items() for each in behind.split()),
    )
