"""`/livez` and `/readyz`: does the process answer, and can it work? `/metrics`: how much was done, by
whichever process, counted from the rows.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, Field
from typing_extensions import override

from certsvc.api.access import Res
from certsvc.errors import CertsvcError
from certsvc.store import certificates

router = APIRouter(tags=["health"])

_COUNTED_ANEW_S = 10
"""A count reads every row, and anybody may ask."""


class Readiness(BaseModel):
    status: Literal["ready", "not_ready"]
    parts: dict[str, str] = Field(description="`ok`, or the code of what is wrong")


@router.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@router.get(
    "/readyz", response_model=Readiness, responses={503: {"model": Readiness, "description": "Not ready"}}
)
async def readyz(res: Res) -> JSONResponse:
    """200 if database, queue and file store answer, else 503; with the state of each."""
    parts = {"database": res.db.check_schema(), "queue": res.doorbell.check(), "blobs": res.blobs.check()}
    states = {name: await _state(check) for name, check in parts.items()}
    ready = all(state == "ok" for state in states.values())
    return JSONResponse({"status": "ready" if ready else "not_ready", "parts": states}, 200 if ready else 503)


async def _state(check: Awaitable[None]) -> str:
    try:
        await check
    except CertsvcError as error:
        return error.code
    return "ok"


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus text format"}},
)
async def metrics(request: Request, res: Res) -> Response:
    """Counts for a Prometheus server, at most ten seconds old; nothing of persons or facilities."""
    counted_at, text = getattr(request.app.state, "metrics", (-float("inf"), b""))
    if time.monotonic() - counted_at > _COUNTED_ANEW_S:
        text = await _count(res)
        request.app.state.metrics = time.monotonic(), text
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _count(res: Res) -> bytes:
    async with res.db.read() as session:
        figures = await certificates.figures(session, facility_code=None)
        ways = await certificates.published_ways(session)
    states: Counter[tuple[str, str]] = Counter()
    held: Counter[str] = Counter()
    for figure in figures:
        states[figure.kind, figure.status] += figure.number
        held[figure.kind] += figure.held
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Counted(states, held, ways))
    return generate_latest(registry)


class _Counted(Collector):
    def __init__(
        self, states: Mapping[tuple[str, str], int], held: Mapping[str, int], ways: Mapping[str, int]
    ) -> None:
        self._states = states
        self._held = held
        self._ways = ways

    @override
    def collect(self) -> Iterator[Metric]:
        states = GaugeMetricFamily(
            "certsvc_certificates", "Certificates by kind and status.", labels=["kind", "status"]
        )
        for labels, count in self._states.items():
            states.add_metric(labels, count)
        yield states
        held = GaugeMetricFamily(
            "certsvc_certificates_awaiting_approval",
            "Of those requested, how many wait for a facility's head.",
            labels=["kind"],
        )
        for kind, count in self._held.items():
            held.add_metric([kind], count)
        yield held
        files = CounterMetricFamily(
            "certsvc_files_published",
            "Signed files: filled into a compiled design, or laid out in full.",
            labels=["way"],
        )
        for way, count in self._ways.items():
            files.add_metric([way], count)
        yield files
