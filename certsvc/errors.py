"""The error families of certsvc.

    CertsvcError            stable snake_case `code`, message safe to show
    ├─ InputError           the caller can fix it
    ├─ NotFound             no such thing, or not for this caller
    ├─ Forbidden            the caller's role may never do this
    ├─ Conflict             illegal transition, duplicate
    ├─ TooMany              slow down, or the tries are used up
    ├─ Unavailable          try later: TSA, store, signer
    └─ Broken               an operator must act: unfit key, broken design, failed self-check

Families know nothing of HTTP: `api/problems.py` holds the one table of statuses. A message never
holds personal data, for messages are logged, stored and shown to strangers.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from typing_extensions import override


class ErrorItem(TypedDict):
    """One item of a problem's `errors`; None where it has no field, row or rule."""

    field: str | None
    row: int | None
    rule: str | None
    message_vi: str
    message_en: str


class CertsvcError(Exception):
    """Base of all our errors.

    `code` is stable and snake_case; `message_vi` and `message_en` are safe to show; `errors` lists
    what is wrong item by item (mostly `ErrorItem`s);
    `facts` are further members of the problem document.
    """

    def __init__(
        self,
        code: str,
        message_vi: str,
        message_en: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        **facts: Any,
    ) -> None:
        super().__init__(f"{code}: {message_en}")
        self.code = code
        self.message_vi = message_vi
        self.message_en = message_en
        self.errors = tuple(errors)
        self.facts = facts

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """Errors come back whole from the processes that fill and sign."""
        return functools.partial(type(self), errors=self.errors, **self.facts), (
            self.code,
            self.message_vi,
            self.message_en,
        )


class InputError(CertsvcError):
    """The caller can fix this."""


class NotFound(CertsvcError):
    """No such thing, or it belongs to somebody else."""


class Forbidden(CertsvcError):
    """The caller's role may never make this call."""


class Conflict(CertsvcError):
    """The state of things does not allow it: illegal transition, duplicate."""


class TooMany(CertsvcError):
    """Too many tries or requests; `facts["retry_after_s"]` says when to come back, if ever."""


class Unavailable(CertsvcError):
    """Try again later: time-stamping authority, store, signer."""


class Broken(CertsvcError):
    """An operator must act: unfit key, broken design, failed self-check."""
