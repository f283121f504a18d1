"""Other issuers' lists: which are taken, and what such a list must not be able to do."""

import datetime as dt
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.errors import InputError
from certsvc.signing.lists import sign_document
from certsvc.trust.issuers import add_issuer, read_issuers
from certsvc.verify.published import Issuer
from keys_dev.make import KeyType
from tests.support import pki as pkis
from tests.support.other_issuer import SERVICE, put_issuer, sha256_of, their_list


@pytest.fixture
def theirs(tmp_path: Path) -> pkis.Pki:
    """The other issuer's authorities and keys."""
    return pkis.make(tmp_path / "theirs", key_type=KeyType.P256, now=utc_now() - dt.timedelta(days=60))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A service of its own keys, before anybody was added."""
    keys = pkis.make(tmp_path / "ours", key_type=KeyType.P256, now=utc_now() - dt.timedelta(days=60))
    return Settings(keys_dir=keys.folder, base_url="https://kiemtra.example.vn")


def test_an_issuer_is_added_with_its_root_alone(settings: Settings, theirs: pkis.Pki) -> None:
    """Its list, under the root whose SHA-256 the operator was told; colons and capitals are the same."""
    pretty = ":".join(sha256_of(theirs)[at : at + 2] for at in range(0, 64, 2)).upper()
    with pytest.raises(InputError, match="another_root"):
        add_issuer(settings, "tinh-ben", their_list(theirs), root_sha256="0" * 64, now=utc_now())
    assert list(read_issuers(settings, now=utc_now())) == []
    add_issuer(settings, "tinh-ben", their_list(theirs), root_sha256=pretty, now=utc_now())
    [(issuer, issuer_id)] = read_issuers(settings, now=utc_now())
    assert isinstance(issuer, Issuer)
    assert (issuer_id, issuer.id, issuer.service) == ("tinh-ben", "tinh-ben", SERVICE)


@pytest.mark.parametrize("issuer_id", ["self", "", "../x", "Hải-Phòng", "a" * 33])
def test_ids_are_plain_names(settings: Settings, theirs: pkis.Pki, issuer_id: str) -> None:
    with pytest.raises(InputError, match="bad_issuer_id"):
        add_issuer(settings, issuer_id, their_list(theirs), root_sha256=sha256_of(theirs), now=utc_now())


@pytest.mark.parametrize("service", ["https://kiemtra.example.vn", "https://KIEMTRA.example.vn:8443"])
def test_our_own_host_is_nobody_elses(settings: Settings, theirs: pkis.Pki, service: str) -> None:
    """Else its keys would speak for our QR codes."""
    with pytest.raises(InputError, match="same_host"):
        add_issuer(
            settings,
            "tinh-ben",
            their_list(theirs, service=service),
            root_sha256=sha256_of(theirs),
            now=utc_now(),
        )
    put_issuer(settings, theirs, their_list(theirs, service=service))
    [(found, _)] = read_issuers(settings, now=utc_now())
    assert isinstance(found, InputError)
    assert found.code == "same_host"


def test_two_issuers_have_two_hosts(settings: Settings, theirs: pkis.Pki) -> None:
    for issuer_id in ("a", "b"):
        put_issuer(settings, theirs, their_list(theirs), issuer_id=issuer_id)
    first, second = (found for found, _ in read_issuers(settings, now=utc_now()))
    assert isinstance(first, Issuer)
    assert isinstance(second, InputError)


def test_what_is_not_believed_is_told(settings: Settings, theirs: pkis.Pki, tmp_path: Path) -> None:
    """Signed by somebody else's key, broken, a month old, not the publisher's own list: left out, and
    `doctor` says so.
    """
    stranger = (
        pkis.make(tmp_path / "stranger", key_type=KeyType.P256, now=utc_now()).keyring().claim_keys()[0]
    )
    bad = {
        "signer": their_list(theirs, signer=stranger),
        "broken": b"{}",
        "old": their_list(theirs, at=utc_now() - dt.timedelta(days=31)),
        "foreign": their_list(theirs, issuer_id="hai-phong"),
    }
    for issuer_id, body in bad.items():
        put_issuer(settings, theirs, body, issuer_id=issuer_id)
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
        {
            "status_lists": {
                "address": "https://giay.tinhben.example.vn:8443/status/{list}",
                "bits": 2,
                "lists": [0],
            }
        },
        {"status_lists": {"address": f"{SERVICE}/status/{{list}}", "bits": 2, "lists": list(range(5000))}},
        {"facilities": None},
    ],
    ids=[
        "no keys",
        "no host",
        "no web",
        "lists elsewhere",
        "lists at another port",
        "thousands of lists",
        "no facilities",
    ],
)
def test_a_list_of_another_form_is_not_believed(
    settings: Settings, theirs: pkis.Pki, changes: dict[str, Any]
) -> None:
    """Though its issuer signed it: neither added, nor believed where it lies there already; the others are
    not touched.
    """
    body = their_list(theirs, changes=changes)
    with pytest.raises(InputError, match="bad_trust_list"):
        add_issuer(settings, "tinh-ben", body, root_sha256=sha256_of(theirs), now=utc_now())
    put_issuer(settings, theirs, body)
    put_issuer(settings, theirs, their_list(theirs), issuer_id="z")
    assert [isinstance(found, Issuer) for found, _ in read_issuers(settings, now=utc_now())] == [False, True]


@pytest.mark.parametrize("at", ["2099-01-01T00:00:00+00:00", "2026-01-01T00:00:00", "soon"])
def test_a_list_says_when_it_was_made(theirs: pkis.Pki, settings: Settings, at: str) -> None:
    """With its zone, and not in days to come: else it never grew old."""
    document = json.loads(their_list(theirs)) | {"issued_at": at}
    ring = theirs.keyring()
    signed = sign_document(
        {name: value for name, value in document.items() if name != "signed"},
        key=ring.claim_keys()[0],
        chain=ring.authorities(),
    )
    put_issuer(settings, theirs, json.dumps(document | {"signed": signed}).encode())
    [(found, _)] = read_issuers(settings, now=utc_now())
    assert isinstance(found, InputError)


def test_what_cannot_be_read_is_left_out(settings: Settings, theirs: pkis.Pki) -> None:
    """A folder, a missing root, brackets nested too deep."""
    put_issuer(settings, theirs, b"[" * 100_000, issuer_id="deep")
    put_issuer(settings, theirs, their_list(theirs), issuer_id="rootless")
    (settings.keys_dir / "issuers" / "rootless.pem").unlink()
    put_issuer(settings, theirs, b"", issuer_id="folder")
    (settings.keys_dir / "issuers" / "folder.json").unlink()
    (settings.keys_dir / "issuers" / "folder.json").mkdir()
    assert [isinstance(found, InputError) for found, _ in read_issuers(settings, now=utc_now())] == [True] * 3


def test_an_older_list_does_not_replace_a_newer_one(settings: Settings, theirs: pkis.Pki) -> None:
    """Else withdrawn keys could be brought back."""
    for age, is_taken in ((2, True), (1, True), (3, False)):
        body = their_list(theirs, at=utc_now() - dt.timedelta(days=age))
        with nullcontext() if is_taken else pytest.raises(InputError, match="older_list"):
            add_issuer(settings, "tinh-ben", body, root_sha256=sha256_of(theirs), now=utc_now())
