"""A diagnosis and its ICD-10 code: documents write either, or both in one text ("U07.1 - COVID-19"); a case keeps them apart."""

import re

from certsvc.records.icd10 import find_code

_CODE = re.compile(r"\b[A-Z][0-9]{2}(?:\.[0-9]{1,2})?\b")
_LEADING = re.compile(r"[\s(\[]*([A-Za-z][0-9]{2}(?:\.?[0-9]{1,2})?)(?![\w.]*\w)[\s)\]*†+:;,./|–—-]*")
_COVID = re.compile(r"covid|sars[- ]?cov[- ]?2", re.IGNORECASE)
_COVID_CODE = "U07.1"


def code_in(diagnosis: str) -> str:
    """The ICD-10 code that a diagnosis names, or COVID-19's where it names the disease: TT 56 asks for either, not both. Else empty."""
    first = _leading(diagnosis)[0]
    named = first or next((code for text in _CODE.findall(diagnosis) if (code := find_code(text)) is not None), None)
    return named or (_COVID_CODE if _COVID.search(diagnosis) else "")


def without_code(diagnosis: str, code: str) -> str:
    """A diagnosis that begins with its own code, without it; one that lists several codes stays as it is."""
    first, rest = _leading(diagnosis)
    is_own = first is not None and first == (find_code(code) or code)
    return rest.strip() if is_own and _leading(rest)[0] is None else diagnosis.strip()


def with_code(diagnosis: str, code: str) -> str:
    """A diagnosis out of which `code_in` reads that code: as it is, or behind the code."""
    if not code or code_in(diagnosis) == code:
        return diagnosis
    return f"{code} - {diagnosis}" if diagnosis else code


def _leading(text: str) -> tuple[str | None, str]:
    """The code that a text begins with, in its usual form, and what follows it."""
    found = _LEADING.match(text)
    code = find_code(found[1]) if found else None
    return (code, text[found.end() :]) if found and code else (None, text)
