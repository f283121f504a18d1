"""A portal as BHXH describes it: tokens, two ways in, no memory of earlier documents; it fails on demand."""

import asyncio
import base64
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

USERNAME, PASSWORD, PASSWORD_HASH = "01801_TYT", "mat-khau", "5647328ACFC69B931616795A5057A1C2"


@dataclass
class StandInPortal:
    """`documents` are the files received, twice if sent twice; `failures` apply to the next ones in turn."""

    base_url: str = ""
    documents: list[bytes] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    holds_tokens: bool = False

    @property
    def accounts(self) -> str:
        """`CERTSVC_PORTAL_ACCOUNTS` for it."""
        return f'{{"01801": {{"username": "{USERNAME}", "password": "{PASSWORD}"}}}}'

    def app(self) -> Starlette:
        routes = [
            Route("/api/token/take", self._take, methods=["POST"]),
            Route("/api/chungtugw/GuiHoSoChungTu2025", self._send_2025, methods=["POST"]),
            Route("/api/qd130/guiHoSoXmlQD4750", self._send_4750, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _take(self, request: Request) -> Response:
        self.asked.append("token")
        if self.holds_tokens:
            await self._wait()
        form = await _form(request)
        if (form.get("username"), form.get("password")) != (USERNAME, PASSWORD_HASH):
            return JSONResponse({"maKetQua": "401"})
        self.tokens.append(f"token {len(self.tokens)}")
        keys = {
            "access_token": self.tokens[-1],
            "id_token": f"id of {self.tokens[-1]}",
            "token_type": "Bearer",
            "username": USERNAME,
            "expires_in": "3600",
        }
        return JSONResponse({"maKetQua": "200", "APIKey": keys})

    async def _send_2025(self, request: Request) -> Response:
        form = await _form(request)
        is_known = self._knows(
            form.get("token"), form.get("id_token"), form.get("username"), form.get("password")
        )
        is_whole = form.get("loaiHs") == "39" and form.get("maCskcb") == "01801"
        code = await self._receive(form.get("fileBase64Str"), is_known=is_known, is_whole=is_whole)
        return (
            code
            if isinstance(code, Response)
            else JSONResponse(
                {"MaKetQua": code, "MaGD": self._number(code), "ThoiGianTiepNhan": "20261126120000"}
            )
        )

    async def _send_4750(self, request: Request) -> Response:
        form, headers = await _form(request), request.headers
        is_known = self._knows(
            headers.get("accessToken"),
            headers.get("tokenId"),
            form.get("username"),
            headers.get("passwordHash"),
        )
        is_whole = (form.get("loaiHoSo"), form.get("maTinh"), form.get("maCSKCB")) == ("130", "01", "01801")
        code = await self._receive(form.get("fileHSBase64"), is_known=is_known, is_whole=is_whole)
        answer = {
            "maKetQua": code,
            "maGiaoDich": self._number(code) if isinstance(code, str) else "",
            "thoiGianTiepNhan": "20261126120000",
            "thongDiep": "",
        }
        return code if isinstance(code, Response) else JSONResponse(answer)

    def _knows(
        self, token: str | None, token_id: str | None, username: str | None, password: str | None
    ) -> bool:
        """Only the newest token is good."""
        newest = self.tokens[-1] if self.tokens else None
        return (token, token_id, username, password) == (newest, f"id of {newest}", USERNAME, PASSWORD_HASH)

    async def _receive(self, content: str | None, *, is_known: bool, is_whole: bool) -> str | Response:
        self.asked.append("document")
        failure = self.failures.pop(0) if self.failures else ""
        if not is_known or failure == "401":
            self.tokens.append("somebody else's")
            return "401"
        if failure in ("205", "1001", "http_403", "http_502"):
            return (
                Response(status_code=int(failure.removeprefix("http_")))
                if failure.startswith("http")
                else failure
            )
        if not is_whole or not content:
            return "205"
        self.documents.append(base64.b64decode(content, validate=True))
        if failure == "kept, then silence":
            await self._wait()
        if failure == "kept, then nonsense":
            return Response("<html>", 200)
        if failure.startswith("kept, then 401 in "):
            return JSONResponse({"maKetQua": "401"}, int(failure.rpartition(" ")[2]))
        return "500" if failure == "kept, then 500" else "200"

    async def _wait(self) -> None:
        await asyncio.to_thread(self.hold.wait)

    def _number(self, code: str | Response) -> str:
        return f"GD{len(self.documents):06d}" if code == "200" else ""


async def _form(request: Request) -> dict[str, str]:
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    return {
        name: values[0]
        for name, values in parse_qs((await request.body()).decode(), strict_parsing=True).items()
    }


@contextlib.contextmanager
def running_portal() -> Iterator[StandInPortal]:
    """The stand-in on a local port; at its end, it releases everybody it keeps waiting."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        portal = StandInPortal(f"http://127.0.0.1:{listening.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(portal.app(), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the stand-in of the portal did not start")
            time.sleep(0.01)
        try:
            yield portal
        finally:
            portal.hold.set()
            server.should_exit = True
            thread.join(timeout=30)
