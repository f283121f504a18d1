"""Logging: structlog, constant dotted events, facts as keys, ids from contextvars.

Nothing personal is logged: no records, names, codes, bodies or uploads, only ids and digests.
"""

import logging
from typing import cast

import structlog
from structlog.typing import FilteringBoundLogger


def set_up_logging(*, json: bool) -> None:
    """Call once at an edge. Libraries' logs come through at WARNING and above."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def get_logger() -> FilteringBoundLogger:
    return cast("FilteringBoundLogger", structlog.get_logger())
