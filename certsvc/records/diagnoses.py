"""A diagnosis and its ICD-10 code: documents write either, or both in one text ("U07.1 - COVID-19"); a case
keeps them apart.
"""

import re

from certsvc.records.icd10 import find_code

_CODE = re.compile(r"\b[A-Z][0-9]{2}(?:\.[0-9]{1,2})?\b")
_LEADING = re.compile(r"[\s(\[]*([A-Za-z][0-9]{2}(?:\.?[0-9]{1,2})?)(?![\w.]*\w)[\s)\]*†+:;,./|–—-]*")
_COVID = re.compile(r"covid|sars[- ]?cov[- ]?2", re.IGNORECASE)
_COVID_CODE = "U07.1"
_CORONA = re.compile(r"covid|sars[\s-]*cov|corona|ncov", re.IGNORECASE)

COVID_NAMES = {
    "U07.1": "COVID-19, vi rút được xác định",
    "U07.2": "COVID-19, vi rút không được xác định",
    "U08.9": "Tiền sử cá nhân mắc COVID-19, không xác định",
    "U09.9": "Tình trạng sau COVID-19, không xác định",
    "U10.9": "Hội chứng viêm đa hệ thống liên quan đến COVID-19, không xác định",
    "B34.2": "Nhiễm coronavirus, vị trí không xác định",
}
"""COVID-19's codes in ICD-10, with the names of QĐ 98/QĐ-BYT (14/01/2022) and of the list in force before."""


def code_in(diagnosis: str) -> str:
    """The ICD-10 code that a diagnosis names, or COVID-19's where it names the disease: TT 56 asks for
    either, not both. Else empty.
    """
    first = _leading(diagnosis)[0]
    named = first or next(
        (code for text in _CODE.findall(diagnosis) if (code := find_code(text)) is not None), None
    )
    return named or (_COVID_CODE if _COVID.search(diagnosis) else "")


def without_code(diagnosis: str, code: str) -> str:
    """A diagnosis that begins with its own code, without it; one that lists several codes stays as it is."""
    first, rest = _leading(diagnosis)
    is_own = first is not None and first == (find_code(code) or code)
    return rest.strip() if is_own and _leading(rest)[0] is None else diagnosis.strip()


def named(diagnosis: str, code: str) -> str:
    """The words that a form prints beside the code: the diagnosis without it, else the code's Vietnamese
    name; empty where neither is there.
    """
    return without_code(diagnosis, code) or COVID_NAMES.get(code, "")


def is_mismatch(diagnosis: str, code: str) -> bool:
    """Whether only one of code and words speaks of COVID-19 [rules, W-ICD-MISMATCH]; a diagnosis without
    words fits any code.
    """
    words = without_code(diagnosis, code)
    return words != "" and (code in COVID_NAMES) != (_CORONA.search(words) is not None)


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
