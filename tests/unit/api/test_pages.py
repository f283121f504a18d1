"""Every page in every state: nothing undefined, well-formed, in both languages, and no word too many."""

import re
from itertools import pairwise

import httpx2
import pytest
from jinja2 import UndefinedError
from starlette.exceptions import HTTPException

from certsvc.api import pages
from tests.unit.api.page_reading import Outline, render, words_of
from tests.unit.api.page_samples import CODE, NOT_FOR_STRANGERS, PAGES, Page

_BY_LABEL = {page.label: page for page in PAGES}
_ALL = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.label)


@_ALL
def test_every_page_is_well_formed(page: Page) -> None:
    """Tags are balanced, ids unique, and everything that points to an id finds it."""
    outline = Outline(render(page))
    assert outline.errors == []
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    pointers = {
        name: attributes[name]
        for _, attributes in outline.elements
        for name in ("aria-describedby", "aria-labelledby", "for")
        if name in attributes
    }
    targets = {target for value in pointers.values() for target in (value or "?").split()}
    targets |= {(link["href"] or "")[1:] for link in outline.all("a") if (link["href"] or "").startswith("#")}
    assert targets <= set(ids)


@_ALL
def test_every_page_has_landmarks_and_orderly_headings(page: Page) -> None:
    """One h1, no level left out, a skip link, one main, a language, a title of its own."""
    outline = Outline(render(page))
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    assert [len(outline.all(tag)) for tag in ("main", "header", "footer", "nav", "title")] == [1] * 5
    assert outline.all("html")[0]["lang"] == "vi"
    assert outline.all("a")[0] == {"class": "skip", "href": "#main"}
    assert not outline.text.strip().startswith("·")


@_ALL
def test_every_page_obeys_the_content_security_policy(page: Page) -> None:
    """No inline style or script, nothing from elsewhere: the policy would refuse it."""
    outline = Outline(render(page))
    assert not outline.all("style", "iframe", "object")
    assert all((script["src"] or "").startswith("/static/") for script in outline.all("script"))
    assert not [
        name
        for _, attributes in outline.elements
        for name in attributes
        if name == "style" or name.startswith("on")
    ]
    sources = [link["href"] or "" for link in outline.all("link")] + [
        image["src"] or "" for image in outline.all("img")
    ]
    assert all(
        source.startswith(("/static/", "/manifest.webmanifest", "data:image/svg+xml;base64,"))
        for source in sources
    )
    assert all((form["action"] or "").startswith("/") for form in outline.all("form"))


@_ALL
def test_every_page_is_in_both_languages(page: Page) -> None:
    """English stands beside the Vietnamese and is marked as English."""
    outline = Outline(render(page))
    english = [span for span in outline.all("span") if span.get("lang") == "en"]
    assert len(english) >= 6
    assert re.search("[ăâđêôơưạảấầẩậắằặẹẻếềểệỉịọỏốồổộớờởợụủứừửữự]", outline.text)


@_ALL
def test_every_field_has_a_label(page: Page) -> None:
    """No field without a visible label, an autocomplete token and, where it is wrong, its own message."""
    outline = Outline(render(page))
    labelled = {label["for"] for label in outline.all("label")}
    for field in outline.all("input"):
        if field["type"] == "hidden":
            continue
        assert field["id"] in labelled
        assert "aria-describedby" in field
        assert field["type"] in {"file", "radio"} or "autocomplete" in field
        assert ("aria-invalid" in field) == (f"{field['id']}-error" in (field["aria-describedby"] or ""))


@pytest.mark.parametrize("page", [page for page in PAGES if page.is_stranger], ids=lambda page: page.label)
def test_a_stranger_sees_nothing_personal(page: Page) -> None:
    """Neither name, whole serial, leave dates nor that it was COVID, even if a view held too much."""
    words = words_of(render(page))
    assert not [secret for secret in NOT_FOR_STRANGERS if secret in words]


def test_a_missing_value_is_an_error() -> None:
    """A page never says less than it should because a name was misspelt."""
    page = _BY_LABEL["start"]
    with pytest.raises(UndefinedError):
        render(Page("slip", "slip.html", "/", {"code": CODE}))
    assert render(page)


async def test_static_files_are_kept_and_packed() -> None:
    """By digest: for a year, gzipped to a quarter; without it a browser asks again; what is not there is a
    404.
    """
    transport = httpx2.ASGITransport(pages.static_files())
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        name = "/vendor/bootstrap-5.3.9/bootstrap.min.css"
        packed = await client.get(f"{name}?v=0123456789ab")
        assert packed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.num_bytes_downloaded < len(packed.content) / 4
        assert (await client.get(name)).headers["Cache-Control"] == "no-cache"
        with pytest.raises(HTTPException):
            await client.get("/../pages.py")


def test_static_files_are_addressed_by_digest() -> None:
    """What a page links to exists, and its address changes with its content."""
    links = [link["href"] or "" for link in Outline(render(_BY_LABEL["start"])).all("link")]
    assert len(links) == 3
    for link in links:
        name, _, digest = link.removeprefix("/static/").partition("?v=")
        assert (pages.STATIC / name).is_file()
        assert re.fullmatch("[0-9a-f]{12}", digest)
