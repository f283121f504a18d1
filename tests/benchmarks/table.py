"""The figures of a run as a Markdown table: `python -m tests.benchmarks.table` shows the latest run's."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LATEST = Path("var/bench/latest.json")

_ROWS: tuple[tuple[str, str, str], ...] = (
    ("raw RSA-2048 signature (OpenSSL)", "raw.rsa2048_per_s", "{:,.0f} /s"),
    ("WeasyPrint + pyHanko, as their manuals show", "naive.per_s", "{:,.1f} /s"),
    ("pdf-lib + @signpdf", "peers.signpdf_per_s", "{:,.1f} /s"),
    ("iText 5, warm", "peers.itext5_per_s", "{:,.0f} /s"),
    ("**engine, one signature, RSA-2048**", "engine.rsa2048_per_s", "**{:,.0f} /s**"),
    ("engine, one signature, RSA-PSS", "engine.rsa_pss_per_s", "{:,.0f} /s"),
    ("engine, one signature, P-256", "engine.p256_per_s", "{:,.0f} /s"),
    ("engine, three signatures, B-LT", "engine.three_b_lt_per_s", "{:,.0f} /s"),
    ("engine: share of the raw signature's rate", "ratios.engine_to_raw", "{:.2f}"),
    ("engine over WeasyPrint + pyHanko", "ratios.engine_to_naive", "{:,.0f} ×"),
    ("engine over iText 5", "ratios.engine_to_itext5", "{:,.1f} ×"),
    ("three signatures, B-LT: share of six raw signatures' rate", "ratios.three_b_lt_to_raw", "{:.2f}"),
    ("upload check, one signature, B-B: time over plain pyHanko's", "upload.one_b_b.ratio", "{:.2f}"),
    ("upload check, three signatures, B-LT: time over plain pyHanko's", "upload.three_b_lt.ratio", "{:.2f}"),
    ("stored for one certificate, three signatures, B-LT", "stored_bytes_per_certificate", "{:,.0f} bytes"),
    ("one certificate from POST to PDF, idle", "post_to_ready_ms", "{:,.0f} ms"),
)
"""What it is, where it is in the figures, and how it is shown."""

_DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_RUNS = {
    "rows_1000": "1,000 rows, one signature",
    "rows_10000": "10,000 rows, one signature",
    "rows_50000": "50,000 rows, one signature",
    "default_rows_10000": "10,000 rows, three signatures, B-LT",
}


def find(figures: dict[str, Any], path: str) -> Any:
    """The value at `path` (names joined by dots), or None."""
    found: Any = figures
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def table(figures: dict[str, Any]) -> str:
    """Markdown: tables for one core, the whole way and look-ups; the machine; what was not run."""
    machine = figures["machine"]
    lines = [
        "| on one core | |",
        "|---|---|",
        *_of_a_core(figures),
        "",
        "| CSV to last PDF | certificates | worker's peak memory |",
        "|---|---|---|",
    ]
    lines += [
        *_whole_way(figures),
        "",
        (
            "| looking up a code | a second | share of an empty FastAPI route | at 500 a second: half within"
            " | 99 % within |"
        ),
        "|---|---|---|---|---|",
        *_lookups(figures),
        "",
        (
            f"{machine['date'][:10]}, {machine['processor']}, {machine['cores']} cores, Python"
            f" {machine['python']}, {machine['openssl']}."
        ),
    ]
    return (
        "\n".join([*lines, *(f"Not run: {what} ({why})." for what, why in figures["not_run"].items())]) + "\n"
    )


def _of_a_core(figures: dict[str, Any]) -> Iterator[str]:
    for title, path, form in _ROWS:
        value = find(figures, path)
        yield f"| {title} | {'not run' if value is None else form.format(value)} |"


def _whole_way(figures: dict[str, Any]) -> Iterator[str]:
    for name, title in _RUNS.items():
        for database, shown in _DATABASES.items():
            run = find(figures, f"end_to_end.{database}.{name}")
            cells = f"{run['per_s']:,.0f} /s | {run['peak_mb']:,.0f} MB" if run else "not run | "
            yield f"| {title}, {shown} | {cells} |"


def _lookups(figures: dict[str, Any]) -> Iterator[str]:
    for database, shown in _DATABASES.items():
        run = find(figures, f"lookup.{database}")
        cells = (
            f"{run['per_s']:,.0f} | {run['ratio']:.2f} | {run['p50_ms']:.1f} ms | {run['p99_ms']:.1f} ms"
            if run
            else "not run | | | "
        )
        yield f"| {run['certificates'] if run else 1_000_000:,} certificates, {shown} | {cells} |"


if __name__ == "__main__":
    sys.stdout.write(table(json.loads(LATEST.read_text("utf-8"))))
