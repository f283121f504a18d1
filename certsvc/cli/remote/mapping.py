"""mappings, template: what helps to write files of cases, at a running service."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from certsvc.cli.ending import reported, say, show
from certsvc.cli.remote.batches import AsJson, Key, Url
from certsvc.cli.remote.client import expect, service

mappings = typer.Typer(no_args_is_help=True, help="What the titles in your own files mean.")
Name = Annotated[
    str,
    typer.Argument(help="lower-case letters, digits, - and _; `default` is used where a batch names none"),
]


@mappings.command("list")
def list_(url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """The saved mappings."""
    with service(url, key) as client:
        items: list[dict[str, Any]] = expect(client.get("/v1/mappings")).json()["items"]
    if as_json:
        say(json.dumps(items, ensure_ascii=False, indent=2))
        return
    table = Table("name", "title", "field")
    for item in items:
        for title, field in (
            *item["columns"].items(),
            *((f"= {value}", field) for field, value in item["defaults"].items()),
        ):
            table.add_row(item["name"], title, field or "-")
    show(table)


@mappings.command()
def save(
    name: Name,
    pairs: Annotated[
        list[str] | None, typer.Argument(help="TITLE=FIELD, or TITLE= for a column to pass over")
    ] = None,
    url: Url = None,
    key: Key = None,
    *,
    default: Annotated[
        list[str] | None, typer.Option("--default", help="FIELD=VALUE for cells that are empty")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help='JSON instead: {"columns": {title: field}, "defaults": {field: value}}',
        ),
    ] = None,
) -> None:
    """Save a mapping in the place of the one with that name."""
    with reported():
        asked = _read(file) if file else _asked(pairs or [], default or [])
    with service(url, key) as client:
        expect(client.put(f"/v1/mappings/{name}", json=asked))
    say("Đã lưu. / Saved.")


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise typer.BadParameter(f"{file}: JSON?") from error


def _asked(pairs: list[str], defaults: list[str]) -> dict[str, Any]:
    for pair in (*pairs, *defaults):
        if "=" not in pair:
            raise typer.BadParameter(f"{pair}: TITLE=FIELD")
    columns = {title: field or None for title, _, field in (pair.rpartition("=") for pair in pairs)}
    return {
        "columns": columns,
        "defaults": {field: value for field, _, value in (pair.partition("=") for pair in defaults)},
    }


@mappings.command()
def remove(name: Name, url: Url = None, key: Key = None) -> None:
    """Remove a mapping; batches that were accepted before keep it."""
    with service(url, key) as client:
        expect(client.delete(f"/v1/mappings/{name}"))
    say("Đã xoá. / Removed.")


def template(
    form: Annotated[Literal["xlsx", "csv"], typer.Argument(help="xlsx or csv")] = "xlsx",
    url: Url = None,
    key: Key = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="the file to write (default: cases.xlsx or cases.csv)"),
    ] = None,
) -> None:
    """A case file to fill in."""
    output = output or Path(f"cases.{form}")
    with service(url, key) as client:
        content = expect(client.get(f"/v1/templates/cases.{form}")).content
    with reported():
        output.write_bytes(content)
    say(str(output))
