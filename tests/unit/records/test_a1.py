"""Names of columns, against openpyxl's."""

import pytest
from openpyxl.utils import column_index_from_string, get_column_letter

from certsvc.records.workbooks.a1 import column_index, column_letters


def test_every_column_has_its_name() -> None:
    """All that a sheet may have, there and back; small letters are read too."""
    for index in range(1, 16_385):
        letters = column_letters(index)
        assert letters == get_column_letter(index)
        assert (
            column_index(letters)
            == column_index(letters.lower())
            == column_index_from_string(letters)
            == index
        )


@pytest.mark.parametrize("letters", ["", "A1", "É", "AAAA", " A", "-"])
def test_what_names_no_column_is_refused(letters: str) -> None:
    """Digits, other letters, too many, none."""
    with pytest.raises(ValueError, match="not a column"):
        column_index(letters)
