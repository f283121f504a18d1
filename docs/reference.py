"""Writes the pages that repeat what the code says: `.venv/bin/python docs/reference.py`.

Settings, rules, reasons, layers and rooms stand in the code once; a test compares these pages with it.
"""

import ast
import datetime as dt
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from certsvc.config import PREFIX, Settings
from certsvc.records import RULES, CareSetting, Rule, built_in
from certsvc.records.judging.rulebook import DischargeRule, LeaveCeiling, Sureness
from certsvc.verify.reasons import ADVICE, Reason
from certsvc.verify.report import VERDICTS_OF

DOCS = Path(__file__).parent

_SETTINGS = """# Settings

<!-- Written by docs/reference.py from certsvc/config.py. -->

Every setting is an environment variable. A variable that begins with `CERTSVC_` and is not in these
tables stops the start, so a misspelt setting is never ignored. Settings are read once, at start.

| variable | default | meaning |
|---|---|---|
"""

_COMMANDS = """
Commands that talk to a service (`batch`, `export`, `mappings`, `recalls`, `template`, `webhooks`, `verify`)
read two more variables. They are no settings of the service.

| variable | default | meaning |
|---|---|---|
| `CERTSVC_URL` | the demo's address | address of the service |
| `CERTSVC_KEY` | the demo's insurer key | API key |

In `production` the service wants `CERTSVC_SECRET` (at least 32 characters) and an `https://` address in
`CERTSVC_BASE_URL`. Neither signing nor verification takes a certificate that says DEV ONLY. A worker refuses
to start in production today: adapters for a time-stamping authority and for OCSP of outside are not built
yet.
"""

_RULES = """# Rules

<!-- Written by docs/reference.py from certsvc/records/. -->

Every row of a case file is held against these rules. V rules are about fields, A rules about the sick-leave
certificate, R rules about the recovery certificate, W rules are warnings. The level says what follows:
`reject` (the certificate is not issued), `warn` (it is issued, the warning goes with it), `repair` (a value
was mended, and the mending is told). All broken rules of a row are told at once. `{column}` and other words
in braces are filled in. A rule may have several wordings. Figures that change with the law are [dated
rows](#dated-rows), at the end.
"""

_SCOPE = """
The law and facts behind them, with sources and how sure we are: [the field](domain/README.md).

## Order and scope

- Today is the day in Hanoi. Repairs come first, then every V rule; if one fails, A and R rules are not
  judged. Otherwise every broken A rule (sick leave) and R rule (recovery) is reported. A paper that was not
  asked for is `none`, whatever else is wrong.
- Warnings come only with a paper that is issued: those about fields with either kind, W-EXPORT,
  W-ICD-MISMATCH and A-OVERLAP with a sick leave, W-NO-NEGATIVE and W-DAY-COUNT with a recovery. Of two rows
  or papers, W-SAME-NUMBER, W-SAME-VISIT and A-OVERLAP fall on the later one.
- A-LATE is judged when a paper is signed, never when a file is read. An unknown facility hides
  V-PRACTITIONER, as does a licence with V-BROKEN-ID.
- A negative test done unsupervised, too early or after isolation counts as none. Recovery by day count then
  carries W-NO-NEGATIVE.
- R-OUTCOME, R-NOT-OVER, R-CARE-SETTING and R-REINFECTION are always judged; where no dated row covers the
  day, R-NO-RULE stands for the rest.
- Which columns are required depends on the papers that the file asks for. V-DUPLICATE is judged after repair;
  the first row stands.

## Same person

Two cases are about the same person if a number (citizen id or social insurance) agrees and so does the name
or the birth date. If they have no kind of number in common, name, birth and phone must agree. Names are
compared after repair and case folding, births by year if one is a year alone. A number with two names or
births is W-SAME-NUMBER.

## Between facilities

What another facility's case says of the same person (A-OVERLAP, R-REINFECTION) is judged last: for a real
request, where number *and* name or birth agree, and only where every other rule lets the paper through; each
disclosure is recorded at both ([decision 0032](decisions/0032-people-and-facilities.md),
[API](api.md#between-facilities)). Insurers get it in dry runs too. Rejected rows and dry runs disclose
nothing to others.

## Sent again

A row that was issued before is `existing`, even after an upgrade that repairs or normalises more, and even if
the file has gained new, empty columns ([decision 0007](decisions/0007-existing-or-duplicate.md)).
"""

