"""The OpenID provider: what it published of itself, whether a token is its own, and the way to its sign-in
page.

Everything is fetched from the configured issuer's discovery document and from where that leads [OpenID
Connect Discovery 1.0]; addresses and keys inside a token (`jku`, `x5u`, `jwk`) are never followed. Tokens of
other issuers, for other audiences, with other algorithms than asymmetric ones of the list, or unsigned ones
are none.
"""

import asyncio
import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from certsvc.callers.journeys import CALLBACK, sign_in_failed
from certsvc.config import Environment, Settings
from certsvc.errors import InputError, Unavailable
from certsvc.logs import get_logger

ALGORITHMS = ("RS256", "PS256", "ES256")
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}
"""Of tokens [RFC 9068 §4]; a log-out token or a proof is none, whoever signed it."""
_SIGN_OUT_TYPES = {"jwt", "logout+jwt"}
_SIGN_OUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_FRESH = dt.timedelta(minutes=10)
_COOL_DOWN = dt.timedelta(minutes=1)
_LEEWAY_S = 30
_MAX_TOKEN, _MAX_DOCUMENT = 16 * 1024, 512 * 1024
_log = get_logger()


@dataclass(frozen=True, slots=True)
class _Published:
    """The provider's metadata and keys, and when they were fetched."""

    metadata: Mapping[str, Any]
    keys: KeySet
    fetched_at: dt.datetime


