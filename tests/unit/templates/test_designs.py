"""Which design an event gets, and what a design says about itself."""

import datetime as dt
from pathlib import Path

import pytest

from certsvc.errors import Broken, NotFound
from certsvc.models import Kind, Slot
from certsvc.templates.designs import Design, choose_design, find_design, load_designs, read_design

DESIGNS = Path(__file__).parents[3] / "certsvc" / "templates" / "designs"


@pytest.mark.parametrize(
    ("kind", "event_on", "design_id"),
    [
        (Kind.SICK_LEAVE, dt.date(2018, 3, 1), "sick_leave/ct07-2017"),
        (Kind.SICK_LEAVE, dt.date(2022, 2, 27), "sick_leave/ct07-2017"),
        (Kind.SICK_LEAVE, dt.date(2025, 6, 30), "sick_leave/ct07-2017"),
        (Kind.SICK_LEAVE, dt.date(2025, 7, 1), "sick_leave/mau07-2025"),
        (Kind.SICK_LEAVE, dt.date(2026, 11, 23), "sick_leave/mau07-2025"),
        (Kind.RECOVERY, dt.date(2022, 3, 7), "recovery/v1"),
    ],
)
def test_form_is_chosen_by_the_day_of_the_event(kind: Kind, event_on: dt.date, design_id: str) -> None:
    """TT 56/2017's CT07 up to 30/06/2025, TT 25/2025's Mẫu 07 from 01/07/2025, both edges included."""
    assert choose_design(kind, event_on=event_on).id == design_id


@pytest.mark.parametrize(
    ("kind", "event_on"), [(Kind.SICK_LEAVE, dt.date(2018, 2, 28)), (Kind.RECOVERY, dt.date(2021, 7, 13))]
)
def test_an_event_before_any_form_has_none(kind: Kind, event_on: dt.date) -> None:
    """Before the first form's first day there is none to choose, which is an error."""
    with pytest.raises(NotFound, match="no_design"):
        choose_design(kind, event_on=event_on)


def test_designs_of_a_kind_never_overlap() -> None:
    """At most one form of a kind is in force on any day."""
    for design in load_designs():
        for other in load_designs():
            if design is not other and design.kind is other.kind:
                assert not design.covers(other.valid_from)
                assert not other.covers(design.valid_from)


def test_design_is_found_by_its_id() -> None:
    """An issued certificate names its design; an unknown name finds none."""
    assert {design.id for design in load_designs()} == {
        "sick_leave/ct07-2017",
        "sick_leave/mau07-2025",
        "recovery/v1",
    }
    assert all(find_design(design.id) is design for design in load_designs())
    assert find_design("sick_leave/ct99") is None


def test_head_who_examined_signs_once(variant: tuple[Design, bool]) -> None:
    """Practitioner, representative, organisation; no practitioner if the head examined [signers, Slots]."""
    design, head_examined = variant
    expected = (Slot.REPRESENTATIVE, Slot.ORGANISATION)
    assert design.slots(head_examined=head_examined) == (
        expected if head_examined else (Slot.PRACTITIONER, *expected)
    )
    assert ("practitioner" in design.required(head_examined=head_examined)) is not head_examined


@pytest.mark.parametrize("name", ["design.toml", "form.html", "form.css"])
def test_digest_changes_with_any_file(tmp_path: Path, name: str) -> None:
    """One more character in a file of the design gives another digest; the same files give the same one."""
    folder = _copy(tmp_path)
    before = read_design(folder, shared=DESIGNS)
    assert before.digest == read_design(DESIGNS / "recovery" / "v1", shared=DESIGNS).digest
    path = folder / name
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    assert read_design(folder, shared=DESIGNS).digest != before.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind = "recovery"', 'kind = "sick_leave"'),
        ('kind = "recovery"', ""),
        ("valid_from = 2021-07-14", 'valid_from = "2021-07-14"'),
        ('full_name = "required"', 'full_name = "sometimes"'),
        ('"practitioner", "representative"', '"nurse", "representative"'),
        ("[fields]", "[fields"),
    ],
)
def test_unsound_facts_are_refused(tmp_path: Path, old: str, new: str) -> None:
    """Contradictory, missing or wrongly typed facts make the design unreadable."""
    folder = _copy(tmp_path)
    path = folder / "design.toml"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(Broken, match="design_unreadable"):
        read_design(folder, shared=DESIGNS)


def _copy(tmp_path: Path) -> Path:
    for path in (DESIGNS / "recovery" / "v1").iterdir():
        tmp_path.joinpath(path.name).write_bytes(path.read_bytes())
    return tmp_path
