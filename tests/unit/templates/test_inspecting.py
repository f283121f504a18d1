"""`check_design` finds the faults a designer makes, with file and line."""

import shutil
from pathlib import Path

import pytest

from certsvc.templates.compiler.inspecting import check_design

DESIGNS = Path(__file__).parents[3] / "certsvc" / "templates" / "designs"
SOUND = DESIGNS / "sick_leave" / "mau07-2025"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SOUND, tmp_path / "design"))


def test_shipped_designs_are_sound() -> None:
    """The designs in the package have no faults."""
    folders = sorted(path.parent for path in DESIGNS.glob("*/*/design.toml"))
    assert len(folders) == 3
    for folder in folders:
        assert check_design(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "message", "at_line"),
    [
        ('{{ row("Giới tính:", sex) }}', '{{ row("Giới tính:", gender) }}', "gender", True),
        ('{{ row("Giới tính:", sex) }}', "", "does not print the field sex", False),
        ('{{ row("Giới tính:", sex) }}', '{{ row("Giới tính:", sex) ', "Syntax", True),
        ('{{ row("Giới tính:", sex) }}', "{{ sex|safe }}", "Escaping", True),
        ("</body>", '<img src="https://example.vn/logo.png"></body>', "outside", True),
        ("</body>", "<script>1</script></body>", "outside", True),
        ("</body>", "<div></body>", "<div>", True),
        ('person("representative"', 'person("practitioner"', "Slot representative", False),
        ('<html lang="vi">', "<html>", "lang", True),
        (
            "<title>Giấy chứng nhận nghỉ việc hưởng bảo hiểm xã hội</title>",
            "<title></title>",
            "<title>",
            False,
        ),
        (
            "{{ check_strip(qr, code, check_address) }}",
            '<div id="check"><img src="{{ qr }}">{{ code }}{{ check_address }}</div>',
            "no alt",
            True,
        ),
        ("</body>", '<img alt="" src="data:image/png;base64,iVBORw0KGgo="></body>', "one image", True),
        ("</body>", "<svg></svg></body>", "one image", True),
        ('<h2 class="section">II.', '<h4 class="section">II.', "wrong level", True),
        ('<div class="signers" id="form-end">', '<div class="signers">', "form-end", False),
        (
            '{{ row("Giới tính:", sex) }}',
            '{% if sex %}{{ row("Giới tính:", sex) }}{% endif %}',
            "only be printed",
            True,
        ),
        ('{{ row("Giới tính:", sex) }}', '{{ row("Giới tính:", sex|upper) }}', "only be printed", True),
        (
            '{{ row("Giới tính:", sex) }}',
            '<p style="font-family: Arial">{{ sex }}</p>',
            "only typeface available is",
            True,
        ),
        (
            '{{ row("Giới tính:", sex) }}',
            (
                '<p class="row"><span class="label">Giới tính:</span><span style="flex: none">{{ sex'
                ' }}</span><span class="label">.</span></p>'
            ),
            "content of slot sex moves the rest",
            True,
        ),
        (
            '{{ row("Giới tính:", sex) }}',
            '<p style="display: flex">{{ sex }}</p>',
            "sex is outside the page or has no room",
            True,
        ),
        (
            '{{ row("Giới tính:", sex) }}',
            '<p style="margin-left: 180mm; width: 30mm">{{ sex }}</p>',
            "sex is outside",
            True,
        ),
        ('{{ row("Giới tính:", sex) }}', '<p class="row half">{{ sex }}</p>', "sex: its height", True),
        ('{{ row("Giới tính:", sex) }}', '<p class="within">{{ sex }}</p>', "sex: it is not a block", True),
    ],
)
def test_fault_is_found_where_it_is(folder: Path, old: str, new: str, message: str, at_line: bool) -> None:
    """Faults in fields, syntax, tags and references, for screen readers, and in the layout of slots."""
    with folder.joinpath("form.css").open("a", encoding="utf-8") as css:
        css.write(
            ".half .slot { line-height: 4mm; min-height: 1.5lh; }\n.within .slot { display: inline; }\n"
        )
    path = folder / "form.html"
    source = path.read_text("utf-8")
    assert old in source
    path.write_text(source.replace(old, new), "utf-8")
    problems = check_design(folder)
    assert any(problem.file == "form.html" and message in problem.message_en for problem in problems), (
        problems
    )
    if at_line:
        lines = [number for number, line in enumerate(source.splitlines(), start=1) if old in line]
        assert any(abs(problem.line - lines[0]) <= 1 for problem in problems if message in problem.message_en)


def test_remote_style_is_found(folder: Path) -> None:
    """A stylesheet may not import or fetch either."""
    with folder.joinpath("form.css").open("a", encoding="utf-8") as css:
        css.write("\np { background: url(http://example.vn/x.png) }\n")
    assert [(problem.file, problem.message_en) for problem in check_design(folder)] == [
        ("form.css", "Refers to something outside the design.")
    ]


def test_style_that_is_not_understood_is_said_with_its_line(folder: Path) -> None:
    """A declaration that the layout would ignore is a designer's mistake."""
    path = folder / "form.css"
    number = len(path.read_text("utf-8").splitlines()) + 1
    path.write_text(path.read_text("utf-8") + "p { colour: red; }\n", "utf-8")
    problems = check_design(folder)
    assert [(problem.file, problem.line) for problem in problems] == [("form.css", number)]
    assert "colour" in problems[0].message_en


def test_missing_file_and_bad_facts_are_said(folder: Path) -> None:
    """A design without one of its files, or with unreadable facts, is reported rather than raised."""
    folder.joinpath("design.toml").write_text("id = 1\n", "utf-8")
    assert [problem.file for problem in check_design(folder)] == ["design.toml"]
    folder.joinpath("form.css").unlink()
    assert [problem.file for problem in check_design(folder)] == ["form.css"]
