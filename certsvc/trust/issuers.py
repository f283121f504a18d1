"""Other issuers (another province, a hospital) whose QR codes are believed here too: their own trust lists,
kept below `keys_dir`.

`issuers/<id>.json` is such a list as that issuer publishes it, `issuers/<id>.pem` the root at which its
signer's chain must end; the operator has compared the root's SHA-256 with what the issuer told him. Nothing
here fetches anything.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from certsvc.config import Settings
from certsvc.errors import CertsvcError, InputError
from certsvc.verify.published import ISSUER_ID, OWN, Issuer, TrustList, read_trust_list

OLD_AFTER, TOO_OLD_AFTER = dt.timedelta(days=7), dt.timedelta(days=30)
"""A list that nobody refreshed for so long is told by `doctor`, or no longer believed: its keys may have been
withdrawn.
"""


def read_issuers(settings: Settings, *, now: dt.datetime) -> Iterator[tuple[Issuer | CertsvcError, str]]:
    """Each issuer that was added, or why it is not believed, with its id. None shares a host with us or with
    an earlier one.
    """
    hosts = {urlsplit(settings.base_url).hostname}
    for path in sorted(_folder(settings).glob("*.json")):
        try:
            issuer = _read(path, now=now)
            if issuer.host in hosts:
                raise _same_host()
        except CertsvcError as error:
            yield error, path.stem
        else:
            hosts.add(issuer.host)
            yield issuer, path.stem


def read_root(settings: Settings, issuer_id: str) -> x509.Certificate:
    """The root that was pinned for an issuer. Raises InputError `no_such_issuer`."""
    return _root(_folder(settings) / f"{issuer_id}.json")


def age_of(settings: Settings, issuer_id: str, *, now: dt.datetime) -> dt.timedelta:
    """How long ago an issuer's list was made. Raises InputError."""
    return now - _list(_folder(settings) / f"{issuer_id}.json", now=now).issued_at


def add_issuer(
    settings: Settings, issuer_id: str, body: bytes, *, root_sha256: str, now: dt.datetime
) -> Issuer:
    """Keep an issuer's list, if its signer's chain ends at the root with this SHA-256 (hex; colons and case
    do not matter).

    Raises InputError `bad_issuer_id`, `bad_trust_list`, `another_root`, `same_host`, `older_list`.
    """
    if not ISSUER_ID.fullmatch(issuer_id) or issuer_id == OWN:
        raise InputError(
            "bad_issuer_id",
            "Tên nơi cấp gồm chữ thường không dấu, số và gạch nối, ví dụ hai-phong.",
            "An issuer's id has small letters, digits and hyphens, such as hai-phong.",
        )
    listed = read_trust_list(body, root=None, now=now)
    root = x509.load_der_x509_certificate(listed.root)
    if root.fingerprint(SHA256()).hex() != root_sha256.replace(":", "").lower():
        raise InputError(
            "another_root",
            "Chứng thư gốc của nơi cấp không có dấu SHA-256 này. Không thêm; hãy hỏi lại nơi cấp qua một"
            " đường khác.",
            "The issuer's root does not have this SHA-256. Nothing was added; ask the issuer again by another"
            " way.",
        )
    others = [
        issuer.service
        for issuer, name in read_issuers(settings, now=now)
        if isinstance(issuer, Issuer) and name != issuer_id
    ]
    if listed.own.host in {urlsplit(service).hostname for service in (settings.base_url, *others)}:
        raise _same_host()
    path = _folder(settings) / f"{issuer_id}.json"
    if path.exists() and _list(path, now=now).issued_at > listed.issued_at:
        raise InputError(
            "older_list",
            "Danh sách này cũ hơn danh sách đang giữ của nơi cấp; hãy hỏi nơi cấp, hoặc remove rồi add lại.",
            "This list is older than the one that is kept of the issuer; ask the issuer, or remove it and add"
            " it again.",
        )
    _save(_folder(settings), issuer_id, body, root=root)
    return replace(listed.own, id=issuer_id)


def service_of(settings: Settings, issuer_id: str, *, now: dt.datetime) -> str:
    """Where an issuer's list is published, whether or not it is too old. Raises InputError."""
    return _list(_folder(settings) / f"{issuer_id}.json", now=now).own.service


def remove_issuer(settings: Settings, issuer_id: str) -> None:
    """Believe an issuer no longer. Raises InputError `no_such_issuer`."""
    path = _folder(settings) / f"{issuer_id}.json"
    _root(path)
    for file in (path, path.with_suffix(".pem")):
        file.unlink(missing_ok=True)


def _folder(settings: Settings) -> Path:
    return settings.keys_dir / "issuers"


def _read(path: Path, *, now: dt.datetime) -> Issuer:
    listed = _list(path, now=now)
    if not ISSUER_ID.fullmatch(path.stem) or path.stem == OWN or now - listed.issued_at > TOO_OLD_AFTER:
        raise InputError(
            "issuer_too_old",
            f"Danh sách của nơi cấp “{path.stem}” đã quá 30 ngày; hãy chạy certsvc issuers refresh.",
            f"The list of the issuer “{path.stem}” is more than 30 days old; run certsvc issuers refresh.",
        )
    return replace(listed.own, id=path.stem)


def _list(path: Path, *, now: dt.datetime) -> TrustList:
    root = _root(path).public_bytes(Encoding.DER)
    try:
        return read_trust_list(path.read_bytes(), root=root, now=now)
    except OSError as error:
        raise _no_such_issuer() from error


def _root(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.with_suffix(".pem").read_bytes())
    except (OSError, ValueError) as error:
        raise _no_such_issuer() from error


def _no_such_issuer() -> InputError:
    return InputError(
        "no_such_issuer",
        "Không có nơi cấp này, hoặc thiếu chứng thư gốc của nó; certsvc issuers list cho biết tên các nơi"
        " cấp.",
        "There is no such issuer, or its root is missing; certsvc issuers list has the names.",
    )


def _save(folder: Path, issuer_id: str, body: bytes, *, root: x509.Certificate) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in ((f"{issuer_id}.pem", root.public_bytes(Encoding.PEM)), (f"{issuer_id}.json", body)):
        part = folder / f"{name}.part"
        part.write_bytes(data)
        part.replace(folder / name)


def _same_host() -> InputError:
    return InputError(
        "same_host",
        "Nơi cấp này dùng cùng tên miền với dịch vụ này hoặc với một nơi cấp khác, nên không phân biệt được"
        " mã QR.",
        "This issuer has the same host as this service or another issuer, so their QR codes cannot be told"
        " apart.",
    )
