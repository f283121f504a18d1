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
MIGRATIONS = "certsvc/migrations/versions/"
"""Left out: a migration that landed is not rewritten."""
MODULES_TO_SPLIT = frozenset(
    {
        "certsvc/callers/accounts.py",
        "certsvc/callers/provider.py",
        "tests/integration/test_approving.py",
        "tests/integration/test_sign_in.py",
        "tests/unit/records/test_rules.py",
    }
)
FUNCTIONS_TO_SPLIT = frozenset(
    {
        ("tests/e2e/test_sign_in_pages.py", "test_from_the_link_to_signing_out"),
        ("tests/integration/test_bulk_checks.py", "test_every_item_gets_its_report_in_order"),
        ("tests/integration/test_console_mending.py", "test_rows_of_a_dry_run_are_mended_one_after_another"),
        ("tests/integration/test_doctor.py", "test_authorities_that_end_are_told"),
        ("tests/integration/test_logs.py", "test_a_whole_life_leaves_nothing_personal"),
        ("tests/integration/test_other_issuers.py", "test_the_others_lists_are_fetched_without_our_key"),
        ("tests/unit/api/check_app_vectors.py", "vectors"),
    }
)
"""Still too long. What becomes short leaves these two lists; nothing may join them."""


def tracked() -> dict[str, str]:
    """The texts of all tracked Python files by name, except migrations."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.py"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return {
        name: (ROOT / name).read_text(encoding="utf-8") for name in names if not name.startswith(MIGRATIONS)
    }


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Each function, nested ones too, with its number of lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_modules_are_short() -> None:
    """300 lines in the service, 400 among the tests."""
    sizes = {name: len(text.splitlines()) for name, text in tracked().items()}
    assert all(any(name.startswith(f"{folder}/") for name in sizes) for folder in MODULE_LINES)
    long = {name for name, size in sizes.items() if size > MODULE_LINES.get(name.partition("/")[0], size)}
    assert long == MODULES_TO_SPLIT


def test_functions_are_short() -> None:
    """Wherever they are."""
    long = {
        (name, function)
        for name, text in tracked().items()
        for function, size in functions(text)
        if size > FUNCTION_LINES
    }
    assert long == FUNCTIONS_TO_SPLIT


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
