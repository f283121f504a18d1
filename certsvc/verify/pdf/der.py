"""Reading DER strictly [ITU-T X.690]: one-octet tags, shortest definite lengths, nothing left over."""

INTEGER, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1

_HIGH_TAG = 0x1F
_LONG_FORM = 0x80
_MAX_LENGTH_OCTETS = 4


class NotDer(Exception):
    """The bytes are not the DER expected."""


class Cursor:
    """Reads consecutive values from `data`, between two offsets."""

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._at = start
        self._end = len(data) if end is None else end

    @property
    def is_done(self) -> bool:
        return self._at == self._end

    def is_next(self, tag: int) -> bool:
        """Whether a value with this tag follows."""
        return self._at < self._end and self._data[self._at] == tag

    def enter(self, tag: int) -> "Cursor":
        """A cursor over the next value, which must have this tag; this one moves past it. Raises NotDer."""
        _, start, end = self._next(tag)
        return Cursor(self._data, start, end)

    def contents(self, tag: int) -> bytes:
        """The octets in the next value, which must have this tag. Raises NotDer."""
        _, start, end = self._next(tag)
        return self._data[start:end]

    def whole(self, tag: int) -> bytes:
        """The next value with its tag and length. Raises NotDer."""
        at, _, end = self._next(tag)
        return self._data[at:end]

    def rest(self) -> bytes:
        """All remaining bytes."""
        at, self._at = self._at, self._end
        return self._data[at : self._end]

    def close(self) -> None:
        """Raises NotDer if anything is left over."""
        if self._at != self._end:
            raise NotDer("something left over")

    def _next(self, tag: int) -> tuple[int, int, int]:
        """The offsets where the next value and its contents begin, and where it ends."""
        at, data = self._at, self._data
        if self._end - at < 2 or data[at] != tag or tag & _HIGH_TAG == _HIGH_TAG:  # noqa: PLR2004 - a tag and a length at least
            raise NotDer("another value expected")
        length, start = data[at + 1], at + 2
        if length >= _LONG_FORM:
            octets = length - _LONG_FORM
            length = int.from_bytes(data[start : start + octets])
            if (
                not 1 <= octets <= _MAX_LENGTH_OCTETS
                or start + octets > self._end
                or length < _LONG_FORM
                or length >> 8 * (octets - 1) == 0
            ):
                raise NotDer("length is not definite or not the shortest")
            start += octets
        if start + length > self._end:
            raise NotDer("longer than its container")
        self._at = start + length
        return at, start, self._at
