"""Webhooks under test: subscribe over HTTP, deliver by hand, with a clock that is advanced by hand."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from certsvc.clock import utc_now
from certsvc.webhooks.deliveries import Courier
from certsvc.webhooks.posting import Poster
from certsvc.webhooks.resolving import Resolve
from tests.support.rig import Rig


@dataclass
class Time:
    now: dt.datetime = field(default_factory=utc_now)

    def __call__(self) -> dt.datetime:
        return self.now

    def go(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


def allowing_private(rig: Rig) -> Rig:
    """Receivers under test are on the loopback interface."""
    res = replace(rig.res, settings=rig.res.settings.model_copy(update={"webhooks_allow_private": True}))
    rig.app.state.resources = res
    return replace(rig, res=res)


def courier_of(
    rig: Rig,
    *,
    clock: Callable[[], dt.datetime] = utc_now,
    timeout_s: float = 30,
    chance: float = 0.0,
    resolve: Resolve | None = None,
) -> Courier:
    poster = Poster(allow_private=True, timeout_s=timeout_s, resolve=resolve)
    return Courier(rig.res.db, rig.res.vault, poster.post_all, clock, lambda: chance)


async def deliver(courier: Courier) -> int:
    """Deliver whatever is due now; returns the number of posts."""
    count = 0
    for endpoint_id in await courier.due():
        while some := await courier.deliver_some(endpoint_id):
            count += some
    return count


async def subscribe(rig: Rig, url: str, *, role: str = "insurer", **more: Any) -> Any:
    answer = await rig.call("POST", "/v1/webhooks", role=role, json={"url": url, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def read(rig: Rig, webhook: Any) -> Any:
    return (await rig.call("GET", f"/v1/webhooks/{webhook['id']}", role="admin")).json()


async def log_of(rig: Rig, webhook: Any, **query: Any) -> Any:
    """Newest first."""
    return (
        await rig.call("GET", f"/v1/webhooks/{webhook['id']}/deliveries", role="admin", params=query)
    ).json()["items"]


async def send_test(rig: Rig, webhook: Any) -> Any:
    """A `webhook.test` announced."""
    answer = await rig.call("POST", f"/v1/webhooks/{webhook['id']}/test", role="admin")
    assert answer.status_code == 202, answer.text
    return answer.json()
