"""`certsvc` on the command line [README, Command line]. Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 cannot now.

running    serve, worker, demo                   members  who works where `serve` or `worker` runs
here       keys, identities, imports, erasure: on this machine's database
remote     batch, at a running service           looking  designs, doctor
issuers    others whose QR codes are believed
mapping    mappings, template, at a running service
hooks      webhooks, at a running service          recalls  recalls, at a running service
verifying  verify, at a running service          accounts local accounts, on this machine's database
exporting  export, at a running service          portal   what goes to BHXH's portal, from this machine
delegating authorities to sign, on this machine's database
migrating  migrate
rules      dated rows of the rules, on this machine's database

A command's module is loaded when the command is asked for: `verify` needs no database, `worker` no client.
"""

from collections import UserDict
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

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
    "batch": "remote",
    "mappings": "mapping",
    "template": "mapping",
    "recalls": "recalls",
    "webhooks": "hooks",
    "export": "exporting",
    "portal": "portal",
    "verify": "verifying",
    "designs": "looking",
    "doctor": "looking",
}
"""Where each command, or group of commands, stands under its own name."""


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
app.callback()(lambda: None)


def main() -> None:
    app()
