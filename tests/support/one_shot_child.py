"""A process that does whatever a test asks for."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from certsvc.errors import InputError
from certsvc.processes.one_shot import serve_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    what: str
    pid_file: str = os.devnull


def do(asked: Asked) -> bytes | None:
    match asked.what:
        case "environment":
            return repr(dict(os.environ)).encode()
        case "nothing":
            return None
        case "known error" | "unknown error":
            raise InputError(asked.what, "Bà Ví Dụ", "Mrs Example")
        case "fault":
            raise ValueError("Bà Ví Dụ")
        case "memory":
            return bytes(1 << 30)
        case _:
            Path(asked.pid_file).write_text(str(os.getpid()))
            time.sleep(60)
            return None


if __name__ == "__main__":
    serve_task(Asked, do, memory_bytes=1 << 28, cpu_s=10, exits={"known error": 7})
