"""Another issuer whose QR codes are believed here: what is answered, published and kept, and the command
line.
"""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from certsvc.claims import ClaimedKind, Claims
from certsvc.cli import app
from certsvc.cli.keeping import keep, load
from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.issuing.publishing import open_publisher
from certsvc.signing.claims import ClaimKey, sign_claims
from certsvc.signing.lists import pack_states, sign_document, sign_jwt
from certsvc.trust.anchors import TrustSource
from certsvc.verify.published import read_trust_list
from keys_dev.make import KeyType
from tests.make_vectors import make_issuer
from tests.support import pki as pkis
from tests.support.other_issuer import (
    OURS,
    SERVICE,
    THEIRS,
    TOKEN,
    put_issuer,
    serving,
    sha256_of,
    their_list,
)
from tests.support.rig import Rig


@pytest.fixture
def theirs(tmp_path: Path) -> pkis.Pki:
    """The other issuer's authorities and keys."""
    return pkis.make(tmp_path / "theirs", key_type=KeyType.P256, now=utc_now() - dt.timedelta(days=60))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A service of its own keys, before anybody was added."""
    keys = pkis.make(tmp_path / "ours", key_type=KeyType.P256, now=utc_now() - dt.timedelta(days=60))
    return Settings(keys_dir=keys.folder, base_url="https://kiemtra.example.vn")


def test_the_others_lists_are_fetched_without_our_key(
    settings: Settings, theirs: pkis.Pki, tmp_path: Path
) -> None:
    """`certsvc verify` keeps them for the next check without a network; one that is no list is as good as
    none.
    """
    now = utc_now()
    ours = pkis.Pki(settings.keys_dir).keyring()
    own = make_issuer(
        "self", "Sở Y tế thử nghiệm", "https://kiemtra.example.vn", ours, facilities=OURS, numbers=[]
    )
    for is_good in (True, False):
        status = bytearray()
        with serving(status) as (address, headers):
            status += (
                sign_jwt(
                    pack_states([]),
                    address=f"{address}/status/0",
                    now=now,
                    key=theirs.keyring().claim_keys()[0],
                )
                if is_good
                else b"no list"
            )
            other = make_issuer(
                "tinh-ben",
                "Sở Y tế tỉnh bên",
                address,
                theirs.keyring(),
                facilities={THEIRS: "Trạm"},
                numbers=[0],
            )
            document: dict[str, Any] = {
                "version": 2,
                "service": own["service"],
                "issued_at": now.isoformat(),
                "issuers": [own, other],
                "log": None,
            }
            body = json.dumps(
                document
                | {"signed": sign_document(document, key=ours.claim_keys()[0], chain=ours.authorities())}
            )
            asking = httpx2.Client(
                base_url="https://kiemtra.example.vn",
                headers={"Authorization": "Bearer a-key-of-ours"},
                transport=httpx2.MockTransport(lambda _, body=body: httpx2.Response(200, text=body)),
            )
            folder = tmp_path / str(is_good)
            keep(asking, folder, now=now)
        assert "Authorization" not in headers[0]
        assert list(load(folder, now=now).lists) == ([f"{address}/status/0"] if is_good else [])


def test_the_command_line_adds_lists_and_removes(settings: Settings, theirs: pkis.Pki) -> None:
    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["issuers", *words], env=settings.as_environment())
        return result.exit_code, result.output

    with serving(their_list(theirs)) as (address, _):
        assert run("add", "tinh-ben", address, "--root-sha256", "12")[0] == 1
        assert run("add", "tinh-ben", address, "--root-sha256", sha256_of(theirs))[0] == 0
    code, shown = run("list")
    assert (code, sha256_of(theirs) in shown, SERVICE in shown) == (0, True, True)
    assert run("refresh")[0] == 1  # nobody is at an address that is made up
    assert run("add", "b", "http://127.0.0.1:1", "--root-sha256", sha256_of(theirs))[0] == 3
    assert (run("remove", "tinh-ben")[0], run("remove", "tinh-ben")[0]) == (0, 1)


def _address(key: ClaimKey, *, service: str = SERVICE, facility_code: str = THEIRS) -> str:
    yesterday = utc_now().date() - dt.timedelta(days=1)
    claims = Claims(ClaimedKind.SICK_LEAVE, "0012", facility_code, yesterday, 0, 77, bytes(16), yesterday)
    return f"{service}/V/{TOKEN}/{sign_claims(claims, key)}"


async def _ask(rig: Rig, qr: str) -> tuple[str, str]:
    answer = (await rig.call("POST", "/v1/verify", role=None, json={"qr": qr})).json()
    return answer["verdict"], answer["reasons"][0]["code"]


async def test_another_issuers_paper_is_named_and_sent_home(
    rig: Rig, theirs: pkis.Pki, tmp_path: Path
) -> None:
    """With a good QR: whose it is and where to ask; with any other, or before the issuer was added:
    forged.
    """
    own_keys = rig.res.settings.keys_dir
    [key] = theirs.keyring().claim_keys()
    own = pkis.Pki(own_keys).keyring().claim_keys()[0]
    assert await _ask(rig, _address(key)) == ("invalid", "forged_qr")
    settings = rig.res.settings.model_copy(update={"keys_dir": shutil.copytree(own_keys, tmp_path / "keys")})
    put_issuer(settings, theirs, their_list(theirs))
    object.__setattr__(rig.res, "trust", TrustSource(rig.res.db, settings))
    assert await _ask(rig, _address(key)) == ("cannot_check", "other_issuer")
    assert await _ask(rig, f"{SERVICE}/v/{TOKEN}") == ("cannot_check", "other_issuer")
    assert await _ask(rig, _address(own)) == ("invalid", "forged_qr")
    assert await _ask(rig, _address(key, facility_code="31999")) == ("invalid", "forged_qr")
    assert await _ask(rig, _address(key, service=rig.res.settings.base_url)) == ("invalid", "forged_qr")
    good = _address(key)
    assert await _ask(rig, f"{good[:90]}{'A' if good[90] != 'A' else 'B'}{good[91:]}") == (
        "invalid",
        "forged_qr",
    )


async def test_the_published_list_holds_both(rig: Rig, theirs: pkis.Pki, tmp_path: Path) -> None:
    """Ourselves first; of the other what its QR codes need, no facility of ours, and nothing that would let
    it sign files here.
    """
    settings = rig.res.settings.model_copy(
        update={"keys_dir": shutil.copytree(rig.res.settings.keys_dir, tmp_path / "keys")}
    )
    put_issuer(settings, theirs, their_list(theirs))
    publisher = open_publisher(
        rig.res.db, vault=rig.res.vault, settings=settings, trust=TrustSource(rig.res.db, settings)
    )
    await publisher.publish(utc_now())
    body = (await rig.call("GET", "/.well-known/certsvc.json", role=None)).content
    listed = read_trust_list(body, root=None, now=utc_now())
    assert [issuer.id for issuer in listed.issuers] == ["self", "tinh-ben"]
    own, other = listed.issuers
    assert (other.service, other.facilities, other.addresses()) == (
        SERVICE,
        {THEIRS: "Trạm Y tế Bên Sông"},
        [f"{SERVICE}/status/0"],
    )
    assert listed.trust.claim_keys == own.claim_keys
    assert other.claim_keys[0] not in own.claim_keys
