"""What makes the check page an app that works offline: manifest, service worker, texts, and the policy that
allows them.
"""

import hashlib
import json
from functools import cache

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from certsvc.api.limits import LimitedRoute
from certsvc.api.pages import PAGES, STATIC, asset
from certsvc.api.words.check_app import all_words

router = APIRouter(route_class=LimitedRoute, include_in_schema=False)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self' 'wasm-unsafe-eval';"
        " worker-src 'self'; connect-src 'self'; form-action 'self'; manifest-src 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
"""Of the check page alone: WebAssembly for the QR reader, a service worker, the camera."""

_ASK_AGAIN = {"Cache-Control": "no-cache"}
_STYLES = (
    "vendor/bootstrap-5.3.9/bootstrap.min.css",
    "site.css",
    "check/check.css",
    "icon.svg",
    "icons/icon-192.png",
)
_ICONS = (
    ("icons/icon-192.png", "192x192", "any"),
    ("icons/icon-512.png", "512x512", "any"),
    ("icons/icon-maskable-512.png", "512x512", "maskable"),
)


@router.get("/manifest.webmanifest")
async def manifest() -> Response:
    """The web app manifest [W3C appmanifest]: the check page alone is the app."""
    document = {
        "id": "/check",
        "name": "Kiểm tra giấy chứng nhận",
        "short_name": "Kiểm tra giấy",
        "lang": "vi",
        "start_url": "/check",
        "scope": "/check",
        "display": "standalone",
        "background_color": "#f2f5f8",
        "theme_color": "#0b3f69",
        "icons": [
            {"src": asset(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in _ICONS
        ],
    }
    return JSONResponse(document, headers=_ASK_AGAIN, media_type="application/manifest+json")


@router.get("/check/words.json")
async def words() -> Response:
    return JSONResponse(all_words(), headers=_ASK_AGAIN)


@router.get("/check/worker.js")
async def worker() -> Response:
    """The service worker, its code preceded by the list of what it caches: a new version of any file makes a
    new worker.
    """
    return Response(
        _worker_text(),
        headers=_ASK_AGAIN | {"Service-Worker-Allowed": "/check"},
        media_type="text/javascript",
    )


@cache
def _worker_text() -> str:
    shell = {
        "version": _version(),
        "files": ["/check", "/manifest.webmanifest", "/check/words.json", *map(asset, _STYLES), *_scripts()],
    }
    return (
        f"const SHELL = {json.dumps(shell)};\n{(STATIC / 'check' / 'worker.js').read_text(encoding='utf-8')}"
    )


def _scripts() -> list[str]:
    """Modules import one another by names without digests, so those names are listed."""
    own = (STATIC / "check").glob("*.js")
    reader = (
        path for path in (STATIC / "vendor" / "zxing-wasm").rglob("*") if path.suffix in {".js", ".wasm"}
    )
    return [
        f"/static/{path.relative_to(STATIC).as_posix()}"
        for path in sorted((*own, *reader))
        if path.name != "worker.js"
    ]


def _version() -> str:
    """A digest of everything that the worker caches."""
    digest = hashlib.sha256(json.dumps(all_words()).encode())
    for path in (
        *sorted(PAGES.glob("*.html")),
        *(STATIC / name for name in _STYLES),
        *(STATIC / name.removeprefix("/static/") for name in _scripts()),
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
