"""Writes the reference pages that repeat what the code says: `.venv/bin/python docs/reference.py`.

Settings, rules and reasons stand in the code once; a test compares these pages with it.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from certsvc.config import PREFIX, Settings
from certsvc.records import RULES, Rule
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
Commands that talk to a service (`batch`, `export`, `mappings`, `recalls`, `template`, `webhooks`, `verify`) read two more variables.
They are no settings of the service.

| variable | default | meaning |
|---|---|---|
| `CERTSVC_URL` | the demo's address | address of the service |
| `CERTSVC_KEY` | the demo's insurer key | API key |

In `production` the service wants `CERTSVC_SECRET` (at least 32 characters) and an `https://` address in
`CERTSVC_BASE_URL`. Neither signing nor verification takes a certificate that says DEV ONLY. A worker refuses to
start in production today: adapters for a time-stamping authority and for OCSP of outside are not built yet.
"""

_RULES = """# Rules

<!-- Written by docs/reference.py from certsvc/records/. -->

Every row of a case file is held against these rules. V rules are about fields, A rules about the
sick-leave certificate, R rules about the recovery certificate, W rules are warnings. The level says what
follows: `reject` (the certificate is not issued), `warn` (it is issued, the warning goes with it),
`repair` (a value was mended, and the mending is told). All broken rules of a row are told at once.
`{column}` and other words in braces are filled in. A rule may have several wordings.
"""

_REASONS = """# Reasons

<!-- Written by docs/reference.py from certsvc/verify/reasons.py. -->

Every check ends in a report with a verdict and at least one reason. Each reason says what is the matter
and what to do next, and the verdicts that it comes with; [verify.md](verify.md) tells what those mean.
A running service shows this list to everybody at `/reasons`.
"""


def pages() -> dict[Path, str]:
    """What each generated page should hold."""
    return {DOCS / "settings.md": _settings(), DOCS / "rules.md": _rules(), DOCS / "reasons.md": _reasons()}


def _settings() -> str:
    rows = (f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |\n" for name, field in Settings.model_fields.items())
    return _SETTINGS + "".join(rows) + _COMMANDS


def _default(value: object) -> str:
    return "none" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _rules() -> str:
    return _RULES + "".join(f"\n{part}\n" for rule in RULES.values() for part in _rule(rule))


def _rule(rule: Rule) -> Iterator[str]:
    yield f"## {rule.id}"
    yield f"`{rule.level}` · {rule.basis}{_dates(rule.valid_from, rule.valid_to)}"
    yield "\n".join(f"- {f'`{variant}`: ' if variant else ''}{wording.vi}<br>{wording.en}" for variant, wording in rule.wordings.items())


def _dates(first: dt.date | None, last: dt.date | None) -> str:
    return (f" · events from {first:%d/%m/%Y}" if first else "") + (f" · events up to {last:%d/%m/%Y}" if last else "")


def _reasons() -> str:
    parts = (
        f"\n## {reason}\n\n{_verdicts(reason)}\n\n{advice.message_vi}<br>{advice.message_en}\n\nNext: {advice.next_step_vi}<br>{advice.next_step_en}\n"
        for reason, advice in ADVICE.items()
    )
    return _REASONS + "".join(parts)


def _verdicts(reason: Reason) -> str:
    return ", ".join(f"`{verdict}`" for verdict in VERDICTS_OF[reason])


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
