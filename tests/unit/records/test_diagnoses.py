"""A diagnosis and its code, as documents write them in one text."""

import pytest

from certsvc.records.diagnoses import code_in, with_code, without_code


@pytest.mark.parametrize(
    ("text", "code", "rest"),
    [
        ("U07.1 - COVID-19, vi rút được xác định", "U07.1", "COVID-19, vi rút được xác định"),
        ("U07.1-COVID-19", "U07.1", "COVID-19"),
        ("U07.1: COVID-19", "U07.1", "COVID-19"),
        ("(U07.1) COVID-19", "U07.1", "COVID-19"),
        ("[U07.1] – COVID-19", "U07.1", "COVID-19"),
        ("U071 COVID-19", "U07.1", "COVID-19"),
        (" U07.1", "U07.1", ""),
        ("J20 Viêm phế quản cấp", "J20", "Viêm phế quản cấp"),
        ("COVID-19 (U07.1)", "U07.1", "COVID-19 (U07.1)"),
        ("COVID-19 thể nhẹ", "U07.1", "COVID-19 thể nhẹ"),
        ("U07.1; J20 - COVID-19, viêm phế quản cấp", "U07.1", "U07.1; J20 - COVID-19, viêm phế quản cấp"),
        ("U07.11 lạ", "", "U07.11 lạ"),
        ("U07.1.2 lạ", "U07.1", "U07.1.2 lạ"),
        ("Viêm họng", "", "Viêm họng"),
        ("", "", ""),
    ],
)
def test_a_code_is_read_and_taken_from_the_front(text: str, code: str, rest: str) -> None:
    """Whatever parts both; a code in the middle stays where it is, and so do several of them."""
    assert (code_in(text), without_code(text, code)) == (code, rest)


def test_another_code_is_no_double() -> None:
    """What begins with a code that is not the record's own stays as it is."""
    assert without_code("J20 - Viêm phế quản cấp", "U07.1") == "J20 - Viêm phế quản cấp"


@pytest.mark.parametrize("code", ["U07.1", "B34.2", "J20", ""])
@pytest.mark.parametrize("diagnosis", ["COVID-19", "Viêm phế quản cấp", "Nhiễm vi rút corona", ""])
def test_what_is_written_with_its_code_is_read_back(diagnosis: str, code: str) -> None:
    """Both, however often; a code is written only where the diagnosis does not tell it."""
    written = with_code(diagnosis, code)
    if code:
        assert (code_in(written), without_code(written, code)) == (code, diagnosis)
    assert with_code(without_code(written, code), code) == written
    assert with_code("COVID-19", "U07.1") == "COVID-19"
