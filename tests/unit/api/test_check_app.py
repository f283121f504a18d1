"""What the check page's app is made of is all there: modules, the QR reader, words, icons."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from certsvc.api.pages import PAGES, STATIC
from certsvc.api.public import check_app
from certsvc.api.words import pages
from certsvc.api.words.check_app import all_words
from certsvc.verify.reasons import Reason
from certsvc.verify.report import CheckName, CheckOutcome, Verdict

_SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (STATIC / "check").glob("*.js")}


def test_the_vendored_qr_reader_is_what_the_lock_names() -> None:
    """Its files, licence included, are those that `make reader` copied out of that very package."""
    folder = STATIC / "vendor" / "zxing-wasm"
    origin = json.loads((folder / "origin.json").read_text())
    locked = json.loads((Path(__file__).parents[3] / "web" / "package-lock.json").read_text())["packages"][
        "node_modules/zxing-wasm"
    ]
    assert (origin["version"], origin["integrity"]) == (locked["version"], locked["integrity"])
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"NOTICE", "origin.json"}
    }
    assert {name: hashlib.sha256(content).hexdigest() for name, content in found.items()} == origin["sha256"]
    assert found["reader/zxing_reader.wasm"].startswith(b"\0asm")
    assert found["LICENSE"].startswith(b"MIT License")


def test_the_worker_keeps_every_file_that_the_page_needs() -> None:
    """All modules, the reader with its WebAssembly, styles, words; and not itself."""
    shell = json.loads(
        check_app._worker_text().splitlines()[0].removeprefix("const SHELL = ").removesuffix(";")
    )
    kept = {address.partition("?")[0] for address in shell["files"]}
    modules = {f"/static/check/{name}" for name in _SCRIPTS if name != "worker.js"}
    assert (
        modules | {"/check", "/check/words.json", "/static/vendor/zxing-wasm/reader/zxing_reader.wasm"}
        <= kept
    )
    assert "/static/check/worker.js" not in kept
    assert all(
        (STATIC / address.removeprefix("/static/")).is_file()
        for address in kept
        if address.startswith("/static/")
    )


def test_every_word_that_a_module_asks_for_is_there() -> None:
    """`words.page.NAME` and the faults of the camera have words in both languages."""
    page = all_words()["page"]
    asked = {name for text in _SCRIPTS.values() for name in re.findall(r"words\.page\.(\w+)", text)}
    faults = set(re.findall(r'"((?:no_camera|camera_\w+|no_reader))"', _SCRIPTS["camera.js"]))
    assert asked | faults <= set(page)
    assert len(faults) == 4


@pytest.mark.parametrize(
    ("part", "codes"), [("reasons", Reason), ("checks", CheckName), ("outcomes", CheckOutcome)]
)
def test_words_are_complete(part: str, codes: type[Reason] | type[CheckName] | type[CheckOutcome]) -> None:
    assert set(all_words()[part]) == set(codes)


def test_every_band_has_its_icon_in_the_page() -> None:
    """The script can only show icons that the page brings."""
    brought = set(
        re.findall(
            r'"(\w+)"',
            (PAGES / "check_parts.html")
            .read_text(encoding="utf-8")
            .partition("{% for name in (")[2]
            .partition(")")[0],
        )
    )
    headlines = [*pages.BY_VERDICT.values(), *pages.BY_REASON.values()]
    assert {headline.icon for headline in headlines} | {"tick", "cross", "dash", "arrow"} <= brought
    assert set(pages.BY_VERDICT) == set(Verdict)
