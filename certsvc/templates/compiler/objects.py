"""The objects of a PDF file in the making, and the file they make [ISO 32000-2 §7.3.10, §7.5]."""

from certsvc.pdf import End

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


class Objects:
    """Numbered object bodies, each without `obj` and `endobj`; all of generation 0."""

    def __init__(self) -> None:
        self._bodies: list[bytes | None] = []

    def reserve(self) -> int:
        """A number to refer to before its object is known."""
        self._bodies.append(None)
        return len(self._bodies)

    def put(self, number: int, body: bytes) -> None:
        """Give a reserved number its object."""
        self._bodies[number - 1] = body

    def add(self, body: bytes) -> int:
        self._bodies.append(body)
        return len(self._bodies)

    def write(self, *, trailer: bytes, file_id: bytes) -> tuple[bytes, End]:
        """The file, with one classic cross-reference table, and its end.

        Raises ValueError if a reserved number has no object.
        """
        data, offsets = bytearray(_HEADER), []
        for number, body in enumerate(self._bodies, start=1):
            if body is None:
                raise ValueError(f"object {number} was never put")
            offsets.append(len(data))
            data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
        startxref, size = len(data), len(offsets) + 1
        data += b"xref\n0 %d\n0000000000 65535 f \n" % size
        data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        identifier = file_id.hex().upper().encode("ascii")
        data += b"trailer\n<< %b /Size %d /ID [<%b> <%b>] >>\n" % (trailer, size, identifier, identifier)
        data += b"startxref\n%d\n%%%%EOF\n" % startxref
        return bytes(data), End(len(data), startxref, size, trailer, file_id)
