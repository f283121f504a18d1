"""A service's OpenAPI document: the operation of a request, its parameters, its responses."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

_METHODS = frozenset({"get", "put", "post", "delete", "patch"})
_MULTIPART_NAME = re.compile(rb'form-data; name="(\w+)"')
_EXAMPLES = {
    "uuid": "6b1f5c0e-8a53-4c55-9d3f-0a4c6f7e2d10",
    "date": "2026-11-26",
    "date-time": "2026-11-26T02:15:09Z",
    "integer": 1,
    "boolean": True,
}
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """`path` is a template; possible values of its last part are spelled out, an operation for each."""

    method: str
    path: str
    described: Schema

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def parameters(self, where: str) -> set[str]:
        return {each["name"] for each in self.described.get("parameters", []) if each["in"] == where}

    def answer(self) -> tuple[str | None, Schema]:
        """Media type and schema of the successful response."""
        good = next(
            answer for status, answer in self.described["responses"].items() if status.startswith("2")
        )
        return next(
            ((kind, content.get("schema", {})) for kind, content in good.get("content", {}).items()),
            (None, {}),
        )


class Document:
    def __init__(self, document: Schema) -> None:
        self._document = document
        self.operations = list(self._operations())

    def _operations(self) -> Iterator[Operation]:
        for path, calls in self._document["paths"].items():
            for method in calls.keys() & _METHODS:
                for concrete in self._spelled_out(path, calls[method]):
                    yield Operation(method.upper(), concrete, calls[method])

    def _spelled_out(self, path: str, described: Schema) -> list[str]:
        for parameter in described.get("parameters", []):
            words = self.resolved(parameter["schema"]).get("enum") if parameter["in"] == "path" else None
            if words:
                return [path.replace(f"{{{parameter['name']}}}", word) for word in words]
        return [path]

    def operation_of(self, method: str, path: str) -> Operation:
        """The one with the fewest parameters. Raises LookupError if the document has none."""
        fitting = [
            each
            for each in self.operations
            if each.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each.path), path)
        ]
        if not fitting:
            raise LookupError(f"{method} {path} is not in the document")
        return min(fitting, key=lambda each: each.path.count("{"))

    @property
    def members(self) -> set[str]:
        """Of everything the document describes."""
        return {
            name
            for each in self._document["components"]["schemas"].values()
            for name in each.get("properties", {})
        }

    def component(self, name: str) -> Schema:
        found: Schema = self._document["components"]["schemas"][name]
        return found

    def resolved(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        found: Any = self._document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return self.resolved(found)

    def body_fields(self, operation: Operation) -> set[str]:
        """The schemas for all media types that it accepts."""
        kinds = operation.described.get("requestBody", {}).get("content", {})
        return {name for kind in kinds.values() for name in self._properties(kind["schema"])}

    def _properties(self, schema: Schema) -> set[str]:
        known = self.resolved(schema)
        return set(known.get("properties", {})) | {
            name for each in known.get("anyOf", []) for name in self._properties(each)
        }

    def example(self, schema: Schema) -> Any:
        """A value that the schema allows; the last of several words, and not null if possible."""
        known = self.resolved(schema)
        if "anyOf" in known:
            return self.example(known["anyOf"][0])
        if "const" in known or "enum" in known:
            return known.get("const", known.get("enum", [None])[-1])
        if known.get("type") == "object":
            members = known.get("properties", {"some": known.get("additionalProperties")})
            return {
                name: self.example(each) if isinstance(each, dict) else 1 for name, each in members.items()
            }
        if known.get("type") == "array":
            return [self.example(known["items"])]
        return _EXAMPLES.get(known.get("format", known.get("type", "")), "text")


def sent_fields(request: httpx2.Request) -> set[str]:
    """Names in the body of a request."""
    if request.headers.get("Content-Type", "").startswith("multipart/"):
        return {name.decode() for name in _MULTIPART_NAME.findall(request.content)}
    if not request.content:
        return set()
    found = json.loads(request.content)
    return set(found) if isinstance(found, dict) else set()


def disagreements(ours: Schema, theirs: Schema, our: Document, their: Document, *, at: str) -> list[str]:
    """Where a reader's schema does not fit a writer's: other members, types, formats or words.

    A reader may accept any text as a word.
    """
    ours, theirs = our.resolved(ours), their.resolved(theirs)
    if "properties" in ours or "properties" in theirs:
        return _members(ours, theirs, our, their, at=at)
    if "array" in {ours.get("type"), theirs.get("type")}:
        if ours.get("type") != theirs.get("type"):
            return [f"{at}: a list"]
        return disagreements(ours["items"], theirs["items"], our, their, at=f"{at}[]")
    mine, other = _plain(ours, our), _plain(theirs, their)
    return [] if mine == other or mine == _wider(other) else [f"{at}: {mine} reads {other}"]


def _members(ours: Schema, theirs: Schema, our: Document, their: Document, *, at: str) -> list[str]:
    if our_names := set(ours.get("properties", {})) ^ set(theirs.get("properties", {})):
        return [f"{at}: {sorted(our_names)}"]
    found = [
        f"{at}.{name}: not always there"
        for name in set(ours.get("required", [])) - set(theirs.get("required", []))
    ]
    for name, each in ours["properties"].items():
        found += _choices(each, theirs["properties"][name], our, their, at=f"{at}.{name}")
    return found


def _choices(ours: Schema, theirs: Schema, our: Document, their: Document, *, at: str) -> list[str]:
    """Nullable things are compared by what they are else; both must be nullable, or ours alone."""
    (mine, our_null), (other, their_null) = (
        _without_null(our.resolved(ours)),
        _without_null(their.resolved(theirs)),
    )
    missing = [f"{at}: may be null"] if their_null and not our_null else []
    return missing + disagreements(mine, other, our, their, at=at)


def _without_null(schema: Schema) -> tuple[Schema, bool]:
    choices = schema.get("anyOf", [schema])
    kept = [each for each in choices if each.get("type") != "null"]
    return (kept[0] if len(kept) == 1 else {"anyOf": kept}), len(kept) < len(choices)


def _plain(schema: Schema, document: Document) -> tuple[Any, ...]:
    known = document.resolved(schema)
    if "anyOf" in known:
        choices = [_plain(each, document) for each in known["anyOf"]]
        words = tuple(sorted(word for each in choices for word in each[2]))
        return (
            ("string", None, words)
            if all(each[2] for each in choices)
            else ("any of", None, tuple(sorted(map(str, choices))))
        )
    words = tuple(sorted(map(str, known.get("enum", [known["const"]] if "const" in known else []))))
    values = known.get("additionalProperties")
    inner = _plain(values, document) if isinstance(values, dict) and values else None
    return known.get("type"), known.get("format") or inner, words


def _wider(plain: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*plain[:2], ())
