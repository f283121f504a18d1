"""Renders a page as a request would and reads it back: elements, nesting, words."""

from html.parser import HTMLParser
from typing import Any

from fastapi import Request
from typing_extensions import override

from certsvc.api import pages
from tests.unit.api.page_samples import Page

_VOID = {"meta", "link", "input", "img", "br", "path", "circle"}


class Outline(HTMLParser):
    """A page's elements, text and nesting; a tag left open or closed twice is an error."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.errors: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.errors += [f"left open: {tag}" for tag in self._open]

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len({name for name, _ in attrs}) != len(attrs):
            self.errors.append(f"attribute twice: {tag}")
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @override
    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.errors.append(f"closed out of turn: {tag}")

    @override
    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


def render(page: Page, **changes: Any) -> str:
    request = Request({"type": "http", "path": page.path, "headers": []})
    return bytes(pages.render(request, page.template, **(page.context | changes)).body).decode()


def words_of(html: str) -> str:
    return " ".join(Outline(html).text.split())
