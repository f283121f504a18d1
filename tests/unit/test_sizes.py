"""Modules and functions are short enough to be read in one go: CONTRIBUTING.md, Naming and shape."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE_LINES = {"certsvc": 300, "tests": 400}
"""At most, by top folder."""
FUNCTION_LINES = 50
"""At most, from `def` to the last line."""
FIRST_MIGRATION = "certsvc/migrations/versions/0001_first_schema.py"
"""Creates every table of its day at once: the one exception."""


def tracked() -> dict[str, str]:
    """The texts of all tracked Python files by name, except the first migration."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.py"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in sorted(names - {FIRST_MIGRATION})}


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Each function, nested ones too, with its number of lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_modules_are_short() -> None:
    """300 lines in the service, 400 among the tests."""
    sizes = {name: len(text.splitlines()) for name, text in tracked().items()}
    assert all(any(name.startswith(f"{folder}/") for name in sizes) for folder in MODULE_LINES)
    long = [
        f"{name}: {size}"
        for name, size in sizes.items()
        if size > MODULE_LINES.get(name.partition("/")[0], size)
    ]
    assert long == [], "\n".join(long)


def test_functions_are_short() -> None:
    """Wherever they are."""
    long = [
        f"{name}, {function}: {size}"
        for name, text in tracked().items()
        for function, size in functions(text)
        if size > FUNCTION_LINES
    ]
    assert long == [], "\n".join(long)


def test_functions_are_measured_whole() -> None:
    """With docstrings and what is nested in them, without decorators."""
    lines = (
        "@decorator",
        "def outer():",
        '    """Text."""',
        "",
        "    async def inner():",
        "        pass",
        "",
    )
    assert dict(functions("\n".join((*lines, "    return inner")))) == {"outer": 7, "inner": 2}
