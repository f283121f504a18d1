"""What `certsvc doctor` and a starting worker say of keys for QR claims, and of lists that grew old."""

import asyncio
import datetime as dt
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from typer.testing import CliRunner

from certsvc.cli import app
from certsvc.clock import day_in_hanoi, utc_now
from certsvc.config import Settings
from certsvc.store import Database, status_lists
from certsvc.trust.anchors import build_trust
from certsvc.trust.identities import open_keyring
from certsvc.worker import warn_of_missing
from keys_dev.make import KeyType
from tests.support import pki as pkis
from tests.support.station import Station

NO_KEY, ENDS_SOON, OLD_LISTS = (
    "No key for QR claims",
    "The key for QR claims and its certificate expire",
    "last signed on",
)


def _doctor(settings: Settings) -> str:
    result = CliRunner().invoke(app, ["doctor"], env=settings.as_environment())
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output.replace("\n", " ")


def _keys_at(station: Station, tmp_path: Path, now: dt.datetime) -> Settings:
    """The same station with keys that were made at `now`."""
    return station.settings.model_copy(
        update={"keys_dir": pkis.make(tmp_path / "keys", key_type=KeyType.P256, now=now).folder}
    )


def _without_claim_keys(station: Station, tmp_path: Path) -> Settings:
    folder = shutil.copytree(
        station.settings.keys_dir, tmp_path / "keys", ignore=shutil.ignore_patterns("claims-*")
    )
    return station.settings.model_copy(update={"keys_dir": folder})


def _sign_trust_list(settings: Settings, signed_at: dt.datetime) -> None:
    async def sign() -> None:
        db = Database(settings.sqlalchemy_url)
        try:
            async with db.begin() as session:
                await status_lists.save_trust_list(session, b"{}", signed_at=signed_at)
        finally:
            await db.close()

    asyncio.run(sign())


def test_a_good_key_and_fresh_lists_are_no_finding(station: Station) -> None:
    _sign_trust_list(station.settings, utc_now() - dt.timedelta(hours=23))
    told = _doctor(station.settings)
    assert [finding for finding in (NO_KEY, ENDS_SOON, OLD_LISTS) if finding in told] == []


def test_no_key_for_claims_is_told_with_what_to_do(station: Station, tmp_path: Path) -> None:
    """In both languages, with the folder."""
    settings = _without_claim_keys(station, tmp_path)
    told = _doctor(settings)
    assert NO_KEY in told
    assert "Không có khóa ký mã QR còn hiệu lực" in told
    assert "claims-<number>.key.pem" in told
    assert ENDS_SOON not in told


@pytest.mark.parametrize(("days_left", "finding"), [(29, ENDS_SOON), (31, ""), (-1, NO_KEY)])
def test_a_key_that_ends_is_told_a_month_before(
    station: Station, tmp_path: Path, days_left: int, finding: str
) -> None:
    [key] = open_keyring(station.settings).claim_keys()
    made = (
        pkis.utc_now()
        - (key.x509_cert.not_valid_after_utc - pkis.utc_now())
        + dt.timedelta(days=days_left, hours=1)
    )
    told = _doctor(_keys_at(station, tmp_path, made))
    assert [each for each in (NO_KEY, ENDS_SOON) if each in told] == ([finding] if finding else [])


def test_roots_of_others_are_told_when_they_end_or_cannot_be_read(station: Station, tmp_path: Path) -> None:
    """And stop nothing: what cannot be read is left out, the others name where a certificate comes from."""
    keys = shutil.copytree(station.settings.keys_dir, tmp_path / "keys")
    old = pkis.make(tmp_path / "old", key_type=KeyType.P256, now=utc_now() - dt.timedelta(days=20 * 365 + 1))
    for family, name, content in (
        ("public", "good", old.read("issuing.pem")),
        ("public", "root", pkis.shared().read("root.pem")),
    ):
        (keys / "anchors" / family).mkdir(parents=True, exist_ok=True)
        (keys / "anchors" / family / f"{name}.pem").write_bytes(content)
    settings = station.settings.model_copy(update={"keys_dir": keys})
    assert "anchors/public/good.pem expires on" in _doctor(settings)
    for content in (b"no certificate", pkis.shared().read("tsa.pem")):
        (keys / "anchors" / "public" / "bad.pem").write_bytes(content)
        assert "anchors/public:" in _doctor(settings)
        assert len(build_trust(settings, []).hierarchies["public"]) == 2
    listed = CliRunner().invoke(app, ["issuers", "list"], env=settings.as_environment())
    assert pkis.shared().root.fingerprint(SHA256()).hex() in listed.output


def test_lists_older_than_a_day_are_told(station: Station) -> None:
    _sign_trust_list(station.settings, utc_now() - dt.timedelta(hours=25))
    assert OLD_LISTS in _doctor(station.settings)


def _run(station: Station, *words: str) -> str:
    result = CliRunner().invoke(app, list(words), env=station.settings.as_environment())
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_authorities_that_end_are_told(station: Station) -> None:
    """A month before, unless another follows; and a station whose own has ended, until it is taken out
    again.
    """
    today = day_in_hanoi(utc_now())
    day = {number: f"{today + dt.timedelta(number):%Y-%m-%d}" for number in (-9, -1, 0, 9, 10, 90)}
    deputy = (
        "delegations",
        "add",
        "--facility",
        "01801",
        "--licence",
        pkis.PRACTITIONER,
        "--granted-by",
        "Trạm Y tế",
    )
    _run(station, *deputy, "--document", "long", "--from", day[0], "--to", day[90])
    assert "This authority to sign ends" not in _doctor(station.settings)
    ended = _run(
        station,
        "delegations",
        "add",
        "--facility",
        "01802",
        "--document",
        "old",
        "--granted-by",
        "TTYT",
        "--from",
        day[-9],
        "--to",
        day[-1],
    )
    _run(
        station,
        "delegations",
        "withdraw",
        _run(station, *deputy, "--document", "back", "--from", day[0], "--to", day[9]),
    )
    followed = _run(
        station,
        "delegations",
        "add",
        "--facility",
        "01803",
        "--document",
        "soon",
        "--granted-by",
        "TTYT",
        "--from",
        day[0],
        "--to",
        day[9],
    )
    told = _doctor(station.settings)
    assert ("Văn bản uỷ quyền soon (01803" in told, "No authority of facility 01802 is in force" in told) == (
        True,
        True,
    )
    assert [name for name in ("long", "old", "back") if f"Văn bản uỷ quyền {name} " in told] == []
    _run(
        station,
        "delegations",
        "add",
        "--facility",
        "01803",
        "--document",
        "next",
        "--granted-by",
        "TTYT",
        "--from",
        day[10],
    )
    _run(station, "delegations", "withdraw", ended, "--by-mistake")
    told = _doctor(station.settings)
    assert ("Văn bản uỷ quyền" in told, "No authority of facility" in told) == (False, False)
    listed = _run(station, "delegations", "list")
    assert (ended in listed, followed in listed, "withdrawn" in listed, "not yet" in listed) == (
        False,
        True,
        True,
        True,
    )


def test_a_worker_without_a_key_warns_when_it_starts(
    station: Station, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Once, by name; with a key nothing is said."""
    warn_of_missing(open_keyring(station.settings).claim_keys(), now=utc_now())
    assert capfd.readouterr().out == ""
    warn_of_missing(open_keyring(_without_claim_keys(station, tmp_path)).claim_keys(), now=utc_now())
    [line] = capfd.readouterr().out.splitlines()
    assert "warning" in line
    assert "no_claim_key" in line
