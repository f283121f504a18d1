"""Writing DER [ITU-T X.690 §8.1, §10.1]: parts built once by asn1crypto, joined anew for each signature.

asn1crypto encodes a value field by field at every use, which takes milliseconds. So constant parts are built
once and kept as bytes, for its objects change when they are read and must not cross threads.
"""

INTEGER, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
EXPLICIT_0 = IMPLICIT_0 = 0xA0
IMPLICIT_1 = 0xA1

_SHORT = 0x80


def tlv(tag: int, content: bytes) -> bytes:
    """A value with a one-octet tag and its definite length in the fewest octets."""
    length = len(content)
    if length < _SHORT:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, _SHORT | len(octets))) + octets + content


def around(der: bytes, *holes: bytes) -> list[bytes]:
    """The parts of `der` before, between and after the holes, given in order of appearance.

    Raises ValueError if one is missing.
    """
    parts = []
    for hole in holes:
        before, found, der = der.partition(hole)
        if not found:
            raise ValueError("a hole is missing")
        parts.append(before)
    return [*parts, der]
