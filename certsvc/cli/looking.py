"""designs and doctor: commands that look and report."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from certsvc.cli.ending import (
    CANNOT_NOW,
    SAYS_NO,
    WRONG_USAGE,
    complain,
    reported,
    run,
    say,
    settings_from_environment,
    show,
)
from certsvc.issuing.readiness import find_shortcomings
from certsvc.templates.designs import find_design, load_designs

designs = typer.Typer(no_args_is_help=True, help="The form designs.")


@designs.command("list")
def list_designs() -> None:
    """Which designs there are and when they apply."""
    table = Table("design", "title", "from", "to", "legal basis")
    with reported():
        for design in load_designs():
            table.add_row(
                design.id,
                design.title_vi,
                str(design.valid_from),
                str(design.valid_to or ""),
                design.legal_basis,
            )
    show(table)


@designs.command("preview")
def preview(
    design_id: Annotated[str, typer.Argument(help="as `designs list` shows it")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="the PNG to write (default: the design's name)")
    ] = None,
    head: Annotated[bool, typer.Option("--head", help="the variant for a head who examined himself")] = False,
) -> None:
    """A PNG of a design with invented values."""
    from certsvc.templates.preview import preview_png  # noqa: PLC0415 - WeasyPrint is slow to load

    with reported():
        design = find_design(design_id)
        if design is None:
            complain("Không có mẫu này.", "There is no such design.")
            raise typer.Exit(WRONG_USAGE)
        output = output or Path(f"{design.id.replace('/', '-')}.png")
        output.write_bytes(preview_png(design, head_examined=head))
    say(str(output))


@designs.command("check")
def check(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="the design's folder")],
) -> None:
    """What is wrong with a design, with its line."""
    # WeasyPrint is slow to load.
    from certsvc.templates.compiler.inspecting import check_design  # noqa: PLC0415

    with reported():
        problems = check_design(folder)
    for problem in problems:
        say(f"{problem.file}:{problem.line}: {problem.message_vi} / {problem.message_en}")
    if problems:
        raise typer.Exit(SAYS_NO)
    say("Mẫu tốt. / The design is sound.")


def doctor() -> None:
    """What is missing or about to expire, in plain words; exit code 3 if something must be done."""
    settings = settings_from_environment()

    findings = run(find_shortcomings(settings))
    for finding in findings:
        say(f"- {finding}")
    if findings:
        raise typer.Exit(CANNOT_NOW)
    say("Mọi thứ đều ổn. / All is well.")
