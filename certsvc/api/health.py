"""`/livez` and `/readyz`: does the process answer, and can it work?"""

from collections.abc import Awaitable

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from certsvc.api.access import Res
from certsvc.errors import CertsvcError

router = APIRouter(tags=["health"])


@router.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(res: Res) -> JSONResponse:
    """200 where database, queue and file store answer, else 503; each named."""
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
