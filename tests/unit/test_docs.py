"""The documentation says what the code says, and leads nowhere that is not there."""

import ast
import datetime as dt
import importlib.metadata
import itertools
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from certsvc import errors
from certsvc.api import problems
from certsvc.cli import app
from certsvc.clock import day_in_hanoi, utc_now
from certsvc.issuing.known import PeoplesHistory
from certsvc.models import Kind
from certsvc.records import built_in, check, judge, late_finding
from certsvc.records.raw import refusals
from docs.reference import pages
from tests.unit.records.samples import stations_of

ROOT = Path(__file__).parents[2]
MARKDOWN = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "keys_dev" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
FAMILIES = {
    name: family
    for name, family in vars(errors).items()
    if isinstance(family, type) and issubclass(family, errors.CertsvcError)
}
ROW = re.compile(r"^\| `(?P<code>[a-z0-9_]+)` \| (?P<status>[^|]+) \|", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_generated_pages_are_fresh(path: Path) -> None:
    """Settings, rules and reasons read in the documentation as in the code."""
    assert path.read_text(encoding="utf-8") == pages()[path], "run: .venv/bin/python docs/reference.py"


def built() -> Iterator[tuple[str, str, str]]:
    """Every (code, family, place) that an error is built with anywhere in the code, by its source."""
    for path in sorted((ROOT / "certsvc").rglob("*.py")):
        for family, call in _builders(ast.parse(path.read_text(encoding="utf-8"))):
            match call.args:
                case [ast.Constant(value=str(code)), *_]:
                    yield code, family, f"{path.relative_to(ROOT)}:{call.lineno}"
                case _:
                    assert path == Path(refusals.__file__), (
                        f"{path}: the code of an error must be a plain string, else nobody can find it"
                    )


def _builders(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Calls of a family, and of a family's `__init__` by a class made of it."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in FAMILIES:
                yield name, node
            case ast.ClassDef(bases=[ast.Name(id=name)]) if name in FAMILIES:
                for call in ast.walk(node):
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
                        yield name, call


def raised() -> Iterator[tuple[str, int]]:
    """Every (code, HTTP status) that an error family is built with anywhere in the code."""
    for code, family, _ in built():
        yield code, problems.status_of(FAMILIES[family](code, "", ""))


def test_a_code_is_given_in_one_place() -> None:
    """So that it has one text, whoever raises it."""
    places: dict[str, list[str]] = {}
    for code, _, place in built():
        places.setdefault(code, []).append(place)
    assert {code: found for code, found in places.items() if len(found) > 1} == {}
    in_tables = {*refusals._MESSAGES, *(code for code, _, _ in problems._PLAIN.values())}
    twice = {code: places[code] for code in places.keys() & in_tables}
    assert twice.keys() <= {"not_a_table"}, twice  # which names the format, where it knows that


def documented() -> dict[str, set[str]]:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    return {match["code"]: set(match["status"].strip().split(", ")) for match in ROW.finditer(text)}


def test_every_error_is_documented_with_its_status() -> None:
    """docs/errors.md names each code that may be answered, and the status that goes with it."""
    refused = [
        (code, int(problems.status_of(errors.InputError(code, "", "")))) for code in refusals._MESSAGES
    ]
    plain = [(code, status) for status, (code, _, _) in problems._PLAIN.items()]
    found = {*raised(), *refused, *plain, ("internal_error", 500)}
    assert [
        (code, status)
        for code, status in sorted(found)
        if str(int(status)) not in documented().get(code, set())
    ] == []


def test_no_error_is_documented_that_nothing_raises() -> None:
    """What docs/errors.md names can happen; `too_many_attempts`, `cancelled` and `declined` are given to rows
    without being raised.
    """
    known = (
        {code for code, _ in raised()}
        | set(refusals._MESSAGES)
        | {code for code, _, _ in problems._PLAIN.values()}
    )
    assert set(documented()) - known == {"too_many_attempts", "cancelled", "declined"}


def test_every_direct_dependency_is_justified() -> None:
    """Decision 0001 has a row for each package that we ask for, with the right to use it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *itertools.chain.from_iterable(project["optional-dependencies"].values()),
    ]
    names = {re.split(r"[\[<>=; ]", each)[0] for each in wanted}
    text = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text(encoding="utf-8")
    assert {name for name in names if f"| {name} |" not in text} == set()


def test_nothing_installed_is_under_the_agpl() -> None:
    """Decision 0001 promises it of every package, direct or not."""
    licences = {
        each.name: " ".join(
            text for key in ("License-Expression", "Classifier") for text in each.metadata.get_all(key) or []
        )
        for each in importlib.metadata.distributions()
    }
    assert {name for name, licence in licences.items() if "AGPL" in licence or "Affero" in licence} == set()


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of the documentation names a file, and a heading in it."""
    targets = [match["target"] for match in LINK.finditer(path.read_text(encoding="utf-8"))]
    assert [
        target
        for target in targets
        if not target.startswith("https://") and not _leads_somewhere(path, target)
    ] == []


def _leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(page: Path) -> set[str]:
    """Headings as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_a_decision_says_what_a_reviewer_asks(path: Path) -> None:
    """A decision record has context, decision and consequences, what was rejected, and a place in the
    index.
    """
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    assert {"## Context", "## Decision", "## Consequences"} <= set(text.splitlines())
    assert "rejected" in text.lower()
    assert f"]({path.name})" in (path.parent / "README.md").read_text(encoding="utf-8")


def _commands(group: TyperGroup, prefix: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


def test_readme_names_every_command() -> None:
    """The README's table of commands is the command line's own list."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    named = itertools.chain.from_iterable(
        re.findall(r"`(certsvc [a-z ]+)`", line.split(" | ")[0])
        for line in lines
        if line.startswith("| `certsvc ")
    )
    assert sorted(named) == sorted(_commands(root, "certsvc"))


def test_the_tours_record_is_accepted(tmp_path: Path) -> None:
    """Who follows the README's tour gets a certificate: a leave from today in Hanoi to the day after
    tomorrow, without a word.
    """
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    begin, end = text.index("day() {"), text.index("\nJSON\n") + len("\nJSON\n")
    before = day_in_hanoi(utc_now())
    subprocess.run(["/bin/sh", "-euc", text[begin:end]], cwd=tmp_path, check=True)
    request = json.loads((tmp_path / "case.json").read_text(encoding="utf-8"))
    today = dt.date.fromisoformat(request["record"]["examined_on"])
    assert before <= today <= day_in_hanoi(utc_now())
    sample = ROOT / "certsvc" / "sample"
    stations = stations_of(sample)
    kind = Kind(request["kind"])
    row = check(request["record"], today=today, registry=stations, wants=frozenset({kind}))
    history = PeoplesHistory().beside((row.facility_code, row.case_id))
    verdict = judge(row, history=history, rules=built_in(), today=today)[kind]
    assert (verdict.outcome, verdict.findings, verdict.days) == ("issue", (), 3)
    assert row.case is not None
    assert late_finding(row.case, signed_on=today) is None


def test_no_tracked_file_names_the_place_it_was_written_at() -> None:
    """Neither paths of somebody's machine nor addresses of package indexes stand in our files."""
    strange = re.compile(rb"/work[/]|pypi[.]org|registry[.]npmjs[.]org|files[.]pythonhosted[.]org")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name and "/vendor/" not in name]
    assert files
    assert [
        str(file.relative_to(ROOT)) for file in files if file.is_file() and strange.search(file.read_bytes())
    ] == []
