"""Files of facilities and practitioners: read whole or refused with every bad cell told."""

import datetime as dt
from pathlib import Path

import pytest

from certsvc.errors import InputError
from certsvc.issuing.registering import facility_of, practitioner_of
from certsvc.records.sheets.registry_files import Post, read_facilities, read_practitioners
from tests.unit.records.samples import SAMPLE


def changed(tmp_path: Path, name: str, *changes: tuple[str, str]) -> Path:
    text = (SAMPLE / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_sample_is_read() -> None:
    """Every facility and practitioner, typed."""
    facilities, people = (
        read_facilities(SAMPLE / "facilities.csv"),
        read_practitioners(SAMPLE / "practitioners.csv"),
    )
    assert [(row.code, row.active_to) for row in facilities if row.active_to] == [
        ("01899", dt.date(2021, 12, 31))
    ]
    assert len(facilities) == 11
    assert sum(row.role is Post.HEAD for row in people) == 11
    assert {row.facility_code for row in people} == {row.code for row in facilities}


def test_lost_zeros_are_put_back(tmp_path: Path) -> None:
    """Codes that went through a spreadsheet are codes again."""
    facilities = read_facilities(
        changed(tmp_path, "facilities.csv", ("01801,", "1801,"), ("00001,2020", "1,2020"))
    )
    assert (facilities[0].code, facilities[0].ward_code) == ("01801", "00001")


def test_every_bad_cell_is_told(tmp_path: Path) -> None:
    """Row and column of each, and nothing is taken."""
    path = changed(
        tmp_path,
        "practitioners.csv",
        (",head,", ",boss,"),
        ("0168622131", "12345678901"),
        ("000002/HNO-CCHN", ""),
        ("2020-01-01,", "2020-02-30,"),
    )
    with pytest.raises(InputError) as caught:
        read_practitioners(path)
    assert caught.value.code == "bad_rows"
    assert {(item["row"], item["field"]) for item in caught.value.errors} == {
        (2, "role"),
        (2, "social_insurance_no"),
        (2, "registered_from"),
        (3, "licence"),
    }


def test_whether_approval_is_required_may_be_said(tmp_path: Path) -> None:
    """In words of a list; where nothing is said nothing is set, so that an import does not undo what an
    operator did.
    """
    header, first, second, third, *rest = (SAMPLE / "facilities.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "facilities.csv"

    def written(*words: str) -> Path:
        path.write_text(
            "\n".join(
                [
                    f"{header},requires_approval",
                    *(f"{row},{word}" for row, word in zip((first, second, third), words, strict=True)),
                ]
            )
        )
        return path

    unsaid = [row.requires_approval for row in read_facilities(SAMPLE / "facilities.csv")]
    assert unsaid == [None] * (len(rest) + 3)
    rows = read_facilities(written("Có", "no", ""))
    assert [row.requires_approval for row in rows] == [True, False, None]
    assert [vars(facility_of(row)).get("requires_approval") for row in rows] == [True, False, None]
    assert ["requires_approval" in vars(facility_of(row)) for row in rows] == [True, True, False]
    with pytest.raises(InputError) as caught:
        read_facilities(written("", "maybe", ""))
    assert [(item["row"], item["field"]) for item in caught.value.errors] == [(3, "requires_approval")]


def test_both_copies_and_titles_may_be_said(tmp_path: Path) -> None:
    """Like approval: what a file leaves out or leaves blank, the database keeps; a title has at most 64
    characters.
    """
    header, *rows = (SAMPLE / "facilities.csv").read_text(encoding="utf-8").splitlines()
    facilities = tmp_path / "facilities.csv"
    facilities.write_text("\n".join([f"{header},prints_both_copies", f"{rows[0]},có", f"{rows[1]},"]))
    stations = read_facilities(facilities)
    assert [row.prints_both_copies for row in stations] == [True, None]
    assert ["prints_both_copies" in vars(facility_of(row)) for row in stations] == [True, False]
    header, *rows = (SAMPLE / "practitioners.csv").read_text(encoding="utf-8").splitlines()
    people = tmp_path / "practitioners.csv"
    people.write_text("\n".join([f"{header},Chức vụ", f"{rows[0]},Trưởng trạm", f"{rows[1]},"]))
    staff = read_practitioners(people)
    assert [row.title for row in staff] == ["Trưởng trạm", None]
    assert ["title" in vars(practitioner_of(row)) for row in staff] == [True, False]
    unsaid = map(practitioner_of, read_practitioners(SAMPLE / "practitioners.csv"))
    assert all("title" not in vars(practitioner) for practitioner in unsaid)
    people.write_text("\n".join([f"{header},title", f"{rows[0]},{'x' * 65}"]))
    with pytest.raises(InputError) as caught:
        read_practitioners(people)
    assert [(item["row"], item["field"]) for item in caught.value.errors] == [(2, "title")]


def test_a_code_twice_is_refused(tmp_path: Path) -> None:
    """Two facilities of one code would overwrite each other."""
    with pytest.raises(InputError) as caught:
        read_facilities(changed(tmp_path, "facilities.csv", ("01802,", "01801,")))
    assert [(item["row"], item["field"]) for item in caught.value.errors] == [(3, "facility_code")]


def test_an_end_before_the_start_is_refused(tmp_path: Path) -> None:
    """So is a facility that closed before it opened."""
    with pytest.raises(InputError) as caught:
        read_facilities(changed(tmp_path, "facilities.csv", ("2021-12-31", "2019-12-31")))
    assert [item["field"] for item in caught.value.errors] == ["active_to"]
