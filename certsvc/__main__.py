"""The command `certsvc`, also `python -m certsvc`.

Processes that we start import this file too, and do without the command line.
"""

import sys

_CANNOT_NOW = 3


def main() -> None:
    """Run the command line, or say what to install where only the client is installed."""
    try:
        from certsvc.cli import app  # noqa: PLC0415 - may be missing what it stands on

        app()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == __package__:
            raise
        sys.stderr.write(
            f"Thiếu gói «{error.name}»; hãy cài: / The package “{error.name}” is missing; install:\n\n"
            "    pip install 'certsvc[service]'\n\n",
        )
        sys.exit(_CANNOT_NOW)


if __name__ == "__main__":
    main()
