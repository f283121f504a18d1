"""A client for programs that ask for, follow, verify and withdraw certificates of a certsvc somewhere else.

`Client` and `AsyncClient` have the same methods; answers are `results`, refusals are `ServiceError`s. Nothing
of the service is imported: httpx2 and pydantic are all it needs. `docs/client.md` has examples.
"""

from certsvc.client.clients import AsyncClient, Client
from certsvc.client.failures import (
    Conflict,
    InvalidRequest,
    NoAccess,
    NotFound,
    ServiceError,
    ServiceFailure,
    TooMany,
    Unreachable,
    UnreadableAnswer,
)
from certsvc.client.hooks import ForgedWebhook, WebhookEvent, open_webhook

__all__ = [
    "AsyncClient",
    "Client",
    "Conflict",
    "ForgedWebhook",
    "InvalidRequest",
    "NoAccess",
    "NotFound",
    "ServiceError",
    "ServiceFailure",
    "TooMany",
    "Unreachable",
    "UnreadableAnswer",
    "WebhookEvent",
    "open_webhook",
]
