"""The keys of a folder, each read once."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from certsvc.errors import Broken
from certsvc.signing.keyring import Keyring
from certsvc.signing.sealing import Sealed, Unsealed
from tests.support import pki as pkis
from tests.support import sealed_sample as samples


def keyring_over_copy(tmp_path: Path) -> tuple[Keyring, Path]:
    """A keyring over the PKI in `tmp_path`, and the path of one of its files."""
    pkis.make(tmp_path)
    return Keyring(tmp_path), tmp_path / "organisations/01801.p12"


def test_a_key_is_read_once_in_the_life_of_a_process(tmp_path: Path) -> None:
    """After the first call the file may as well be gone."""
    keyring, file = keyring_over_copy(tmp_path)
    first = keyring.identity("organisations/01801.p12", facility_code="01801", licence=None)
    file.unlink()
    assert keyring.identity("organisations/01801.p12", facility_code="01801", licence=None) is first


def test_sealing_reads_no_key_again(tmp_path: Path) -> None:
    """With the whole folder gone, two more certificates are sealed from what was loaded."""
    pki = pkis.make(tmp_path / "keys")
    wanted, tsa, revocation = samples.signings(pki, 3), pki.tsa(), pki.revocation()
    shutil.rmtree(tmp_path)
    for _ in range(2):
        sheet = Unsealed(samples.stock_of(pki, wanted, stamper=tsa, revocation=revocation), {})
        [result] = samples.attempt([sheet], time_stamper=tsa)
        assert isinstance(result, Sealed)


def test_entries_list_what_the_folder_holds(tmp_path: Path) -> None:
    """Organisations have no licence; every file listed loads."""
    keyring, _ = keyring_over_copy(tmp_path)
    entries = keyring.entries()
    assert {(entry.facility_code, entry.licence) for entry in entries} == {
        *((row["facility_code"], None) for row in pkis.FACILITIES),
        *((row["facility_code"], row["licence"]) for row in pkis.PRACTITIONERS),
    }
    for entry in entries:
        identity = keyring.identity(entry.file, facility_code=entry.facility_code, licence=entry.licence)
        assert identity.name == entry.name


def test_missing_and_outside_files_are_the_operators_matter(tmp_path: Path) -> None:
    """A register entry must not read a file outside the folder."""
    keyring, _ = keyring_over_copy(tmp_path / "keys")
    (tmp_path / "outside.p12").write_bytes(b"secret")
    for file in ("organisations/09999.p12", "../outside.p12", str(tmp_path / "outside.p12")):
        with pytest.raises(Broken, match="missing_key"):
            keyring.identity(file, facility_code="01801", licence=None)


async def test_authorities_come_from_the_same_folder(tmp_path: Path) -> None:
    """TSA and revocation source work on what `keys_dev` wrote."""
    keyring, _ = keyring_over_copy(tmp_path)
    now = dt.datetime.now(dt.UTC)
    tsa = keyring.embedded_tsa(clock=lambda: now, rng=bytes)
    info = await keyring.local_revocation(clock=lambda: now).gather([tsa.certificates[0]])
    assert await tsa.stamp(bytes(32))
    assert len(info.ocsps) == 1
