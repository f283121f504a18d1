"""Other issuers whose QR codes are believed here: list, add, refresh, remove."""

from typing import Annotated

import httpx2
import typer
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from rich.table import Table

from certsvc.cli.ending import SAYS_NO, complain, reported, say, settings_from_environment, show
from certsvc.clock import utc_now
from certsvc.errors import CertsvcError, Unavailable
from certsvc.trust.anchors import read_hierarchies
from certsvc.trust.issuers import add_issuer, read_issuers, read_root, remove_issuer, service_of
from certsvc.verify.published import Issuer

issuers = typer.Typer(no_args_is_help=True, help="Other issuers whose QR codes are believed here.")
_PUBLISHED_AT = "/.well-known/certsvc.json"
_MAX_BYTES = 16 * 1024**2
_TIMEOUT_S = 30
IssuerId = Annotated[str, typer.Argument(help="a short name of your choice, such as hai-phong")]


@issuers.command("list")
def list_issuers() -> None:
    """Who was added, with the SHA-256 of its root to compare, or why it is not believed; then the roots of
    other hierarchies.
    """
    settings = settings_from_environment()
    table = Table("id", "nơi cấp / issuer", "địa chỉ / address", "SHA-256 (root)")
    with reported():
        for found, issuer_id in read_issuers(settings, now=utc_now()):
            if isinstance(found, Issuer):
                table.add_row(
                    issuer_id,
                    found.name,
                    found.service,
                    read_root(settings, issuer_id).fingerprint(SHA256()).hex(),
                )
            else:
                table.add_row(issuer_id, f"{found.message_vi} / {found.message_en}", "", "")
    show(table)
    roots = Table("anchors/", "tệp / file", "hết hạn / until", "SHA-256")
    for family, name, root in read_hierarchies(settings.keys_dir):
        if isinstance(root, x509.Certificate):
            roots.add_row(
                family, name, f"{root.not_valid_after_utc:%Y-%m-%d}", root.fingerprint(SHA256()).hex()
            )
        else:
            roots.add_row(family, name, f"{root.message_vi} / {root.message_en}", "")
    if roots.row_count:
        show(roots)


@issuers.command("add")
def add(
    issuer_id: IssuerId,
    service: Annotated[str, typer.Argument(help="address of the issuer's service")],
    root_sha256: Annotated[
        str,
        typer.Option("--root-sha256", help="SHA-256 of its root, as the issuer told you by other means"),
    ],
) -> None:
    """Believe another issuer's QR codes from now on."""
    with reported():
        found = add_issuer(
            settings_from_environment(), issuer_id, _fetch(service), root_sha256=root_sha256, now=utc_now()
        )
    say(f"{issuer_id}: {found.name}, {len(found.claim_keys)} khóa / keys")


@issuers.command("refresh")
def refresh() -> None:
    """Fetch every issuer's list again, for instance each night; exit code 1 if one cannot be fetched or is
    not believed.
    """
    settings, failed = settings_from_environment(), False
    for issuer_id in [issuer_id for _, issuer_id in read_issuers(settings, now=utc_now())]:
        try:
            body = _fetch(service_of(settings, issuer_id, now=utc_now()))
            root = read_root(settings, issuer_id)
            add_issuer(settings, issuer_id, body, root_sha256=root.fingerprint(SHA256()).hex(), now=utc_now())
        except CertsvcError as error:
            complain(f"{issuer_id}: {error.message_vi} / {error.message_en}")
            failed = True
    if failed:
        raise typer.Exit(SAYS_NO)


@issuers.command("remove")
def remove(issuer_id: IssuerId) -> None:
    """Believe an issuer's QR codes no longer."""
    with reported():
        remove_issuer(settings_from_environment(), issuer_id)


def _fetch(service: str) -> bytes:
    """The trust list that a service publishes. Raises Unavailable `issuer_unreachable`."""
    body = bytearray()
    try:
        with (
            httpx2.Client(timeout=_TIMEOUT_S) as client,
            client.stream("GET", service.rstrip("/") + _PUBLISHED_AT) as response,
        ):
            response.raise_for_status()
            for part in response.iter_bytes():
                body += part
                if len(body) > _MAX_BYTES:
                    raise httpx2.RequestError("endless")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Unavailable(
            "issuer_unreachable",
            "Không lấy được danh sách tin cậy của nơi cấp; hãy xem lại địa chỉ và mạng.",
            "The issuer's trust list cannot be fetched; check the address and the network.",
        ) from error
    return bytes(body)
