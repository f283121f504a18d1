"""`certsvc` on the command line [api.md §1]. Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 cannot now.

running    serve, worker, demo, migrate          here     keys, identities, imports, erasure: on this machine's database
remote     batch, at a running service           looking  designs, doctor
issuers    others whose QR codes are believed
mapping    mappings, template, at a running service
hooks      webhooks, at a running service          recalls  recalls, at a running service
verifying  verify, at a running service          accounts local accounts, on this machine's database
exporting  export, at a running service          portal   what goes to BHXH's portal, from this machine
delegating authorities to sign, on this machine's database
"""

import typer

from certsvc.cli import accounts, delegating, exporting, here, hooks, issuers, looking, mapping, portal, recalls, remote, running, verifying

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fill, sign and verify sick-leave and recovery certificates.",
)
app.command()(running.serve)
app.command()(running.worker)
app.command()(running.demo)
app.command()(running.migrate)
app.add_typer(here.facilities, name="facilities")
app.add_typer(here.practitioners, name="practitioners")
app.add_typer(here.keys, name="keys")
app.add_typer(accounts.accounts, name="accounts")
app.add_typer(delegating.delegations, name="delegations")
app.add_typer(here.identities, name="identities")
app.add_typer(issuers.issuers, name="issuers")
app.add_typer(here.certificates, name="certificates")
app.add_typer(remote.batch, name="batch")
app.add_typer(mapping.mappings, name="mappings")
app.command()(mapping.template)
app.add_typer(recalls.recalls, name="recalls")
app.add_typer(hooks.webhooks, name="webhooks")
app.command()(exporting.export)
app.add_typer(portal.portal, name="portal")
app.command()(verifying.verify)
app.add_typer(looking.designs, name="designs")
app.command()(looking.doctor)


def main() -> None:
    app()
