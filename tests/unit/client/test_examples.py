"""The examples for other languages in docs/client.md name addresses and fields that there are; Python's are
run end to end.
"""

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from certsvc.client.clients import Methods
from certsvc.client.results import RowResult
from tests.support.openapi import Document

PAGE = (Path(__file__).parents[3] / "docs" / "client.md").read_text(encoding="utf-8")
_ADDRESS = "$CERTSVC_URL"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[list[str]]:
    for block in blocks("sh"):
        yield from (shlex.split(line) for line in block.replace("\\\n", " ").splitlines())


def _values(words: list[str], option: str) -> list[str]:
    return [value for name, value in itertools.pairwise(words) if name == option]


def test_there_are_four_tasks_in_three_languages() -> None:
    assert [len(blocks(language)) >= 4 for language in ("sh", "python", "csharp")] == [True, True, True]


@pytest.mark.parametrize("words", [*commands()], ids=lambda words: words[-1])
def test_curl_asks_what_there_is(document: Document, words: list[str]) -> None:
    """Method, address, query and body fields are of the document; a key goes along exactly where one is
    needed.
    """
    assert words[0] == "curl"
    assert words[-1].startswith(_ADDRESS)
    path, _, query = words[-1].removeprefix(_ADDRESS).partition("?")
    has_body = any(option in words for option in ("-d", "-F", "-X"))
    operation = document.operation_of("POST" if has_body else "GET", path)
    assert {name for name, _ in parse_qsl(query)} <= operation.parameters("query")
    sent = {form.partition("=")[0] for form in _values(words, "-F")}
    sent |= {
        name
        for data in _values(words, "-d")
        for name in (json.loads(data) if data.startswith("{") else {"kind": "", "record": ""})
    }
    assert sent <= document.body_fields(operation)
    assert bool(operation.described.get("security")) == any(
        "Bearer $CERTSVC_KEY" in header for header in _values(words, "-H")
    )


def test_csharp_asks_what_there_is(document: Document) -> None:
    """Addresses with their methods, and the members that it reads."""
    text = "\n".join(blocks("csharp"))
    calls = re.findall(
        r'(?:Send\(HttpMethod\.(Post|Get), |http\.(Get)\w+Async\()\$?"([^"?]+)\??([^"]*)"', text
    )
    assert len(calls) >= 8
    for posted, got, path, query in calls:
        operation = document.operation_of((posted or got).upper(), path)
        assert {name for name, _ in parse_qsl(query)} <= operation.parameters("query")
    members = set(re.findall(r'\w\["([a-z_]+)"\]', text)) | set(re.findall(r'\]\["([a-z_]+)"\]', text))
    assert members
    assert members <= document.members | RowResult.model_fields.keys() | {"code", "message_vi"}


def test_the_table_names_every_method() -> None:
    named = re.findall(r"`(\w+)`", "\n".join(line for line in PAGE.splitlines() if line.startswith("| ")))
    assert sorted(set(named) - {"open_webhook"}) == sorted(
        name for name in vars(Methods) if not name.startswith("_")
    )
