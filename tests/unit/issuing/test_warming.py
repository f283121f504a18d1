"""Designs compiled ahead, by a process that ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from certsvc.config import Signatures
from certsvc.issuing.press.warming import _usual, compile_ahead
from certsvc.templates.compiler.bases import _name
from certsvc.templates.compiler.caching import find_path
from certsvc.templates.designs import PLAIN, load_designs

_HERE = """
import sys
from pathlib import Path
from certsvc.config import Signatures
from certsvc.issuing.press.warming import compile_ahead, compile_usual
folder = Path(sys.argv[1])
compile_ahead(Signatures.ALL, folder)
compile_usual(Signatures.ALL, folder)
print(len(list(folder.glob("*.base"))), "weasyprint" in sys.modules)
"""


def test_whoever_compiles_ahead_need_not_load_what_compiles(tmp_path: Path) -> None:
    """Each design, with the head or another who examined; all come from disk then."""
    done = subprocess.run(
        [sys.executable, "-c", _HERE, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == [str(2 * len(load_designs())), "False"]


def test_what_is_kept_is_not_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started for it; a variant that is lacking starts one."""
    started: list[object] = []
    monkeypatch.setattr(subprocess, "run", lambda *words, **_: started.append(words))
    kept = [
        find_path(
            tmp_path, _name(each["design"], each["head_examined"], each["is_reissue"], PLAIN, each["slots"])
        )
        for each in _usual(Signatures.ALL)
    ]
    for base in kept:
        base.touch()
    compile_ahead(Signatures.ALL, tmp_path)
    assert started == []
    kept[-1].unlink()
    compile_ahead(Signatures.ALL, tmp_path)
    assert len(started) == 1


def test_a_failure_is_left_to_who_needs_them(tmp_path: Path) -> None:
    """A folder that cannot be made: whoever presses meets it, and tells."""
    (tmp_path / "file").write_bytes(b"")
    compile_ahead(Signatures.ORGANISATION, tmp_path / "file" / "bases")
