"""Files of dated rows: what is taken, what is refused and where, and what a row would change beside those
that hold.
"""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.errors import InputError
from certsvc.records import CareSetting, Rulebook, built_in
from certsvc.records.judging.rule_changes import Change, find_changes, find_conflicts
from certsvc.records.judging.rule_files import read_rules
from certsvc.records.judging.rulebook import Sureness, from_json, table_of, to_json
from docs.reference import EXAMPLE

NEXT = {
    "id": '"discharge-9999"',
    "valid_from": "2026-12-01",
    "care_settings": '["home", "hospital"]',
    "min_days": "5",
    "first_test_day": "5",
    "vaccinated_days": "7",
    "other_days": "10",
    "min_doses": "2",
    "dose_lead_days": "14",
    "decision": '"9999/QĐ-BYT"',
    "decided_on": "2026-11-30",
    "basis": '"QĐ 9999/QĐ-BYT 30/11/2026"',
}
"""An invented decision, as TOML."""

CEILING = {"id": '"leave-next"', "valid_from": "2027-01-01", "max_days": "45", "basis": '"TT 99/2026/TT-BYT"'}


def _row(table: str = "discharge_rules", /, **values: str | None) -> str:
    known = NEXT if table == "discharge_rules" else CEILING
    return f"[[{table}]]\n" + "".join(
        f"{key} = {value}\n" for key, value in {**known, **values}.items() if value is not None
    )


def _rules(*rows: str) -> Rulebook:
    return read_rules("\n".join(rows).encode())


def _places(text: str | bytes) -> list[tuple[int | None, str | None]]:
    with pytest.raises(InputError) as caught:
        read_rules(text if isinstance(text, bytes) else text.encode())
    assert caught.value.code == "bad_rules"
    assert all(
        each["message_vi"].endswith(".") and each["message_en"].endswith(".") for each in caught.value.errors
    )
    return [(each["row"], each["field"]) for each in caught.value.errors]


def test_a_good_file_is_read_whole() -> None:
    """Rows of both tables, in the file's order, entered by an operator; BOM and CRLF do no harm."""
    [rule], [ceiling] = (
        (book := _rules(_row(), _row("leave_ceilings"))).discharge_rules,
        _rules(_row("leave_ceilings")).leave_ceilings,
    )
    assert (rule.min_days, rule.first_test_day, rule.vaccinated_days, rule.other_days) == (5, 5, 7, 10)
    assert (rule.decision, rule.decided_on, rule.valid_from, rule.valid_to) == (
        "9999/QĐ-BYT",
        dt.date(2026, 11, 30),
        dt.date(2026, 12, 1),
        None,
    )
    assert rule.care_settings == {CareSetting.HOME, CareSetting.HOSPITAL}
    assert (ceiling.max_days, ceiling.sureness, rule.sureness) == (45, Sureness.ENTERED, Sureness.ENTERED)
    assert read_rules(("\ufeff" + _row() + _row("leave_ceilings")).replace("\n", "\r\n").encode()) == book


def test_the_example_of_the_documentation_is_good() -> None:
    """Who begins with the file shown in docs/rules.md gets no error but those of his own."""
    assert find_conflicts(built_in(), read_rules(EXAMPLE.encode())) == []


def test_rows_come_back_from_json() -> None:
    """What the database keeps of a row is the row."""
    for row in (*built_in().rows, *_rules(_row(), _row("leave_ceilings")).rows):
        assert from_json(table_of(row), to_json(row)) == row


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, None) for key in NEXT),
        *(("id", value) for value in ('""', '"ab"', '"Hà Nội"', "5", '"a b c"', '"-ab-"')),
        *(("valid_from", value) for value in ('"2026-12-01"', "2026-12-01T00:00:00", "20261201")),
        ("valid_to", "2026-11-30"),
        ("decided_on", "2026-12-02"),
        *(("min_days", value) for value in ("-1", "0", "61", "5.0", "true", '"5"')),
        ("vaccinated_days", "4"),
        ("other_days", "6"),
        ("first_test_day", "0"),
        ("min_doses", "0"),
        ("dose_lead_days", "-1"),
        *(
            ("care_settings", value)
            for value in ("[]", '"home"', '["home", "home"]', '["house"]', "[[1]]", '[{a = 1}, "home"]')
        ),
        *(("decision", value) for value in ('""', '"9999/QĐ-BYT ★"', '"x\\ny"', f'"{"9" * 65}"')),
        *(("basis", value) for value in ('"  "', '"a\\u0007b"', f'"{"x" * 501}"')),
        ("sureness", '"found"'),
        ("note", '"x"'),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(key: str, value: str | None) -> None:
    """What is missing, unknown, absurd or in the wrong order is told with the row and the key, and nothing
    else is.
    """
    assert _places(_row(id='"first"') + _row(**{key: value})) == [(2, f"discharge_rules.{key}")]


@pytest.mark.parametrize("value", ["0", "-30", "367", "1.5", None])
def test_a_wrong_ceiling_is_refused(value: str | None) -> None:
    """Also of leaves."""
    assert _places(_row("leave_ceilings", max_days=value)) == [(1, "leave_ceilings.max_days")]


