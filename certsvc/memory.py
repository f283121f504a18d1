"""How our long-lived processes keep their memory small."""

import contextlib
import ctypes
import gc

_M_ARENA_MAX = -8
"""Of mallopt(3), glibc's `malloc.h`."""

_ARENAS = 2
_LOOK_AFTER = 20_000


def share_arenas() -> None:
    """Let threads allocate from few places: glibc gives each its own, and what one frees there no other can use. Call it first of all."""
    with contextlib.suppress(AttributeError):  # other C libraries have no such option
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def keep_what_is_there() -> None:
    """Spare the garbage collector what has come to stay, and let it look less often: our chunks leave next to no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_LOOK_AFTER)
