"""Every citation leads to a heading of this project or names a public text: CONTRIBUTING.md, Citations."""

import functools
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {"README": ROOT / "README.md"} | {
    page.stem: page for folder in (DOCS, DOCS / "domain") for page in folder.glob("[!R]*.md")
}

PLACE = r'(?:§[A-Z\d][\d.]*|Annex [A-Z\d]+|appendix [A-Z]|table \d+|Mẫu \d+|PL \d+|Đ\d+(?: k\d+)?|"[^"]+")'
NAMES = (
    r"RFC \d+(?:bis)?",
    r"(?:EN|TS) \d{3} \d{3}(?:-\d+)?",
    r"ISO(?:/IEC)? \d+(?:-\d+)?",
    r"ITU-T X\.\d+",
    r"ECMA-376 part \d",
    r"(?:TT|NĐ|QĐ|CV) \d+(?:/\d{4})?/[A-ZĐ&-]+",
    r"TCVN \d+",
    r"OpenID Connect [A-Z][\w .-]*?",
    r"Standard Webhooks 1\.0",
    r"WHATWG (?:HTML|Fetch)",
    r"W3C appmanifest",
    r"WCAG 2\.2",
    r"XMLDSig 1\.1",
    r"(?:UAX|UTS) #\d+",
    r"(?:CWE-|CVE-\d{4}-)\d+",
    r"APPNOTE(?: 4(?:\.\d+)+)?",  # PKWARE, .ZIP File Format Specification
    r"Zint manual",
    r"[A-Z]\w+(?: and [A-Z]\w+| et al\.)? (?:19|20)\d\d",
)
"""How public texts are called; the last are papers, by authors and year."""
PUBLIC = re.compile(rf"(?:{'|'.join(NAMES)})(?: {PLACE}(?:, {PLACE})*)?")
DECISION = re.compile(r"decision (\d{4})")

BRACKET = re.compile(r"(?<![\w\]`])\[([^\W\d_§][^\[\]]*|§[^\[\]]*)\](?![(\w\[])")
"""Prose in brackets: no subscript, link, option or number."""
FENCED = re.compile(r"```.*?```", re.DOTALL)
CODE = re.compile(rf"{FENCED.pattern}|`[^`]*`", re.DOTALL)
SECTION = re.compile(r"\b[a-z]+(?:\.md)? §|\b[a-z]+\.md (?:clause|section)")
"""A section of one of our pages outside of brackets: nothing holds it."""
STATEMENT_BEGINS = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
COMMENT = re.compile(r"(?:^|\s)//([^\n]*)|/\*(.*?)\*/", re.DOTALL)


@functools.cache
def headings(page: Path) -> set[str]:
    """Those of a page, without the numbers in front."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"^\d+\. ", "", heading) for heading in re.findall(r"^##+ (.+)$", text, re.MULTILINE)}


def leads_somewhere(citation: str) -> bool:
    """Whether one part of a citation is a page, with a heading or whole, a decision or a public text."""
    if decision := DECISION.fullmatch(citation):
        return any((DOCS / "decisions").glob(f"{decision[1]}-*.md"))
    page, _, heading = citation.partition(", ")
    if page in PAGES:
        return not heading or heading in headings(PAGES[page])
    return PUBLIC.fullmatch(citation) is not None


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    files = (
        ROOT / name
        for name in listed.stdout.decode().split("\0")
        if name and "/vendor/" not in name and name != "CHANGELOG.md"
    )
    return [
        file
        for file in files
        if file.is_file() and file.suffix in {".py", ".js", ".mjs", ".md"} and file != Path(__file__)
    ]


def prose(file: Path) -> Iterator[str]:
    """What a file says to readers: docstrings and comments, of a page all but code."""
    text = file.read_text(encoding="utf-8")
    match file.suffix:
        case ".py":
            before = tokenize.NEWLINE
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.COMMENT or (
                    token.type == tokenize.STRING and before in STATEMENT_BEGINS
                ):
                    yield token.string
                before = before if token.type in {tokenize.COMMENT, tokenize.NL} else token.type
        case ".md":
            yield text
        case _:
            yield from (line or block for line, block in COMMENT.findall(text))


def faults(words: str) -> Iterator[str]:
    """Citations in prose that lead nowhere."""
    plain = CODE.sub("``", words)
    for bracket in BRACKET.finditer(plain):
        parts = " ".join(bracket[1].split()).split("; ")
        if not all(map(leads_somewhere, parts)):
            yield bracket[0]
    yield from SECTION.findall(BRACKET.sub("", plain))


def test_citations_lead_somewhere() -> None:
    """In docstrings, comments and pages each names a heading, a rule, a decision or a public text."""
    files = tracked()
    assert len(files) > 500
    found = [
        f"{file.relative_to(ROOT)}: {fault}"
        for file in files
        for words in prose(file)
        for fault in faults(words)
    ]
    assert found == []


@pytest.mark.parametrize(
    "words",
    [
        "[domain §1.4 A12]",
        "[rules A-UNDER-7]",
        "[rules, A-UNDER-8]",
        "[signers, Slot]",
        "[nowhere, Slots]",
        "[decision 9999]",
        "[RFC 3161 §2.4.2; signers, Nobody]",
        "[RFC 3161 clause 2.4.2]",
        "[clause 5.4]",
        "[§18.18.11]",
        "[QĐ 4750]",
        "[domain §6]: of a minor not even initials",
        "[sick-leave,\n    Breadth]",
        "Wording: domain §1.2.",
        "Source: security.md §5.",
    ],
)
def test_a_citation_that_leads_nowhere_is_found(words: str) -> None:
    """An unknown page, heading, rule or decision, an unknown kind of text, a section outside of brackets."""
    assert list(faults(f"What holds {words}")) != []


@pytest.mark.parametrize(
    "words",
    [
        "[signers, Slots]",
        "[sick-leave, One examination, one certificate]",
        "[sick-leave,\n    Length]",
        "[rules, A-UNDER-7; decision 0004]",
        "[architecture, Verification]",
        "[insurance]",
        "[RFC 5652 §3, §5.1; ITU-T X.690 §11.6]",
        "[NĐ 30/2020/NĐ-CP Annex I]",
        "[TT 56/2017/TT-BYT Đ20 k2]",
        "[Luby and Rackoff 1988]",
        "`[label, value]`, counts[kind], [--rows 10], [0], [a link](https://example.vn)",
    ],
)
def test_a_citation_that_leads_somewhere_is_let_through(words: str) -> None:
    """Headings with commas, whole pages, several at once, broken lines; and brackets that cite nothing."""
    assert list(faults(f"What holds {words}")) == []
