"""The two clients. Their methods are the calls of this package's other modules; `help(client.submit_batch)`
says more.
"""

import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Self

import anyio
import httpx2

from certsvc.client import approvals, batches, certificates, checks, recalls, registry, webhooks
from certsvc.client.binding import Call, Items
from certsvc.client.wires import AsyncWire, SyncWire

_TIMEOUT = httpx2.Timeout(30, read=120)


class Methods:
    """What both clients can do."""

    request_certificate = Call(certificates.request_certificate)
    get_certificate = Call(certificates.get_certificate)
    wait_for_certificate = Call(certificates.wait_for_certificate)
    list_certificates = Items(certificates.list_certificates)
    get_pdf = Call(certificates.get_pdf)
    revoke = Call(certificates.revoke)
    suspend = Call(certificates.suspend)
    reinstate = Call(certificates.reinstate)
    reopen_code = Call(certificates.reopen_code)
    replace = Call(certificates.replace)
    export_certificate = Call(certificates.export_certificate)

    preview_recall = Call(recalls.preview_recall)
    start_recall = Call(recalls.start_recall)
    get_recall = Call(recalls.get_recall)
    list_recalls = Items(recalls.list_recalls)
    recalled_certificates = Items(recalls.recalled_certificates)
    approve_recall = Call(recalls.approve_recall)
    decline_recall = Call(recalls.decline_recall)

    submit_batch = Call(batches.submit_batch)
    get_batch = Call(batches.get_batch)
    follow_batch = Items(batches.follow_batch)
    wait_for_batch = Call(batches.wait_for_batch)
    cancel_batch = Call(batches.cancel_batch)
    resume_batch = Call(batches.resume_batch)
    replay_batch = Call(batches.replay_batch)
    get_row = Call(batches.get_row)
    mend_row = Call(batches.mend_row)
    batch_results = Items(batches.batch_results)
    save_batch_results = Call(batches.save_batch_results)
    save_batch_archive = Call(batches.save_batch_archive)
    save_batch_export = Call(batches.save_batch_export)
    case_template = Call(batches.case_template)

    list_approvals = Items(approvals.list_approvals)
    approve_batch = Call(approvals.approve_batch)
    decline_batch = Call(approvals.decline_batch)
    approve_certificate = Call(approvals.approve_certificate)
    decline_certificate = Call(approvals.decline_certificate)

    verify_file = Call(checks.verify_file)
    verify_code = Call(checks.verify_code)
    verify_qr = Call(checks.verify_qr)
    verify_many = Items(checks.verify_many)
    prove = Call(checks.prove)
    get_proven_pdf = Call(checks.get_proven_pdf)

    create_webhook = Call(webhooks.create_webhook)
    list_webhooks = Call(webhooks.list_webhooks)
    get_webhook = Call(webhooks.get_webhook)
    change_webhook = Call(webhooks.change_webhook)
    remove_webhook = Call(webhooks.remove_webhook)
    rotate_webhook = Call(webhooks.rotate_webhook)
    list_deliveries = Items(webhooks.list_deliveries)
    replay_delivery = Call(webhooks.replay_delivery)
    replay_failed = Call(webhooks.replay_failed)
    send_test = Call(webhooks.send_test)

    list_mappings = Call(registry.list_mappings)
    get_mapping = Call(registry.get_mapping)
    save_mapping = Call(registry.save_mapping)
    remove_mapping = Call(registry.remove_mapping)
    list_facilities = Call(registry.list_facilities)
    list_practitioners = Call(registry.list_practitioners)
    list_designs = Call(registry.list_designs)
    list_rules = Call(registry.list_rules)
    list_disclosures = Call(registry.list_disclosures)
    get_stats = Call(registry.get_stats)
    get_recent = Call(registry.get_recent)


class Client(Methods):
    """For synchronous programs; a context manager. One client may serve many threads.

    `key` is an API key or a token of the OpenID provider; checks of papers need none. `retries` is how often
    a call that may be repeated is repeated. `ssl_context` is for authorities of your own, `transport` and
    `sleep` for tests.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        timeout: httpx2.Timeout = _TIMEOUT,
        retries: int = 3,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = httpx2.Client(
            base_url=base_url,
            headers=_headers(key),
            timeout=timeout,
            verify=ssl_context or True,
            transport=transport,
        )
        self.wire = SyncWire(self._http, retries=retries, sleep=sleep)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(Methods):
    """The same for asyncio and trio; an asynchronous context manager."""

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        timeout: httpx2.Timeout = _TIMEOUT,
        retries: int = 3,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._http = httpx2.AsyncClient(
            base_url=base_url,
            headers=_headers(key),
            timeout=timeout,
            verify=ssl_context or True,
            transport=transport,
        )
        self.wire = AsyncWire(self._http, retries=retries, sleep=sleep)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _headers(key: str | None) -> dict[str, str]:
    return {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
