"""Make the virtual environment, or say in one line what is missing. Needs only the system's Python."""

import subprocess
import sys

OLDEST = (3, 11)


def main() -> int:
    if sys.version_info < OLDEST:
        needed, found = f"{OLDEST[0]}.{OLDEST[1]}", sys.version.split()[0]
        sys.stderr.write(f"certsvc needs Python {needed} or newer; this is {found}.")
        sys.stderr.write(" Try: make run PYTHON=python3.11\n")
        return 1
    try:
        import ensurepip  # noqa: F401, PLC0415 - a package of its own in Debian
    except ImportError:
        sys.stderr.write("Python's venv module is missing. As root: apt-get install --yes python3-venv\n")
        return 1
    return subprocess.call([sys.executable, "-m", "venv", sys.argv[1]])  # noqa: S603 - our own interpreter


if __name__ == "__main__":
    sys.exit(main())
