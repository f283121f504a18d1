"""Another issuer with keys and a trust list of its own."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from typing_extensions import override

from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.signing.claims import ClaimKey
from certsvc.signing.lists import sign_document
from tests.make_vectors import make_issuer
from tests.support import pki as pkis

SERVICE = "https://giay.tinhben.example.vn"
THEIRS, OURS = "31801", {"01801": "Trạm Y tế mà nơi khác nhận là của mình"}
TOKEN = "4XGXFBYBX86T5BR0N3P2ARHGWJ"


def their_list(
    theirs: pkis.Pki,
    *,
    service: str = SERVICE,
    issuer_id: str = "self",
    at: dt.datetime | None = None,
    signer: ClaimKey | None = None,
    changes: dict[str, Any] | None = None,
) -> bytes:
    ring = theirs.keyring()
    made_at = (at or utc_now()).isoformat(timespec="seconds")
    issuer = make_issuer(
        issuer_id,
        "Sở Y tế tỉnh bên",
        service,
        ring,
        facilities={THEIRS: "Trạm Y tế Bên Sông"} | OURS,
        numbers=[0],
    )
    document: dict[str, Any] = {
        "version": 2,
        "service": service,
        "issued_at": made_at,
        "issuers": [issuer | (changes or {})],
        "log": None,
    }
    signed = sign_document(document, key=signer or ring.claim_keys()[0], chain=ring.authorities())
    return json.dumps(document | {"signed": signed}).encode()


def sha256_of(pki: pkis.Pki) -> str:
    return pki.root.fingerprint(SHA256()).hex()


def put_issuer(settings: Settings, theirs: pkis.Pki, body: bytes, *, issuer_id: str = "tinh-ben") -> None:
    """As left by `add_issuer`."""
    folder = settings.keys_dir / "issuers"
    folder.mkdir(exist_ok=True)
    (folder / f"{issuer_id}.json").write_bytes(body)
    (folder / f"{issuer_id}.pem").write_bytes(theirs.root.public_bytes(Encoding.PEM))


@contextmanager
def serving(body: bytes | bytearray) -> Iterator[tuple[str, list[Any]]]:
    """The address of somebody who hands this body out, whatever is asked, and with which headers he was."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
