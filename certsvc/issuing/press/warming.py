"""The designs that most certificates need, compiled before somebody waits for one.

Where they do not lie on disk yet, a process that ends at once compiles them: what WeasyPrint takes is then no
press's for life.

    python -m certsvc.issuing.press.warming SIGNATURES FOLDER
"""

import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from certsvc.config import Signatures
from certsvc.states import Slot
from certsvc.templates.compiler.bases import compile_base, is_kept
from certsvc.templates.designs import load_designs

_PATIENCE_S = 60
"""Where compiling hangs, the worker must not."""


def _usual(signatures: Signatures) -> Iterator[dict[str, Any]]:
    """The variants of first issues, as `compile_base` names them."""
    for design, head_examined in itertools.product(load_designs(), (False, True)):
        slots = (
            (Slot.ORGANISATION,)
            if signatures is Signatures.ORGANISATION
            else design.slots(head_examined=head_examined)
        )
        yield {"design": design, "head_examined": head_examined, "is_reissue": False, "slots": slots}


def compile_usual(signatures: Signatures, bases: Path) -> None:
    """Have them in memory; `bases` is the folder where they are kept. Raises Broken if a design has a
    fault.
    """
    for variant in _usual(signatures):
        compile_base(**variant, cache=bases)


def compile_ahead(signatures: Signatures, bases: Path) -> None:
    """Have them on disk. A failure is left to who needs them, and meets the same."""
    if all(is_kept(**variant, cache=bases) for variant in _usual(signatures)):
        return
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = [sys.executable, "-P", "-m", "certsvc.issuing.press.warming", str(signatures), str(bases)]
        subprocess.run(  # noqa: S603 - our own words
            command,
            env={"PYTHONPATH": os.pathsep.join(sys.path), "LANG": "C.UTF-8"},
            timeout=_PATIENCE_S,
            check=False,
            stderr=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    compile_usual(Signatures(sys.argv[1]), Path(sys.argv[2]))
