"""How our long-lived processes keep their memory small."""

import contextlib
import ctypes
import gc

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Of mallopt(3), glibc's `malloc.h`."""

_ARENAS = 2
_GIVEN_BACK_FROM = 128 * 1024
"""Where glibc begins; left to itself it raises this after the first large thing that is freed."""

_LOOK_AFTER = 5_000
"""Objects. Few lie in cycles, but such a one may hold much: in SQLAlchemy a list that a column is looked up
in, with all its values.
"""


def set_up_allocator() -> None:
    """Let threads allocate from few places, and give back what is large as soon as it is free. Call it first
    of all.

    glibc gives each thread a place of its own, and what one frees there no other can use; and it keeps what
    was once large.
    """
    with contextlib.suppress(AttributeError):  # other C libraries have no such option
        set_option = ctypes.CDLL(None).mallopt
        set_option(_M_ARENA_MAX, _ARENAS)
        set_option(_M_MMAP_THRESHOLD, _GIVEN_BACK_FROM)
        set_option(_M_TRIM_THRESHOLD, _GIVEN_BACK_FROM)


def give_back() -> None:
    """Give the system what lies free between what is in use (malloc_trim(3)). It takes milliseconds: for when
    some work is done.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_what_is_there() -> None:
    """Spare the garbage collector what has come to stay, and let it look less often: our chunks leave next to
    no cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_LOOK_AFTER)
