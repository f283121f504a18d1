"""What is to be checked: the name of a file, a look-up code, or the text of a QR."""

from pathlib import Path

from certsvc.codes import normalise_code
from certsvc.errors import InputError

_SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".webp"})


def content_of(what: str) -> bytes | None:
    """The content of the file of this name; None for a code. Raises InputError where only a file can be meant
    and it cannot be read.
    """
    try:
        return Path(what).read_bytes()
    except (OSError, ValueError) as error:
        is_code = isinstance(error, FileNotFoundError | ValueError) and not _is_path(what)
        if is_code:
            return None
        raise InputError(
            "no_such_file", "Không có tệp này hoặc không đọc được.", "No such file, or it cannot be read."
        ) from error


def _is_path(what: str) -> bool:
    """Whether only a file can be meant: the address in a QR has slashes too, and is a code."""
    return Path(what).suffix.lower() in _SUFFIXES or ("/" in what and normalise_code(what) is None)
