"""Look-up codes and QR tokens as people type, paste and scan them.

A code is 80 random bits in 16 characters of Crockford's base32, shown in four groups; a token 128 bits
in 26 characters. Case, spaces and hyphens do not matter, O reads as 0, I and L as 1
(https://www.crockford.com/base32.html).
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from certsvc.errors import InputError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BYTES, CODE_LENGTH = 10, 16
TOKEN_BYTES, TOKEN_LENGTH = 16, 26
MAX_TEXT = 2048
"""Longer texts are no code and no address of ours; a QR holds fewer characters than this."""

_GROUP = 4
_SEPARATORS = re.compile(r"[\s\-_.\u00ad\u200b\u2010-\u2015\u2212]+")
_CONFUSED = str.maketrans("OIL", "011")
_ADDRESS = re.compile(r"/v(?:/#?|#/?)([^/?#&\s]+)", re.IGNORECASE)
_PAGE = re.compile(
    r"https?://(?P<host>[a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"/v/[0-9a-z-]+(?:/(?P<claims>[0-9a-z]+))?/?(?:[?#][!-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)
_ANY_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,}(?P<authority>[^/\\?#]+)", re.IGNORECASE)
_PORT = re.compile(r":[0-9]*$")
_LAST_PORT, _LONGEST_HOST = 65_535, 100
_SYMBOLS = frozenset(ALPHABET)


class CodeKind(StrEnum):
    CODE = "code"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret


@dataclass(frozen=True, slots=True)
class Code:
    """A well-formed look-up code or token: `text` is canonical, upper case without separators."""

    kind: CodeKind
    text: str


def normalise_code(text: str) -> Code | None:
    """The code or token in what somebody typed, pasted or scanned; None if it is neither.

    Takes a bare code or token, or an address `…/v/CODE`, `…/V/TOKEN` or `…/V/TOKEN/CLAIMS`, with or
    without its scheme, a query, or the code in the fragment.
    """
    if len(text) > MAX_TEXT:
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    address = _ADDRESS.search(plain)
    canonical = _SEPARATORS.sub("", address[1] if address else plain).upper().translate(_CONFUSED)
    if not _SYMBOLS.issuperset(canonical):
        return None
    match len(canonical):
        case 16:
            return Code(CodeKind.CODE, canonical)
        case 26:
            return Code(CodeKind.TOKEN, canonical)
        case _:
            return None


def parse_code(text: str) -> Code:
    """As `normalise_code`, for whoever needs one. Raises InputError `malformed_code`."""
    code = normalise_code(text)
    if code is None:
        raise InputError(
            "malformed_code",
            "Mã không đúng dạng: mã gồm 16 chữ và số, chia bốn nhóm, ví dụ ABCD-1234-EFGH-5678. Hãy xem lại"
            " mã in trên giấy.",
            "This is no look-up code: it has 16 letters and digits in four groups. Please look at the paper"
            " again.",
        )
    return code


@dataclass(frozen=True, slots=True)
class Leads:
    """Where the address in a QR leads: `host` in lower case without a port; with `claims` (perhaps none, an
    empty text) where it is a page of that host's look-up, else None.
    """

    host: str
    claims: str | None


def leads_to(text: str) -> Leads | None:
    r"""Where a text leads that a browser would open; None for a bare code, and for what is no address.

    One strict form is a look-up's, `http(s)://host[:port]/v/CODE[/CLAIMS]`: nothing in it may be read in two
    ways, for a browser takes `\` for `/` and drops line breaks. A slash, query or fragment at the end, as
    messengers add them, says nothing. Any other address is only asked for its host.
    """
    plain = text.strip()
    if (page := _PAGE.fullmatch(plain)) and int(page["port"] or 0) <= _LAST_PORT:
        return Leads(_host(page["host"]), (page["claims"] or "").upper())
    if found := _ANY_ADDRESS.match("".join(plain.split())):
        authority = found["authority"].rpartition("@")[2]
        return Leads(_host(_PORT.sub("", authority))[:_LONGEST_HOST], None)
    return None


def _host(name: str) -> str:
    return name.lower().rstrip(".")


def claims_in(text: str, *, base_url: str) -> str | None:
    """The claims in the text of a QR; none (an empty text) in a bare code or an address without them, None
    where it does not lead to the look-up at `base_url`. The port may have changed since.
    """
    leads = leads_to(text)
    if leads is None:
        return "" if "/" not in text and "\\" not in text else None
    return leads.claims if leads.host == host_of(base_url) else None


def host_of(base_url: str) -> str:
    """The host of our own address, as `Leads` has it."""
    return _host(urlsplit(base_url).hostname or "")


def format_code(code: str) -> str:
    """A canonical code in groups of four, as printed: `ABCD-EFGH-JKMN-PQRS`."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def encode_code(secret: bytes) -> str:
    """10 random bytes as 16 characters. Raises ValueError for another length."""
    return _encode(secret, bytes_expected=CODE_BYTES, length=CODE_LENGTH)


def encode_token(secret: bytes) -> str:
    """16 random bytes as 26 characters, the first of which carries 3 bits. Raises ValueError for another
    length.
    """
    return _encode(secret, bytes_expected=TOKEN_BYTES, length=TOKEN_LENGTH)


def _encode(secret: bytes, *, bytes_expected: int, length: int) -> str:
    if len(secret) != bytes_expected:
        raise ValueError(f"{bytes_expected} bytes are needed, not {len(secret)}")
    number = int.from_bytes(secret)
    return "".join(ALPHABET[number >> 5 * at & 31] for at in reversed(range(length)))