_DATED = """
## Dated rows

The ceiling of a leave goes by the day of the examination, the rule of recovery by the end of isolation, for
each care setting by itself. The row that began last before that day counts, unless it has ended; where there
is none, R-NO-RULE. What comes with certsvc:

"""

_SURE = {Sureness.FOUND: "", Sureness.REMEMBERED: " (text not seen)", Sureness.ENTERED: ""}

EXAMPLE = """[[discharge_rules]]
id = "discharge-9999-2026"          # 3 to 64 of a-z, 0-9, dot, hyphen; never used again
valid_from = 2026-12-01             # first end of isolation that it is about
# valid_to = 2027-06-30             # last one; left out: until a later row begins
care_settings = ["home"]            # of home, centre, hospital
min_days = 7                        # with a negative test; the day of the positive test is the first
first_test_day = 7                  # first day on which a negative test counts
vaccinated_days = 10                # without a negative test, of who is fully vaccinated
other_days = 14                     # of everybody else
min_doses = 2                       # fully vaccinated: so many doses,
dose_lead_days = 14                 # the last so many days before the positive test
decision = "9999/QĐ-BYT"            # printed on the certificate,
decided_on = 2026-11-30             # as is its day
basis = "QĐ 9999/QĐ-BYT 30/11/2026"

[[leave_ceilings]]
id = "leave-next-2027"
valid_from = 2027-01-01             # first examination
max_days = 30
basis = "TT 99/2026/TT-BYT"
"""
"""An operator's file, with invented decisions; a test reads it."""

_NEXT = f"""
### The next decision

An operator enters it as a file, in TOML (the decisions here are invented):

```toml
{EXAMPLE}```

    certsvc rules check next.toml     # what is wrong, or which days get which row; nothing is written
    certsvc rules add next.toml       # all rows or none; every process judges by them from now on
    certsvc rules list                # everything, with --json for programs

- A row without `valid_to` is ended by the next one that begins, so what is there need not be changed. Rows
  that both have a
  `valid_to` must not overlap in a care setting, and no two begin on one day. After a row that has ended
  there is no rule.
- A row that begins in the past is taken: cases sent from then on are judged by it. Papers that exist keep
  the row that judged
  them, also when they are issued again; how many there are `check` and `add` say.
- `certsvc rules withdraw ID` takes an operator's row back; enter the right one under another id. Every
  examination has a ceiling,
  so the last one cannot be ended or withdrawn without another.

Staff see the rows that hold at [`GET /v1/rules`](api.md#rules). Why it is so: [decision
0031](decisions/0031-dated-rows-are-data.md).
"""

_REASONS = """# Reasons

<!-- Written by docs/reference.py from certsvc/verify/reasons.py. -->

Every check ends in a report with a verdict and at least one reason. Each reason says what is the matter
and what to do next, and the verdicts that it comes with; [verify.md](verify.md) tells what those mean.
A running service shows this list to everybody at `/reasons`.
"""


def pages() -> dict[Path, str]:
    """What each generated page should hold."""
    return {
        DOCS / "settings.md": _settings(),
        DOCS / "rules.md": _rules(),
        DOCS / "reasons.md": _reasons(),
        DOCS / "architecture.md": _architecture(),
    }


def _settings() -> str:
    rows = (
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )
    return _SETTINGS + "".join(rows) + _COMMANDS


