"""SQL compiled once a process: an engine keeps what it compiled for itself, and each test has an engine of
its own.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from typing_extensions import override


class _Compiled(dict[Any, Any]):
    """Like an engine's own cache, but for all engines of one driver: their dialects are alike."""

    @override
    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_shared(key), default)

    @override
    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_shared(key), compiled)


def _shared(key: Any) -> tuple[Any, ...]:
    dialect, *statement = key
    return type(dialect), *statement


def share_compiled() -> None:
    """From now on, in this process."""
    compiled = _Compiled()

    def use(connection: Connection) -> None:
        connection.execution_options(compiled_cache=compiled)

    event.listen(Engine, "engine_connect", use)
