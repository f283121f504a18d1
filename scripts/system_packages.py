"""What pip cannot provide for `run`, `test` or `bench`: installed by root; others see the command to run."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz.so.0": "libharfbuzz0b",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
    "libfontconfig.so.1": "libfontconfig1",
}
"""Shared libraries that WeasyPrint loads, and the Debian packages that contain them."""

PROGRAMS = {
    "chromium": "chromium",
    "pdfsig": "poppler-utils",
    "pdftotext": "poppler-utils",
    "qpdf": "qpdf",
    "openssl": "openssl",
    "xmlsec1": "xmlsec1",
    "javac": "default-jdk-headless",
}
"""The tests' independent readers and browser; Java runs veraPDF."""

JARS = {"itext5.jar": "libitext5-java", "bcprov.jar": "libbcprov-java", "bcpkix.jar": "libbcpkix-java"}
"""What the benchmarks compare us with, in /usr/share/java."""

SERVERS = {"postgresql": "/usr/lib/postgresql"}
"""Debian packages of servers that tests start, and the folders of their programs, which are not in PATH."""


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing(purpose: str) -> list[str]:
    """Debian packages that are missing for `run`, `test` or `bench`."""
    if not sys.platform.startswith("linux"):
        return []
    packages = {package for library, package in LIBRARIES.items() if not _loads(library)}
    if purpose == "bench":
        packages |= {package for jar, package in JARS.items() if not Path("/usr/share/java", jar).exists()}
    if purpose == "test":
        packages |= {package for program, package in PROGRAMS.items() if shutil.which(program) is None}
        packages |= {
            package
            for package, folder in SERVERS.items()
            if not any(Path(folder).glob("*/bin/initdb")) and shutil.which("initdb") is None
        }
    return sorted(packages)


def main() -> int:
    packages = missing(sys.argv[1])
    if not packages:
        return 0
    line = f"apt-get update && apt-get install --yes --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.stderr.write(f"System packages are missing. As root (Debian, Ubuntu):\n\n    {line}\n\n")
        sys.stderr.write("then run make again.\n")
        return 1
    sys.stderr.write(f"Installing {', '.join(packages)}\n")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    code = subprocess.call(["/bin/sh", "-c", f"({line}) >&2"], env=env)  # noqa: S603 - constant words
    if code == 0 and (still := missing(sys.argv[1])):
        sys.stderr.write(f"Still missing after installing: {', '.join(still)}\n")
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
