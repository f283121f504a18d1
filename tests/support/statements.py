"""SQL compiled once per process: an engine caches what it compiles, but each test has its own engine."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from typing_extensions import override


class _Compiled(dict[Any, Any]):
    """Like an engine's own cache, but for all engines with one driver, whose dialects are equal."""

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
    """Install it from now on, in this process."""
    compiled = _Compiled()

    def use(connection: Connection) -> None:
        connection.execution_options(compiled_cache=compiled)

    event.listen(Engine, "engine_connect", use)