def test_everything_wrong_is_told_at_once() -> None:
    """Row by row, in the order of tables."""
    text = _row(min_days="-1", basis=None) + _row("leave_ceilings", max_days="0") + "[[designs]]\nid = 1\n"
    assert _places(text) == [
        (None, None),
        (1, "leave_ceilings.max_days"),
        (1, "discharge_rules.min_days"),
        (1, "discharge_rules.basis"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"# nothing\n",
        b"\xff\xfe",
        b"[[discharge_rules",
        b"discharge_rules = 5\n",
        b"discharge_rules = [1]\n",
        b"x = " + b"[" * 5000,
        b"x = " + b"9" * 5000,
    ],
    ids=["empty", "a remark", "not UTF-8", "not TOML", "a number", "numbers", "nested", "a long number"],
)
def test_what_holds_no_rows_is_refused(data: bytes) -> None:
    """Whatever the bytes are."""
    assert _places(data) == [(None, None)]


def test_a_file_of_many_rows_or_bytes_is_refused() -> None:
    """Nobody enters so many."""
    assert _places("".join(_row(id=f'"row-{number}"') for number in range(201))) == [(None, None)]
    assert _places(b"#" * ((1 << 20) + 1)) == [(None, None)]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    """A file is refused in words, never by a crash."""
    with pytest.raises(InputError):
        read_rules(data)


def _conflicts(*rows: str) -> list[tuple[int, str]]:
    conflicts = find_conflicts(built_in(), _rules(*rows))
    return [(item["row"] or 0, (item["field"] or "").partition(".")[2]) for item in conflicts]


def test_rows_that_fit_are_no_conflict() -> None:
    """A later row ends an open one; other settings are other rows' business; one day after another is no
    overlap.
    """
    assert _conflicts(_row(), _row(id='"later"', valid_from="2027-06-01")) == []
    assert (
        _conflicts(
            _row(
                valid_from="2022-03-14",
                valid_to="2022-05-01",
                decided_on="2022-03-01",
                care_settings='["hospital"]',
            )
        )
        == []
    )
    assert _conflicts(_row(valid_from="2023-10-20", valid_to="2023-12-31", decided_on="2023-10-01")) == []
    assert _conflicts(_row("leave_ceilings")) == []


def test_rows_that_do_not_fit_are_told() -> None:
    """An id given before, one first day of two rows, overlapping days where both rows end, in the file or
    with what holds.
    """
    early = {"decided_on": "2022-03-01"}
    assert _conflicts(_row(id='"discharge-604-2022"')) == [(1, "id")]
    assert _conflicts(_row(), _row(valid_from="2027-01-01")) == [(2, "id")]
    assert _conflicts(_row(), _row(id='"second"')) == [(2, "valid_from")]
    assert _conflicts(_row(valid_from="2022-03-14", **early)) == [(1, "valid_from")]
    assert _conflicts(_row(valid_from="2023-10-19", valid_to="2023-12-31", **early)) == [(1, "valid_to")]
    assert _conflicts(
        _row(valid_to="2027-01-31"), _row(id='"second"', valid_from="2027-01-31", valid_to="2027-02-01")
    ) == [(2, "valid_to")]


def test_no_examination_loses_its_ceiling() -> None:
    """A ceiling that ends needs one that follows."""
    assert _conflicts(_row("leave_ceilings", valid_to="2027-12-31")) == [(1, "valid_to")]
    assert (
        _conflicts(
            _row("leave_ceilings", valid_to="2027-12-31"),
            _row("leave_ceilings", id='"then"', valid_from="2028-01-01"),
        )
        == []
    )


def test_changes_name_days_settings_and_rows() -> None:
    """Which days get which row, for each setting; a row that has ended leaves its days behind it without
    one.
    """
    added = _rules(
        _row(valid_from="2023-10-01", decided_on="2023-09-30", valid_to=None),
        _row(id='"short"', valid_from="2027-01-01", valid_to="2027-01-31"),
    )
    found = find_changes(built_in(), Rulebook.of((*built_in().rows, *added.rows)))
    first, short, after = dt.date(2023, 10, 1), dt.date(2027, 1, 1), dt.date(2027, 2, 1)
    assert [each for each in found if each.care_setting is CareSetting.HOME] == [
        Change(
            "discharge_rules",
            CareSetting.HOME,
            first,
            dt.date(2023, 10, 19),
            "discharge-604-2022",
            "discharge-9999",
        ),
        Change(
            "discharge_rules",
            CareSetting.HOME,
            dt.date(2023, 10, 20),
            dt.date(2026, 12, 31),
            None,
            "discharge-9999",
        ),
        Change("discharge_rules", CareSetting.HOME, short, dt.date(2027, 1, 31), None, "short"),
    ]
    assert [(each.first, each.after) for each in found if each.care_setting is CareSetting.HOSPITAL] == [
        (first, "discharge-9999"),
        (short, "short"),
    ]
    assert [each for each in found if each.care_setting in (None, CareSetting.CENTRE)] == []
    assert Rulebook.of(added.rows).discharge_rule_on(after, CareSetting.HOME) is None
