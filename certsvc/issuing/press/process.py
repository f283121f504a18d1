"""What is called in a press. Who only sends chunks there need not load what fills and signs."""

import functools
from typing import TYPE_CHECKING

from certsvc.config import Environment, Settings
from certsvc.issuing.press.orders import Chunk, Pressed, Setup

if TYPE_CHECKING:
    from certsvc.issuing.press.pressing import Press


def setup_of(settings: Settings) -> Setup:
    """What presses are opened with; nothing of it is the service's secret."""
    return Setup(
        keys_dir=settings.keys_dir.resolve(),
        passphrase=settings.pkcs12_passphrase.get_secret_value() if settings.pkcs12_passphrase else None,
        profile=settings.profile,
        signatures=settings.signatures,
        is_production=settings.environment is Environment.PRODUCTION,
        max_pdf_bytes=settings.max_pdf_bytes,
        bases=settings.data_dir.resolve() / "bases",
    )


def press_chunk(setup: Setup, chunk: Chunk) -> Pressed:
    """`Press.press` of this process's press, which the first call opens."""
    return _opened(setup).press(chunk)


def warm_up(setup: Setup) -> None:
    """Open the press before somebody waits for it."""
    _opened(setup).warm_up()


@functools.lru_cache(maxsize=1)
def _opened(setup: Setup) -> "Press":
    from certsvc.issuing.press.pressing import open_press  # noqa: PLC0415 - not for those who only send chunks here

    return open_press(setup)
