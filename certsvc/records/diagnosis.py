"""What a diagnosis says: COVID-19's codes and their Vietnamese names, and whether code and words fit together."""

import re

COVID_NAMES = {
    "U07.1": "COVID-19, vi rút được xác định",
    "U07.2": "COVID-19, vi rút không được xác định",
    "U08.9": "Tiền sử cá nhân mắc COVID-19, không xác định",
    "U09.9": "Tình trạng sau COVID-19, không xác định",
    "U10.9": "Hội chứng viêm đa hệ thống liên quan đến COVID-19, không xác định",
    "B34.2": "Nhiễm coronavirus, vị trí không xác định",
}
"""COVID-19's codes in ICD-10, with the names of QĐ 98/QĐ-BYT (14/01/2022) and of the list in force before."""

_COVID_WORDS = re.compile(r"covid|sars[\s-]*cov|corona|ncov", re.IGNORECASE)
_AFTER_CODE = re.compile(r"[\s\-–—:.,;)\]]*")


def without_code(diagnosis: str, icd10: str) -> str:
    """The diagnosis without the code that it begins with, as hospital software writes it; the form prints the code by itself."""
    for code in (icd10, icd10.replace(".", "")):
        start = 1 if diagnosis.startswith(("(", "[")) else 0
        if code and diagnosis.casefold().startswith(code.casefold(), start) and not diagnosis[start + len(code) : start + len(code) + 1].isalnum():
            end = _AFTER_CODE.match(diagnosis, start + len(code))
            return diagnosis[end.end() if end else 0 :]
    return diagnosis


def named(diagnosis: str, icd10: str) -> str:
    """The words that the form prints: the diagnosis without its code, else the code's Vietnamese name; empty where neither is there."""
    return without_code(diagnosis, icd10) or COVID_NAMES.get(icd10, "")


def is_mismatch(diagnosis: str, icd10: str) -> bool:
    """Whether only one of code and words speaks of COVID-19 [rules W-ICD-MISMATCH]; a diagnosis without words fits any code."""
    words = without_code(diagnosis, icd10)
    return words != "" and (icd10 in COVID_NAMES) != (_COVID_WORDS.search(words) is not None)
