"""Calls with a token of an OpenID provider, and the parts of such a token."""

import base64
import json
from typing import Any

import httpx2

from tests.support.rig import Rig


async def ask_with(
    rig: Rig, token: str, path: str = "/v1/certificates", method: str = "GET", **more: Any
) -> httpx2.Response:
    return await rig.call(method, path, role=None, headers={"Authorization": f"Bearer {token}"}, **more)


async def answer_to(rig: Rig, token: str) -> tuple[int, str | None]:
    answer = await ask_with(rig, token)
    return answer.status_code, answer.json().get("code")


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
