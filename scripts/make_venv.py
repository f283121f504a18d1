"""Make the virtual environment, or say in one line what is missing. Runs on the system's Python alone."""

import subprocess
import sys

OLDEST = (3, 11)


def main() -> int:
    if sys.version_info < OLDEST:
        sys.stderr.write(
            f"certsvc needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}. Try:"
            " make run PYTHON=python3.11\n"
        )
        return 1
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian splits it off
    except ImportError:
        sys.stderr.write("Python's venv module is missing. As root: apt-get install --yes python3-venv\n")
        return 1
    return subprocess.call([sys.executable, "-m", "venv", sys.argv[1]])  # noqa: S603 - our own interpreter


if __name__ == "__main__":
    sys.exit(main())
