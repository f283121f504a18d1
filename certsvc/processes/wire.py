"""How `apart` and `zygote` speak with each other over Unix sockets.

Control messages are one letter and a length (network order): `T` the trust as JSON follows, `J` a
socket to one child comes along. A request on that socket is a length, a JSON header, and the bytes
to look at; the answer is JSON up to the end of the stream.
"""

import socket
import struct

CONTROL = struct.Struct("!cQ")
LENGTH = struct.Struct("!Q")
TRUST, JOB, READY = b"T", b"J", b"R"


def read_exactly(stream: socket.socket, length: int) -> bytes:
    """So many bytes from a blocking socket. Raises EOFError if it ends before."""
    received = bytearray()
    while len(received) < length:
        part = stream.recv(min(length - len(received), 1 << 20))
        if not part:
            raise EOFError
        received += part
    return bytes(received)
