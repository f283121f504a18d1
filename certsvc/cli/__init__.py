"""`certsvc` on the command line [README, Command line]. Exit codes: 0 done, 1 the answer is no, 2 wrong
usage, 3 cannot now.

running     serve, worker, demo                        members     the processes of `serve` and `worker`
here        keys, identities, imports, erasure         accounts    local accounts
delegating  authorities to sign                        rules       dated rows of the rules
migrating   migrate                                    portal      what goes to BHXH's portal
issuers     others whose QR codes are believed         looking     designs, doctor
verifying   verify, at a running service or without one
remote/     commands that speak to a running service: batch, mappings, template, webhooks, recalls, export
demo/       what `demo` issues

A command's module is loaded when the command is asked for: `verify` needs no database, `worker` no client.
"""

from collections import UserDict
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from certsvc import __version__

_MODULES = {
    "serve": "running",
    "worker": "running",
    "demo": "running",
    "migrate": "migrating",
    "facilities": "delegating",  # adds to those of `here`
    "practitioners": "here",
    "keys": "here",
    "accounts": "accounts",
    "delegations": "delegating",
    "identities": "here",
    "rules": "rules",
    "issuers": "issuers",
    "certificates": "here",
    "batch": "remote.batches",
    "mappings": "remote.mapping",
    "template": "remote.mapping",
    "recalls": "remote.recalls",
    "webhooks": "remote.hooks",
    "export": "remote.exporting",
    "portal": "portal",
    "verify": "verifying",
    "designs": "looking",
    "doctor": "looking",
}
"""The module of each command or group of commands."""


class _Commands(UserDict[str, Any]):
    """typer's commands by name, each loaded when it is looked at."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(_MODULES))

    @override
    def __getitem__(self, name: str) -> Any:
        if self.data[name] is None:
            self.data[name] = _load(name)
        return self.data[name]


def _load(name: str) -> Any:
    found = getattr(import_module(f"certsvc.cli.{_MODULES[name]}"), name)
    holder = typer.Typer()
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
        holder.callback()(lambda: None)
    group = typer.main.get_command(holder)
    assert isinstance(group, TyperGroup)
    return group.commands[name]


class _Group(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fill, sign and verify sick-leave and recovery certificates.",
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"certsvc {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """Options of `certsvc` itself; an eager one ends it."""
