"""What the portal understands: a token, then one document a call [insurance, The portal].

The portal answers HTTP 200 with its own code in the body. What may be concluded from an answer is said here,
once: only an answer that cannot come from a portal that kept the document counts as `refused`.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx2
from pydantic import SecretStr, TypeAdapter, ValidationError

from certsvc.config import Settings
from certsvc.errors import Broken
from certsvc.models import SubmissionState
from certsvc.records.exchange.fields import Format

_TOKEN_PATH = "/api/token/take"  # noqa: S105 - an address
_SEND_PATHS = {
    Format.XML11: "/api/qd130/guiHoSoXmlQD4750",
    Format.CT07_2025: "/api/chungtugw/GuiHoSoChungTu2025",
}
_MOST_ANSWER_BYTES, _MOST_CODE_CHARS = 1 << 16, 32
_OK, _UNAUTHORIZED = "200", "401"
_CERTAIN = frozenset({"205", "401", "402", "403", "1001"})
_CERTAIN_HTTP = frozenset(
    {
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    }
)
_WORDS = {
    "200": ("Cổng đã nhận.", "The portal took it."),
    "205": (
        "Cổng báo tệp không hợp lệ (fileBase64Str): hãy kiểm tra hồ sơ rồi gửi lại.",
        "The portal says the file is not valid: check the record, send again.",
    ),
    "401": (
        "Cổng không nhận tài khoản của cơ sở: hãy kiểm tra tên và mật khẩu.",
        "The portal does not take the facility's account: check name and password.",
    ),
    "402": ("Mã cơ sở không đúng với tài khoản.", "The facility's code is not the account's."),
    "403": (
        "Tài khoản của cơ sở bị khoá hoặc không có quyền.",
        "The facility's account is locked or has no such right.",
    ),
    "500": (
        "Cổng gặp lỗi: có thể đã nhận, hãy tra trên cổng trước khi gửi lại.",
        "The portal failed and may have kept it: look there before sending again.",
    ),
    "1001": ("Cổng báo tệp quá lớn.", "The portal says the file is too large."),
    "not_sent": ("Không kết nối được cổng; chưa gửi gì.", "The portal cannot be reached; nothing was sent."),
}
_UNKNOWN = (
    "Không rõ cổng đã nhận hay chưa: hãy tra trên cổng trước khi gửi lại.",
    "Whether the portal took it is not known: look there before sending again.",
)


@dataclass(frozen=True, slots=True)
class Account:
    """A facility's account at the portal."""

    username: str
    password: SecretStr

    @property
    def password_hash(self) -> str:
        """MD5 in capitals: what the portal's protocol asks for; the connection's TLS is what protects it."""
        return (
            hashlib.md5(self.password.get_secret_value().encode(), usedforsecurity=False).hexdigest().upper()
        )


@dataclass(frozen=True, slots=True)
class Response:
    """What is known after a try; `code` is the portal's, or says where it came from (`http_502`,
    `timeout`).
    """

    state: SubmissionState
    code: str
    transaction_no: str | None = None


def words_of(code: str | None) -> tuple[str, str]:
    """What an answer means, in Vietnamese and English."""
    return _WORDS.get(code or "", _UNKNOWN)


def accounts_of(settings: Settings) -> dict[str, Account]:
    """The accounts by facility code. Raises Broken `portal_not_set_up`."""
    if settings.portal_accounts is None or settings.portal_url is None:
        raise Broken(
            "portal_not_set_up",
            "Chưa cấu hình cổng BHXH: đặt CERTSVC_PORTAL_URL và CERTSVC_PORTAL_ACCOUNTS.",
            "The portal is not set up: set CERTSVC_PORTAL_URL and CERTSVC_PORTAL_ACCOUNTS.",
        )
    try:
        return TypeAdapter(dict[str, Account]).validate_json(settings.portal_accounts.get_secret_value())
    except ValidationError:  # its text would quote the password
        raise Broken(
            "bad_portal_accounts",
            "CERTSVC_PORTAL_ACCOUNTS phải là JSON: {mã cơ sở: {username, password}}.",
            "CERTSVC_PORTAL_ACCOUNTS must be JSON: {facility code: {username, password}}.",
        ) from None


