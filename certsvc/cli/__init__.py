"""`certsvc` on the command line [api.md §1]. Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 cannot now.

running    serve, worker, demo, migrate          here     keys, identities, imports, erasure: on this machine's database
remote     batch, at a running service           looking  designs, doctor
verifying  verify, at a running service          exporting export, at a running service
portal     what goes to BHXH's portal, from this machine
"""

import typer

from certsvc.cli import exporting, here, looking, portal, remote, running, verifying

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
app.add_typer(here.identities, name="identities")
app.add_typer(here.certificates, name="certificates")
app.add_typer(remote.batch, name="batch")
app.command()(exporting.export)
app.add_typer(portal.portal, name="portal")
app.command()(verifying.verify)
app.add_typer(looking.designs, name="designs")
app.command()(looking.doctor)


def main() -> None:
    app()
