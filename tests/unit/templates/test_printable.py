"""What `records` calls printable is what the press accepts: nothing is refused only when signing."""

import datetime as dt
import sys
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.records.birth import Birth
from certsvc.records.case import Case
from certsvc.records.cells import has_forbidden
from certsvc.records.text.encoding import NAMES, PRINTED, fault_of
from certsvc.records.text.printable import unprintable_place
from certsvc.templates.designs import Design, load_designs
from certsvc.templates.faces import unprintable
from certsvc.templates.values import form_values
from tests.unit.templates.test_values import CASE, FACTS

CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if chr(code) != "\n"]
TEXTS = [*sorted(NAMES), "address", "employer", "visit_no", "diagnosis", "treatment", "test_place"]


CHILD = replace(CASE, birth=Birth.on(dt.date(2018, 1, 17)))
"""Every form prints all that it can of a child."""


def _with(column: str, text: str) -> Case:
    changes: dict[str, Any] = {column: text}
    return replace(CHILD, **changes)


def test_every_character_is_judged_as_the_typeface_has_it() -> None:
    """All of Unicode, as it is and as a capital."""
    assert [
        char
        for char in CHARACTERS
        if (unprintable_place(char) == 0) is not (unprintable(char + char.upper()) == "")
    ] == []


@pytest.mark.parametrize("design", load_designs(), ids=lambda design: design.id)
def test_the_columns_that_a_form_prints(design: Design) -> None:
    """A mark put into each text in turn appears in the form exactly if the column is a printed one."""
    shown = {
        column
        for column in TEXTS
        if "MARK" in "".join(form_values(design, _with(column, "MARK"), FACTS).values())
    }
    assert shown == PRINTED[design.kind]


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12), st.booleans())
def test_what_passes_at_the_row_passes_at_the_press(text: str, is_name: bool) -> None:
    """Any value, as the forms print it; control characters are refused by a rule of their own."""
    text = unicodedata.normalize("NFC", text)
    if fault_of(text, text, is_name=is_name) is None and not has_forbidden(text):
        for design in load_designs():
            values = form_values(design, replace(CHILD, full_name=text, address=text, employer=text), FACTS)
            assert not any(map(unprintable, values.values()))