class Provider:
    """One provider, known by the settings; nothing is fetched before somebody comes with a token or wants to
    sign in.
    """

    def __init__(self, settings: Settings, *, issuer: str) -> None:
        self._settings = settings
        self._issuer = issuer
        self._published: _Published | None = None
        self._asked_at: dt.datetime | None = None
        self._fetching = asyncio.Lock()
        self._tls = httpx2.create_ssl_context()  # slow to make

    async def read_token(self, token: str, *, now: dt.datetime) -> Mapping[str, Any]:
        """The claims of a bearer token that the provider made for us. Raises InputError `bad_token`,
        Unavailable `provider_unreachable`.
        """
        return await self._read(
            token, audience=self._settings.oidc_audience or self._settings.oidc_client_id, now=now
        )

    async def sign_in_address(self, *, state: str, nonce: str, verifier: str, now: dt.datetime) -> str:
        """The provider's page, with PKCE [RFC 7636]; it sends the browser back to `CALLBACK`."""
        metadata = (await self._get(now=now)).metadata
        more = {"acr_values": self._settings.oidc_acr} if self._settings.oidc_acr else {}
        async with self._client() as client:
            address, _ = client.create_authorization_url(
                metadata["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce, **more
            )
        return str(address)

    async def redeem(self, code: str, *, nonce: str, verifier: str, now: dt.datetime) -> Mapping[str, Any]:
        """The claims of the ID token that a code stands for [OpenID Connect Core §3.1.3.7].

        Raises Forbidden `sign_in_failed`, InputError `bad_token`, Unavailable `provider_unreachable`.
        """
        metadata = (await self._get(now=now)).metadata
        try:
            async with self._client() as client:
                answer = await client.fetch_token(
                    metadata["token_endpoint"],
                    code=code,
                    code_verifier=verifier,
                    grant_type="authorization_code",
                )
        except OAuthError as error:
            _log.warning("oidc.code_refused", error=str(error.error))
            raise sign_in_failed() from error
        except (httpx2.HTTPError, ValueError) as error:
            raise _unreachable() from error
        claims = await self._read(
            str(answer.get("id_token", "")), audience=self._settings.oidc_client_id, now=now
        )
        if (
            claims.get("nonce") != nonce
            or claims.get("azp", self._settings.oidc_client_id) != self._settings.oidc_client_id
        ):
            raise sign_in_failed()
        return claims

    async def read_sign_out(self, token: str, *, now: dt.datetime) -> Mapping[str, Any]:
        """The claims of a logout token: whose session ended there [OpenID Connect Back-Channel Logout 1.0
        §2.6].

        Raises InputError `bad_token`, Unavailable `provider_unreachable`.
        """
        return await self._read(token, audience=self._settings.oidc_client_id, now=now, is_sign_out=True)

    async def sign_out_address(self, *, now: dt.datetime) -> str | None:
        """Where a browser signs out at the provider too [OpenID Connect RP-Initiated Logout 1.0 §2], if it
        has such a page.
        """
        endpoint = (await self._get(now=now)).metadata.get("end_session_endpoint")
        query = {
            "client_id": self._settings.oidc_client_id,
            "post_logout_redirect_uri": f"{self._settings.base_url}/staff/signed-out",
        }
        return f"{endpoint}?{urlencode(query)}" if isinstance(endpoint, str) else None

    def _client(self) -> AsyncOAuth2Client:
        secret = self._settings.oidc_client_secret
        return AsyncOAuth2Client(
            client_id=self._settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=self._settings.oidc_scope,
            redirect_uri=self._settings.base_url + CALLBACK,
            code_challenge_method="S256",
            timeout=self._settings.oidc_timeout_s,
            verify=self._tls,
        )

    async def _read(
        self, token: str, *, audience: str, now: dt.datetime, is_sign_out: bool = False
    ) -> Mapping[str, Any]:
        """The claims of a token that gives access, or of one that ends a session: neither is ever taken for
        the other.
        """
        expected = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": not is_sign_out},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            header = _read_header(token, types=_SIGN_OUT_TYPES if is_sign_out else _TYPES)
            decoded = jwt.decode(token, await self._keys_for(header, now=now), algorithms=ALGORITHMS)
            expected.validate(decoded.claims)
            _refuse_other_use(decoded.claims, is_sign_out=is_sign_out)
        except (JoseError, ValueError) as error:
            raise InputError(
                "bad_token",
                "Mã truy cập không hợp lệ, đã hết hạn, hoặc cấp cho nơi khác; hãy đăng nhập lại.",
                "The token is not valid, has expired, or was made for another service; sign in again.",
            ) from error
        return decoded.claims

    async def _keys_for(self, header: Mapping[str, Any], *, now: dt.datetime) -> KeySet:
        """The provider's keys; fetched again where the token names one that is not among them, for it may be
        new.
        """
        published = await self._get(now=now)
        if header.get("kid") in {key.kid for key in published.keys}:
            return published.keys
        return (await self._get(now=now, than=published)).keys

    async def _get(self, *, now: dt.datetime, than: _Published | None = None) -> _Published:
        """What the provider published, at most ten minutes old; newer `than` what lacked a key, but asked for
        once a minute at most.

        While the provider does not answer, what was known goes on serving for a day.
        """
        async with self._fetching:
            known = self._published
            is_stale = known is None or now - known.fetched_at >= _FRESH or known is than
            is_cooling = self._asked_at is not None and now - self._asked_at < _COOL_DOWN
            if not is_stale or (is_cooling and known is not None):
                return _usable(known, now)
            if is_cooling:
                raise _unreachable()
            self._asked_at = now
            try:
                self._published = await self._fetch(now)
            except (httpx2.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                _log.warning("oidc.provider_unreachable", error=type(error).__name__)
                if known is None:
                    raise _unreachable() from error
            return _usable(self._published, now)

    async def _fetch(self, now: dt.datetime) -> _Published:
        async with httpx2.AsyncClient(
            timeout=self._settings.oidc_timeout_s, verify=self._tls, follow_redirects=False
        ) as client:
            metadata = await _get_json(client, self._issuer.rstrip("/") + "/.well-known/openid-configuration")
            if metadata.get("issuer") != self._issuer:
                raise ValueError("the discovery document is another issuer's")
            for name in ("jwks_uri", "authorization_endpoint", "token_endpoint"):
                self._refuse_plain(str(metadata[name]))
            self._refuse_plain(str(metadata.get("end_session_endpoint", metadata["token_endpoint"])))
            keys = await _get_json(client, str(metadata["jwks_uri"]))
        return _Published(metadata, _key_set(keys), now)

    def _refuse_plain(self, address: str) -> None:
        is_development = self._settings.environment is Environment.DEVELOPMENT
        if urlsplit(address).scheme not in (("https", "http") if is_development else ("https",)):
            raise ValueError("an address of the provider is not https")


async def _get_json(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    async with client.stream("GET", address, headers={"Accept": "application/json"}) as answer:
        answer.raise_for_status()
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > _MAX_DOCUMENT:
                raise ValueError("the provider's answer is too large")
    found = json.loads(bytes(body))
    return dict(found)


def _key_set(document: Mapping[str, Any]) -> KeySet:
    """The keys that may sign tokens: RSA and elliptic curves; a secret key among them would be no secret."""
    fit = [
        key for key in document["keys"] if key.get("kty") in {"RSA", "EC"} and key.get("use", "sig") == "sig"
    ]
    return KeySet.import_key_set({"keys": fit})


def _refuse_other_use(claims: Mapping[str, Any], *, is_sign_out: bool) -> None:
    """OpenID Connect Back-Channel Logout 1.0 clause 2.6: what ends a session says so, names whose it is, and
    has no nonce.
    """
    events = claims.get("events")
    is_ending = (
        isinstance(events, Mapping)
        and _SIGN_OUT_EVENT in events
        and "nonce" not in claims
        and ("sub" in claims or "sid" in claims)
    )
    if (not is_ending) if is_sign_out else (events is not None):
        raise ValueError("a token for another use")


def _read_header(token: str, *, types: Collection[str]) -> Mapping[str, Any]:
    """The header of a token, not yet believed. Raises ValueError or JoseError for what cannot be a token for
    us.
    """
    if len(token) > _MAX_TOKEN:
        raise ValueError("the token is too long")
    header = jws.extract_compact(token.encode()).headers()
    if header.get("alg") not in ALGORITHMS or str(header.get("typ", "JWT")).lower() not in types:
        raise ValueError("another algorithm, or a token for another use")
    if (
        not isinstance(header.get("kid", ""), str) or "crit" in header
    ):  # RFC 7515 clauses 4.1.4, 4.1.11: we know no extension
        raise ValueError("a key's name that is no text, or an extension that must be understood")
    return header


def _usable(published: _Published | None, now: dt.datetime) -> _Published:
    if published is None or now - published.fetched_at > dt.timedelta(days=1):
        raise _unreachable()
    return published


def _unreachable() -> Unavailable:
    return Unavailable(
        "provider_unreachable",
        "Máy chủ đăng nhập tạm thời không phản hồi; hãy thử lại sau.",
        "The sign-in server does not answer; try again later.",
        retry_after_s=60,
    )
