"""rules: the dated rows by which cases are judged, and an operator's own; on this machine's database."""

import datetime as dt
import getpass
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from certsvc.cli.ending import reported, say, show
from certsvc.cli.here import on_database
from certsvc.clock import day_in_hanoi, utc_now
from certsvc.config import Settings
from certsvc.issuing.rulebooks import Effect, ListedRule, add_rules, list_rules, plan_rules, withdraw_rule
from certsvc.records import Rulebook
from certsvc.records.judging.rule_files import MAX_BYTES, read_rules
from certsvc.records.judging.rulebook import DatedRow, DischargeRule, table_of, to_json
from certsvc.store import Database

rules = typer.Typer(
    no_args_is_help=True,
    help="Dated rows of the rules: the Ministry's decisions, and the ceiling of a leave.",
)
RulesFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="TOML file of rows, as docs/rules.md shows it")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@rules.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """Every row: what came with the software, and what was added here."""

    async def work(db: Database, _: Settings) -> list[ListedRule]:
        async with db.read() as session:
            return await list_rules(session)

    found = on_database(work)
    if as_json:
        say(json.dumps([_as_json(rule) for rule in found], ensure_ascii=False, indent=2))
        return
    table = Table(
        "id", "table", "from", "to", "days", "care settings", "decision", "source", "state", "basis"
    )
    for rule in found:
        row = rule.row
        care_settings, decision = "", ""
        if isinstance(row, DischargeRule):
            care_settings, decision = " ".join(sorted(row.care_settings)), row.decision
        table.add_row(
            row.id,
            table_of(row),
            str(row.valid_from),
            str(row.valid_to or ""),
            _counts(row),
            care_settings,
            decision,
            _source(rule),
            _state(rule),
            row.basis,
        )
    show(table)


def _as_json(rule: ListedRule) -> dict[str, object]:
    return {
        "table": table_of(rule.row),
        **to_json(rule.row),
        "source": _source(rule),
        "state": _state(rule),
        "added_at": rule.added_at and rule.added_at.isoformat(),
    }


def _source(rule: ListedRule) -> str:
    return "built_in" if rule.added_at is None else "operator"


def _state(rule: ListedRule) -> str:
    return "holds" if rule.withdrawn_at is None else "withdrawn"


def _counts(row: DatedRow) -> str:
    """`min/vaccinated/other` days, and the first day on which a test counts."""
    if isinstance(row, DischargeRule):
        return f"{row.min_days}/{row.vaccinated_days}/{row.other_days}, test ≥ {row.first_test_day}"
    return f"≤ {row.max_days}"


@rules.command("check")
def check(file: RulesFile, *, as_json: AsJson = False) -> None:
    """Show what is wrong with a file of rows and what adding it would change; nothing is written."""
    added = _read(file)

    async def work(db: Database, _: Settings) -> list[Effect]:
        async with db.read() as session:
            return await plan_rules(session, added)

    _report(added, on_database(work), as_json=as_json)


@rules.command("add")
def add(file: RulesFile, *, as_json: AsJson = False) -> None:
    """Add a file's rows to those in force, all or none; every process judges by them at once."""
    added = _read(file)

    async def work(db: Database, _: Settings) -> list[Effect]:
        return await add_rules(db, added, by=_user(), now=utc_now())

    _report(added, on_database(work), as_json=as_json)
    if not as_json:
        say("Đã ghi. / Added.")


@rules.command("withdraw")
def withdraw(row: Annotated[str, typer.Argument(help="as `rules list` shows it")]) -> None:
    """Stop judging by an operator's row; papers that were judged by it keep it."""

    async def work(db: Database, _: Settings) -> list[Effect]:
        return await withdraw_rule(db, row, now=utc_now())

    say(*_lines(on_database(work)), "Đã thu hồi. / Withdrawn.")


def _read(file: Path) -> Rulebook:
    with reported(), file.open("rb") as opened:
        return read_rules(opened.read(MAX_BYTES + 1))


def _user() -> str:
    try:
        return getpass.getuser()[:64]
    except (KeyError, OSError):
        return "operator"


def _report(added: Rulebook, effects: Sequence[Effect], *, as_json: bool) -> None:
    if as_json:
        rows = [{"table": table_of(row), **to_json(row)} for row in added.rows]
        answer = {"rows": rows, "changes": [_effect_json(effect) for effect in effects]}
        say(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    say(*_lines(effects))


def _effect_json(effect: Effect) -> dict[str, object]:
    change = effect.change
    days = {"first": change.first.isoformat(), "last": change.last and change.last.isoformat()}
    return {
        "table": change.table,
        "care_setting": change.care_setting,
        **days,
        "before": change.before,
        "after": change.after,
        "live": effect.live,
    }


def _lines(effects: Sequence[Effect]) -> list[str]:
    if not effects:
        return ["Không ngày nào thay đổi. / No day changes."]
    return [line for effect in effects for line in _effect_lines(effect, day_in_hanoi(utc_now()))]


def _effect_lines(effect: Effect, today: dt.date) -> list[str]:
    change = effect.change
    of = "leave_ceilings" if change.care_setting is None else f"discharge_rules ({change.care_setting})"
    vi, en = (
        (f"đến {change.last:%d/%m/%Y}", f"to {change.last:%d/%m/%Y}") if change.last else ("trở đi", "on")
    )
    was, now = change.before or "—", change.after or "—"
    lines = [f"{of}: từ {change.first:%d/%m/%Y} {vi} / from {change.first:%d/%m/%Y} {en}: {was} → {now}"]
    if change.first < today:
        lines.append(
            "  ! Có ngày đã qua: hồ sơ gửi từ nay được xét theo dòng mới. / Days that are past: cases sent"
            " from now on are judged anew."
        )
    if effect.live:
        lines.append(
            f"  ! {effect.live} giấy của những ngày đó đã xét theo «{was}» và giữ nguyên, cả khi cấp lại. /"
            f" {effect.live} papers of these days were judged by “{was}” and keep it, also when they are"
            " issued again."
        )
    return lines