def _default(value: object) -> str:
    return "none" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _rules() -> str:
    rows = built_in()
    tables = (
        *_table("days of leave at most", rows.leave_ceilings),
        "",
        *_table(_COUNTED, rows.discharge_rules),
    )
    dated = _DATED + "".join(f"{line}\n" for line in tables) + _NEXT
    return _RULES + _SCOPE + "".join(f"\n{part}\n" for rule in RULES.values() for part in _rule(rule)) + dated


_COUNTED = (
    "days: with a test / vaccinated / others | test from day | doses, days before | care settings | decision"
)


def _table(columns: str, rows: Sequence[LeaveCeiling] | Sequence[DischargeRule]) -> Iterator[str]:
    yield f"| id | from | to | {columns} | basis |"
    yield "|---" * (columns.count("|") + 5) + "|"
    for row in rows:
        first = "" if row.valid_from == dt.date.min else f"{row.valid_from:%d/%m/%Y}"
        last = f"{row.valid_to:%d/%m/%Y}" if row.valid_to else ""
        yield f"| `{row.id}` | {first} | {last} | {_figures(row)} | {row.basis}{_SURE[row.sureness]} |"


def _figures(row: LeaveCeiling | DischargeRule) -> str:
    if isinstance(row, LeaveCeiling):
        return str(row.max_days)
    settings = ", ".join(f"`{each}`" for each in CareSetting if each in row.care_settings)
    days = (
        f"{row.min_days} / {row.vaccinated_days} / {row.other_days} | {row.first_test_day} | {row.min_doses},"
        f" {row.dose_lead_days}"
    )
    return f"{days} | {settings} | {row.decision}, {row.decided_on:%d/%m/%Y}"


def _rule(rule: Rule) -> Iterator[str]:
    yield f"## {rule.id}"
    yield f"`{rule.level}` · {rule.basis}{_dates(rule.valid_from, rule.valid_to)}"
    yield "\n".join(
        f"- {f'`{variant}`: ' if variant else ''}{wording.vi}<br>{wording.en}"
        for variant, wording in rule.wordings.items()
    )


def _dates(first: dt.date | None, last: dt.date | None) -> str:
    return (f" · events from {first:%d/%m/%Y}" if first else "") + (
        f" · events up to {last:%d/%m/%Y}" if last else ""
    )


def _reasons() -> str:
    parts = (
        f"\n## {reason}\n\n{_verdicts(reason)}\n\n{advice.message_vi}<br>{advice.message_en}\n\nNext:"
        f" {advice.next_step_vi}<br>{advice.next_step_en}\n"
        for reason, advice in ADVICE.items()
    )
    return _REASONS + "".join(parts)


def _verdicts(reason: Reason) -> str:
    return ", ".join(f"`{verdict}`" for verdict in VERDICTS_OF[reason])


def _architecture() -> str:
    """The page as it is, with its pictures of layers and rooms drawn anew."""
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    for name, picture in (("layers", _layers()), ("rooms", _rooms())):
        begin, end = f"<!-- {name}: docs/reference.py -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n```\n{picture}\n```\n{end}{rest.partition(end)[2]}"
    return text


def _layers() -> str:
    """The layers of the import contract, from the top down."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    [layers] = [each["layers"] for each in contracts if each["type"] == "layers"]
    return "\n".join(layer.replace(" | ", "   ") for layer in layers)


def _rooms() -> str:
    """Every package, with how many modules it has and the first sentence of what it is for."""
    source = DOCS.parent / "certsvc"
    return "\n".join(
        f"{'  ' * len(package.relative_to(source).parts) + package.name + '/':<18}"
        f"{len(list(package.glob('[!_]*.py'))):>3}  {_purpose(package)}"
        for package in sorted(path.parent for path in source.rglob("__init__.py"))
        if "migrations" not in package.parts
    )


def _purpose(package: Path) -> str:
    module = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    first = (ast.get_docstring(module) or "").partition("\n\n")[0]
    return " ".join(first.split()).partition(". ")[0].removesuffix(".")


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
