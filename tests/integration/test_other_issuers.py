"""Another issuer whose QR codes are believed here: how it is added, what is answered, and what it must not be able to do."""

import datetime as dt
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner
from typing_extensions import override

from certsvc.cli import app
from certsvc.cli.keeping import keep, load
from certsvc.config import Settings
from certsvc.errors import InputError
from certsvc.issuing.publishing import open_publisher
from certsvc.models.claims import ClaimedKind, Claims
from certsvc.other_issuers import add_issuer, read_issuers
from certsvc.resources import utc_now
from certsvc.signing.claims import ClaimKey, sign_claims
from certsvc.signing.lists import pack_states, sign_document, sign_jwt
from certsvc.trusting import TrustSource
from certsvc.verify.published import Issuer, read_trust_list
from keys_dev.make import KeyType
from tests.make_vectors import make_issuer
from tests.support import pki as pkis
from tests.support.rig import Rig

SERVICE = "https://giay.tinhben.example.vn"
THEIRS, OURS = "31801", {"01801": "Trạm Y tế mà nơi khác nhận là của mình"}
TOKEN = "4XGXFBYBX86T5BR0N3P2ARHGWJ"


@pytest.fixture
def theirs(tmp_path: Path) -> pkis.Pki:
    """The other issuer's authorities and keys."""
    return pkis.make(tmp_path / "theirs", key_type=KeyType.P256, now=utc_now() - dt.timedelta(days=60))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A service of its own keys, before anybody was added."""
    keys = pkis.make(tmp_path / "ours", key_type=KeyType.P256, now=utc_now() - dt.timedelta(days=60))
    return Settings(keys_dir=keys.folder, base_url="https://kiemtra.example.vn")


def _list(
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
    issuer = make_issuer(issuer_id, "Sở Y tế tỉnh bên", service, ring, facilities={THEIRS: "Trạm Y tế Bên Sông"} | OURS, numbers=[0])
    document: dict[str, Any] = {"version": 2, "service": service, "issued_at": made_at, "issuers": [issuer | (changes or {})], "log": None}
    signed = sign_document(document, key=signer or ring.claim_keys()[0], chain=ring.authorities())
    return json.dumps(document | {"signed": signed}).encode()


def _sha256(pki: pkis.Pki) -> str:
    return pki.root.fingerprint(SHA256()).hex()


def _put(settings: Settings, theirs: pkis.Pki, body: bytes, *, issuer_id: str = "tinh-ben") -> None:
    """As `add_issuer` leaves it."""
    folder = settings.keys_dir / "issuers"
    folder.mkdir(exist_ok=True)
    (folder / f"{issuer_id}.json").write_bytes(body)
    (folder / f"{issuer_id}.pem").write_bytes(theirs.root.public_bytes(Encoding.PEM))


@contextmanager
def _serving(body: bytes | bytearray) -> Iterator[tuple[str, list[Any]]]:
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


def test_an_issuer_is_added_with_its_root_alone(settings: Settings, theirs: pkis.Pki) -> None:
    """Its list, under the root whose SHA-256 the operator was told; colons and capitals are the same."""
    pretty = ":".join(_sha256(theirs)[at : at + 2] for at in range(0, 64, 2)).upper()
    with pytest.raises(InputError, match="another_root"):
        add_issuer(settings, "tinh-ben", _list(theirs), root_sha256="0" * 64, now=utc_now())
    assert list(read_issuers(settings, now=utc_now())) == []
    add_issuer(settings, "tinh-ben", _list(theirs), root_sha256=pretty, now=utc_now())
    [(issuer, issuer_id)] = read_issuers(settings, now=utc_now())
    assert isinstance(issuer, Issuer)
    assert (issuer_id, issuer.id, issuer.service) == ("tinh-ben", "tinh-ben", SERVICE)


@pytest.mark.parametrize("issuer_id", ["self", "", "../x", "Hải-Phòng", "a" * 33])
def test_ids_are_plain_names(settings: Settings, theirs: pkis.Pki, issuer_id: str) -> None:
    with pytest.raises(InputError, match="bad_issuer_id"):
        add_issuer(settings, issuer_id, _list(theirs), root_sha256=_sha256(theirs), now=utc_now())


@pytest.mark.parametrize("service", ["https://kiemtra.example.vn", "https://KIEMTRA.example.vn:8443"])
def test_our_own_host_is_nobody_elses(settings: Settings, theirs: pkis.Pki, service: str) -> None:
    """Else its keys would speak for our QR codes."""
    with pytest.raises(InputError, match="same_host"):
        add_issuer(settings, "tinh-ben", _list(theirs, service=service), root_sha256=_sha256(theirs), now=utc_now())
    _put(settings, theirs, _list(theirs, service=service))
    [(found, _)] = read_issuers(settings, now=utc_now())
    assert isinstance(found, InputError)
    assert found.code == "same_host"


def test_two_issuers_have_two_hosts(settings: Settings, theirs: pkis.Pki) -> None:
    for issuer_id in ("a", "b"):
        _put(settings, theirs, _list(theirs), issuer_id=issuer_id)
    first, second = (found for found, _ in read_issuers(settings, now=utc_now()))
    assert isinstance(first, Issuer)
    assert isinstance(second, InputError)


def test_what_is_not_believed_is_told(settings: Settings, theirs: pkis.Pki, tmp_path: Path) -> None:
    """Signed by somebody else's key, broken, a month old, not the publisher's own list: left out, and `doctor` says so."""
    stranger = pkis.make(tmp_path / "stranger", key_type=KeyType.P256, now=utc_now()).keyring().claim_keys()[0]
    bad = {
        "signer": _list(theirs, signer=stranger),
        "broken": b"{}",
        "old": _list(theirs, at=utc_now() - dt.timedelta(days=31)),
        "foreign": _list(theirs, issuer_id="hai-phong"),
    }
    for issuer_id, body in bad.items():
        _put(settings, theirs, body, issuer_id=issuer_id)
    found = {issuer_id: issuer for issuer, issuer_id in read_issuers(settings, now=utc_now())}
    assert {issuer_id: getattr(issuer, "code", None) for issuer_id, issuer in found.items()} == {
        "signer": "bad_trust_list",
        "broken": "bad_trust_list",
        "old": "issuer_too_old",
        "foreign": "bad_trust_list",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"claim_keys": []},
        {"service": "nowhere"},
        {"service": "ftp://giay.tinhben.example.vn"},
        {"status_lists": {"address": "http://169.254.169.254/{list}", "bits": 2, "lists": [0]}},
        {"status_lists": {"address": "https://giay.tinhben.example.vn:8443/status/{list}", "bits": 2, "lists": [0]}},
        {"status_lists": {"address": f"{SERVICE}/status/{{list}}", "bits": 2, "lists": list(range(5000))}},
        {"facilities": None},
    ],
    ids=["no keys", "no host", "no web", "lists elsewhere", "lists at another port", "thousands of lists", "no facilities"],
)
def test_a_list_of_another_form_is_not_believed(settings: Settings, theirs: pkis.Pki, changes: dict[str, Any]) -> None:
    """Though its issuer signed it: neither added, nor believed where it lies there already; the others are not touched."""
    body = _list(theirs, changes=changes)
    with pytest.raises(InputError, match="bad_trust_list"):
        add_issuer(settings, "tinh-ben", body, root_sha256=_sha256(theirs), now=utc_now())
    _put(settings, theirs, body)
    _put(settings, theirs, _list(theirs), issuer_id="z")
    assert [isinstance(found, Issuer) for found, _ in read_issuers(settings, now=utc_now())] == [False, True]


@pytest.mark.parametrize("at", ["2099-01-01T00:00:00+00:00", "2026-01-01T00:00:00", "soon"])
def test_a_list_says_when_it_was_made(theirs: pkis.Pki, settings: Settings, at: str) -> None:
    """With its zone, and not in days to come: else it never grew old."""
    document = json.loads(_list(theirs)) | {"issued_at": at}
    ring = theirs.keyring()
    signed = sign_document({name: value for name, value in document.items() if name != "signed"}, key=ring.claim_keys()[0], chain=ring.authorities())
    _put(settings, theirs, json.dumps(document | {"signed": signed}).encode())
    [(found, _)] = read_issuers(settings, now=utc_now())
    assert isinstance(found, InputError)


def test_what_cannot_be_read_is_left_out(settings: Settings, theirs: pkis.Pki) -> None:
    """A folder, a missing root, brackets nested too deep."""
    _put(settings, theirs, b"[" * 100_000, issuer_id="deep")
    _put(settings, theirs, _list(theirs), issuer_id="rootless")
    (settings.keys_dir / "issuers" / "rootless.pem").unlink()
    _put(settings, theirs, b"", issuer_id="folder")
    (settings.keys_dir / "issuers" / "folder.json").unlink()
    (settings.keys_dir / "issuers" / "folder.json").mkdir()
    assert [isinstance(found, InputError) for found, _ in read_issuers(settings, now=utc_now())] == [True] * 3


def test_an_older_list_does_not_replace_a_newer_one(settings: Settings, theirs: pkis.Pki) -> None:
    """Else withdrawn keys could be brought back."""
    for age, is_taken in ((2, True), (1, True), (3, False)):
        body = _list(theirs, at=utc_now() - dt.timedelta(days=age))
        with nullcontext() if is_taken else pytest.raises(InputError, match="older_list"):
            add_issuer(settings, "tinh-ben", body, root_sha256=_sha256(theirs), now=utc_now())


def test_the_others_lists_are_fetched_without_our_key(settings: Settings, theirs: pkis.Pki, tmp_path: Path) -> None:
    """`certsvc verify` keeps them for the next check without a network; one that is no list is as good as none."""
    now = utc_now()
    ours = pkis.Pki(settings.keys_dir).keyring()
    own = make_issuer("self", "Sở Y tế thử nghiệm", "https://kiemtra.example.vn", ours, facilities=OURS, numbers=[])
    for is_good in (True, False):
        status = bytearray()
        with _serving(status) as (address, headers):
            status += sign_jwt(pack_states([]), address=f"{address}/status/0", now=now, key=theirs.keyring().claim_keys()[0]) if is_good else b"no list"
            other = make_issuer("tinh-ben", "Sở Y tế tỉnh bên", address, theirs.keyring(), facilities={THEIRS: "Trạm"}, numbers=[0])
            document: dict[str, Any] = {"version": 2, "service": own["service"], "issued_at": now.isoformat(), "issuers": [own, other], "log": None}
            body = json.dumps(document | {"signed": sign_document(document, key=ours.claim_keys()[0], chain=ours.authorities())})
            asking = httpx.Client(
                base_url="https://kiemtra.example.vn",
                headers={"Authorization": "Bearer a-key-of-ours"},
                transport=httpx.MockTransport(lambda _, body=body: httpx.Response(200, text=body)),
            )
            folder = tmp_path / str(is_good)
            keep(asking, folder, now=now)
        assert "Authorization" not in headers[0]
        assert list(load(folder, now=now).lists) == ([f"{address}/status/0"] if is_good else [])


def test_the_command_line_adds_lists_and_removes(settings: Settings, theirs: pkis.Pki) -> None:
    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["issuers", *words], env=settings.as_environment())
        return result.exit_code, result.output

    with _serving(_list(theirs)) as (address, _):
        assert run("add", "tinh-ben", address, "--root-sha256", "12")[0] == 1
        assert run("add", "tinh-ben", address, "--root-sha256", _sha256(theirs))[0] == 0
    code, shown = run("list")
    assert (code, _sha256(theirs) in shown, SERVICE in shown) == (0, True, True)
    assert run("refresh")[0] == 1  # nobody is at an address that is made up
    assert run("add", "b", "http://127.0.0.1:1", "--root-sha256", _sha256(theirs))[0] == 3
    assert (run("remove", "tinh-ben")[0], run("remove", "tinh-ben")[0]) == (0, 1)


def _address(key: ClaimKey, *, service: str = SERVICE) -> str:
    claims = Claims(ClaimedKind.SICK_LEAVE, "0012", THEIRS, utc_now().date() - dt.timedelta(days=1), 0, 77, bytes(16))
    return f"{service}/V/{TOKEN}/{sign_claims(claims, key)}"


async def _ask(rig: Rig, qr: str) -> tuple[str, str]:
    answer = (await rig.call("POST", "/v1/verify", role=None, json={"qr": qr})).json()
    return answer["verdict"], answer["reasons"][0]["code"]


async def test_another_issuers_paper_is_named_and_sent_home(rig: Rig, theirs: pkis.Pki, tmp_path: Path) -> None:
    """With a good QR: whose it is and where to ask; with any other, or before the issuer was added: forged."""
    own_keys = rig.res.settings.keys_dir
    [key] = theirs.keyring().claim_keys()
    own = pkis.Pki(own_keys).keyring().claim_keys()[0]
    assert await _ask(rig, _address(key)) == ("invalid", "forged_qr")
    settings = rig.res.settings.model_copy(update={"keys_dir": shutil.copytree(own_keys, tmp_path / "keys")})
    _put(settings, theirs, _list(theirs))
    object.__setattr__(rig.res, "trust", TrustSource(rig.res.db, settings))
    assert await _ask(rig, _address(key)) == ("cannot_check", "other_issuer")
    assert await _ask(rig, f"{SERVICE}/v/{TOKEN}") == ("cannot_check", "other_issuer")
    assert await _ask(rig, _address(own)) == ("invalid", "forged_qr")
    assert await _ask(rig, _address(key, service=rig.res.settings.base_url)) == ("invalid", "forged_qr")
    good = _address(key)
    assert await _ask(rig, f"{good[:90]}{'A' if good[90] != 'A' else 'B'}{good[91:]}") == ("invalid", "forged_qr")


async def test_the_published_list_holds_both(rig: Rig, theirs: pkis.Pki, tmp_path: Path) -> None:
    """Ourselves first; of the other what its QR codes need, no facility of ours, and nothing that would let it sign files here."""
    settings = rig.res.settings.model_copy(update={"keys_dir": shutil.copytree(rig.res.settings.keys_dir, tmp_path / "keys")})
    _put(settings, theirs, _list(theirs))
    publisher = open_publisher(rig.res.db, vault=rig.res.vault, settings=settings, trust=TrustSource(rig.res.db, settings))
    await publisher.publish(utc_now())
    body = (await rig.call("GET", "/.well-known/certsvc.json", role=None)).content
    listed = read_trust_list(body, root=None, now=utc_now())
    assert [issuer.id for issuer in listed.issuers] == ["self", "tinh-ben"]
    own, other = listed.issuers
    assert (other.service, other.facilities, other.addresses()) == (SERVICE, {THEIRS: "Trạm Y tế Bên Sông"}, [f"{SERVICE}/status/0"])
    assert listed.trust.claim_keys == own.claim_keys
    assert other.claim_keys[0] not in own.claim_keys