@dataclass(slots=True)
class Portal:
    """A portal's client; tokens are remembered by facility until the portal refuses one."""

    client: httpx2.AsyncClient
    accounts: Mapping[str, Account]
    _tokens: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    async def send(self, layout: Format, data: bytes, *, facility_code: str) -> Response:
        """Hand one document in. Only where the portal certainly refused the remembered token it goes out a
        second time, with a new one.

        A 401 inside of another HTTP error is uncertain like all of these: the document may have been kept.

        Raises Broken `no_portal_account`, `format_not_sent`.
        """
        account = self.require_ready(layout, facility_code=facility_code)
        was_known = facility_code in self._tokens
        answer = await self._try(layout, data, facility_code, account)
        if was_known and answer.state is SubmissionState.REFUSED and answer.code == _UNAUTHORIZED:
            answer = await self._try(layout, data, facility_code, account)
        return answer

    def require_ready(self, layout: Format, *, facility_code: str) -> Account:
        """The account to send with. Raises Broken `no_portal_account`, `format_not_sent`."""
        account = self.accounts.get(facility_code)
        if account is None:
            raise Broken(
                "no_portal_account",
                f"Cơ sở {facility_code} chưa có tài khoản cổng BHXH.",
                f"Facility {facility_code} has no account at the portal.",
            )
        if layout not in _SEND_PATHS:
            raise Broken(
                "format_not_sent",
                "Cổng không còn nhận CT07 năm 2022: gửi ct07-2025 hoặc xml11.",
                "The portal takes no CT07 of 2022: send ct07-2025 or xml11.",
            )
        return account

    async def _try(self, layout: Format, data: bytes, facility_code: str, account: Account) -> Response:
        token = self._tokens.get(facility_code) or await self._take_token(account)
        if isinstance(token, Response):
            return token
        self._tokens[facility_code] = token
        answer = await self._post(_SEND_PATHS[layout], *_message(layout, data, facility_code, account, token))
        if (
            answer.code == _UNAUTHORIZED and self._tokens.get(facility_code) == token
        ):  # however it was said: a new one sends no document
            del self._tokens[facility_code]
        return answer

    async def _take_token(self, account: Account) -> tuple[str, str] | Response:
        """A token, or why there is none; then nothing was sent."""
        try:
            status, body = await self._ask(
                _TOKEN_PATH, {"username": account.username, "password": account.password_hash}, {}
            )
        except httpx2.HTTPError:
            return Response(SubmissionState.NOT_SENT, "not_sent")
        keys = body.get("apikey")
        found = {name.lower(): value for name, value in keys.items()} if isinstance(keys, dict) else {}
        token, token_id = found.get("access_token"), found.get("id_token")
        if _code(body) == _OK and isinstance(token, str) and isinstance(token_id, str):
            return token, token_id
        return Response(SubmissionState.NOT_SENT, _code(body) or f"http_{status}")

    async def _post(self, path: str, fields: dict[str, str], headers: dict[str, str]) -> Response:
        try:
            status, body = await self._ask(path, fields, headers)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return Response(SubmissionState.NOT_SENT, "not_sent")
        except httpx2.HTTPError as error:
            return Response(
                SubmissionState.UNCERTAIN,
                "timeout" if isinstance(error, httpx2.TimeoutException) else "connection_lost",
            )
        code = _code(body)
        number = body.get("magd", body.get("magiaodich"))
        if status == HTTPStatus.UNAUTHORIZED or (status == HTTPStatus.OK and code in _CERTAIN):
            return Response(SubmissionState.REFUSED, code or _UNAUTHORIZED)
        if status == HTTPStatus.OK and code == _OK:
            return Response(SubmissionState.ACCEPTED, code, None if number is None else str(number)[:64])
        if status in _CERTAIN_HTTP:
            return Response(SubmissionState.REFUSED, f"http_{status}")
        return Response(SubmissionState.UNCERTAIN, code or f"http_{status}")

    async def _ask(
        self, path: str, fields: dict[str, str], headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """Status and body, its names in small letters: the portal writes them in more than one way."""
        async with self.client.stream("POST", path, data=fields, headers=headers) as response:
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > _MOST_ANSWER_BYTES:
                    return response.status_code, {}
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        return response.status_code, {name.lower(): value for name, value in found.items()} if isinstance(
            found, dict
        ) else {}


def _code(body: Mapping[str, Any]) -> str | None:
    code = body.get("maketqua")
    return str(code)[:_MOST_CODE_CHARS] if isinstance(code, str | int) else None


def _message(
    layout: Format, data: bytes, facility_code: str, account: Account, token: tuple[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Form fields and headers: the two ways put the same things in different places."""
    content = base64.b64encode(data).decode("ascii")
    if layout is Format.XML11:
        fields = {
            "username": account.username,
            "loaiHoSo": "130",
            "maTinh": facility_code[:2],
            "maCSKCB": facility_code,
            "fileHSBase64": content,
        }
        return fields, {"accessToken": token[0], "tokenId": token[1], "passwordHash": account.password_hash}
    signed_in = {
        "token": token[0],
        "id_token": token[1],
        "username": account.username,
        "password": account.password_hash,
    }
    return {"maCskcb": facility_code, **signed_in, "loaiHs": "39", "fileBase64Str": content}, {}


def open_client(settings: Settings) -> httpx2.AsyncClient:
    """Straight to the portal, over TLS as its certificate says; follows nobody elsewhere."""
    return httpx2.AsyncClient(
        base_url=settings.portal_url or "",
        timeout=httpx2.Timeout(settings.portal_timeout_s),
        trust_env=False,
        follow_redirects=False,
    )
