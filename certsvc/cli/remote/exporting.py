"""export: files for the social insurance, from a running service."""

import uuid
import zipfile
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from certsvc.cli.ending import reported, say
from certsvc.cli.remote.batches import Key, Url
from certsvc.cli.remote.client import expect, service
from certsvc.records.exchange.fields import Format


def export(
    layout: Annotated[
        Format,
        typer.Option(
            "--format", help="ct07: before 07/2025; ct07-2025: signed by the facility; xml11: with its XML1"
        ),
    ],
    batch: Annotated[
        uuid.UUID | None, typer.Option(help="every issued sick leave of a batch: a ZIP, one file a case")
    ] = None,
    certificate: Annotated[
        list[uuid.UUID] | None, typer.Option(help="one certificate: XML; several: a ZIP")
    ] = None,
    url: Url = None,
    key: Key = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "--out", "-o", help="the file to write (default: named after what is in it)"
        ),
    ] = None,
) -> None:
    """Write exchange files for the social insurance (BHXH)."""
    chosen = certificate or []
    if (batch is None) == (not chosen):
        raise typer.BadParameter(
            "chọn --batch hoặc --certificate / choose --batch or --certificate", param_hint="--batch"
        )
    with service(url, key) as client, reported():
        if batch is not None:
            say(str(_save_batch(client, batch, layout, output)))
        elif len(chosen) == 1:
            data, name = _certificate(client, chosen[0], layout)
            path = output or Path(name)
            path.write_bytes(data)
            say(str(path))
        else:
            say(str(_save_many(client, chosen, layout, output)))


def _save_batch(client: httpx2.Client, batch: uuid.UUID, layout: Format, output: Path | None) -> Path:
    path = output or Path(f"{layout}-{batch}.zip")
    with client.stream("GET", f"/v1/batches/{batch}/export", params={"format": layout}) as response:
        expect(response)
        with path.open("wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
    return path


def _save_many(client: httpx2.Client, chosen: list[uuid.UUID], layout: Format, output: Path | None) -> Path:
    """All or nothing: the first that cannot be exported ends the command before a file is written."""
    path = output or Path(f"{layout}.zip")
    files = [_certificate(client, certificate_id, layout) for certificate_id in dict.fromkeys(chosen)]
    with zipfile.ZipFile(path, "w") as archive:
        for data, name in files:
            archive.writestr(name, data)
    return path


def _certificate(client: httpx2.Client, certificate: uuid.UUID, layout: Format) -> tuple[bytes, str]:
    response = expect(client.get(f"/v1/certificates/{certificate}/export", params={"format": layout}))
    return response.content, f"{layout}-{certificate}.xml"
