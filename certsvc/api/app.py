"""Puts the application together: routers, problems, middleware, static files."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import Depends, FastAPI
from starlette.datastructures import State

from certsvc import __version__
from certsvc.api import health
from certsvc.api.console import approvals as console_approvals
from certsvc.api.console import (
    authority,
    batch_changes,
    home,
    mending,
    new_case,
    new_papers,
    new_recall,
    rejected,
    staff,
    withdrawing,
)
from certsvc.api.console import batches as console_batches
from certsvc.api.console import certificates as console_certificates
from certsvc.api.console import recalls as console_recalls
from certsvc.api.limits import AddressLimiter, limit_of
from certsvc.api.middleware import BodyLimit, RequestContext
from certsvc.api.openapi import set_up_openapi
from certsvc.api.pages import static_files
from certsvc.api.problems import set_up_problems, unknown_error
from certsvc.api.public import bulk, bulk_pages, check_app, checks, published, site
from certsvc.api.v1 import (
    approvals,
    batch_rows,
    batches,
    certificates,
    disclosures,
    events,
    exports,
    mappings,
    recalls,
    registry,
    templates,
    webhooks,
)
from certsvc.callers.proofs import Passwords
from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.resources import Resources, open_resources

_A_MINUTE = {
    "public": 300,  # what needs no key: a factory gate scans every few seconds, a network shares one address
    "sign-in": 120,  # the pages around signing in: each try costs a password hash
    "one-case": 300,  # that form is checked after every field, and a station shares one address
}
"""Calls that one address may make."""

_PREVIEWS_AT_ONCE = 2
"""Forms drawn at the same time: each takes a second of a core."""
_RETURNS_AT_ONCE = 1
"""Workbooks written at the same time: each takes a core and some memory."""

_OPEN_TO_ALL = (
    checks.router,
    bulk.router,
    published.router,
    site.router,
    check_app.router,
    bulk_pages.router,
    checks.claimed,
)
_WITH_KEY = (
    approvals.router,
    certificates.router,
    recalls.router,
    batches.router,
    batch_rows.router,
    events.router,
    exports.router,
    mappings.router,
    templates.router,
    webhooks.router,
    registry.router,
    disclosures.router,
)
"""Approvals come before certificates and batches, whose changes have a name in the address too."""
_CONSOLE = (
    home.router,
    console_batches.router,
    mending.router,
    batch_changes.router,
    rejected.router,
    console_certificates.router,
    withdrawing.router,
    console_approvals.router,
    authority.router,
    new_recall.router,
    console_recalls.router,
)
_ONE_CASE = (new_case.router, new_papers.router)

OpenResources = Callable[[Settings], AbstractAsyncContextManager[Resources]]


def create_app(settings: Settings, *, opening: OpenResources = open_resources) -> FastAPI:
    """The ASGI application; resources are opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opening(settings) as resources:
            app.state.resources = resources
            await resources.examiner.start()  # so that the first check need not wait for it
            yield

    app = FastAPI(
        title="certsvc",
        summary="Sick-leave and recovery certificates for F0 cases: issue in batches, sign, verify.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redirect_slashes=False,  # a redirect would repeat whatever Host header was sent
        redoc_url=None,
    )
    set_up_problems(app)
    app.add_exception_handler(Exception, unknown_error)
    app.state = fresh_state(settings)
    _include_routers(app)
    set_up_openapi(app)
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(RequestContext, is_https=settings.base_url.startswith("https://"))
    return app


def _include_routers(app: FastAPI) -> None:
    """Routes are tried in this order: the most frequent come first."""
    for router in (*_OPEN_TO_ALL, *_WITH_KEY):
        app.include_router(router)
    app.include_router(staff.router, dependencies=[Depends(limit_of("sign-in"))])
    for router in _CONSOLE:
        app.include_router(router)
    for router in _ONE_CASE:
        app.include_router(router, dependencies=[Depends(limit_of("one-case"))])
    app.include_router(health.router)
    app.mount("/static", static_files(), name="static")


def fresh_state(settings: Settings) -> State:
    """What an application counts and shares besides its resources, before anybody has called."""
    limiter = AddressLimiter(trusted_proxies=settings.trusted_proxies)
    return State(
        {
            "clock": utc_now,
            "limits": {name: limiter.limit(name, per_minute=calls) for name, calls in _A_MINUTE.items()},
            "passwords": Passwords(),
            "streams": events.Streams(),
            "bulk_gate": bulk.BulkGate(limiter),
            "returning_turns": asyncio.Semaphore(_RETURNS_AT_ONCE),
            "preview_turns": asyncio.Semaphore(_PREVIEWS_AT_ONCE),
        }
    )
