"""Calls about mappings, facilities, staff, designs, rules and figures."""

from collections.abc import Mapping as Titles
from urllib.parse import quote

from certsvc.client.asking import Question, ask, fetch
from certsvc.client.more_results import (
    Design,
    DesignPage,
    DisclosurePage,
    Facility,
    FacilityPage,
    Figure,
    FigurePage,
    Mapping,
    MappingPage,
    Practitioner,
    PractitionerPage,
    Recent,
    Rule,
    RulePage,
)
from certsvc.client.wires import Wire


async def list_mappings(wire: Wire) -> list[Mapping]:
    """What your organisation's own titles mean."""
    return (await ask(wire, Question("GET", "/v1/mappings"), MappingPage)).items


async def get_mapping(wire: Wire, name: str) -> Mapping:
    return await ask(wire, Question("GET", _path(name)), Mapping)


async def save_mapping(
    wire: Wire, name: str, columns: Titles[str, str | None], *, defaults: Titles[str, str] | None = None
) -> Mapping:
    """Save it, replacing the one of that name: the field each title means (None: skip), and what fills empty
    cells.
    """
    body = {"columns": dict(columns), "defaults": dict(defaults or {})}
    return await ask(wire, Question("PUT", _path(name), json=body), Mapping)


async def remove_mapping(wire: Wire, name: str) -> None:
    await fetch(wire, Question("DELETE", _path(name)))


def _path(name: str) -> str:
    return f"/v1/mappings/{quote(name, safe='')}"


async def list_facilities(wire: Wire) -> list[Facility]:
    return (await ask(wire, Question("GET", "/v1/facilities"), FacilityPage)).items


async def list_practitioners(wire: Wire, *, facility: str | None = None) -> list[Practitioner]:
    return (
        await ask(wire, Question("GET", "/v1/practitioners", {"facility": facility}), PractitionerPage)
    ).items


async def list_designs(wire: Wire) -> list[Design]:
    return (await ask(wire, Question("GET", "/v1/designs"), DesignPage)).items


async def list_rules(wire: Wire) -> list[Rule]:
    """The dated rows by which cases are judged now."""
    return (await ask(wire, Question("GET", "/v1/rules"), RulePage)).items


async def list_disclosures(
    wire: Wire, *, cursor: int | None = None, limit: int | None = None
) -> DisclosurePage:
    """When a facility was told that a person is known at another, newest first; `next_cursor` leads on."""
    return await ask(
        wire, Question("GET", "/v1/disclosures", {"cursor": cursor, "limit": limit}), DisclosurePage
    )


async def get_stats(wire: Wire, *, facility: str | None = None) -> list[Figure]:
    """How many certificates are in which state, per facility and kind."""
    return (await _figures(wire, facility)).items


async def get_recent(wire: Wire, *, facility: str | None = None) -> Recent:
    """The last 30 days: how many papers each rule rejected, and how many were issued and rejected per day."""
    return (await _figures(wire, facility)).recent


async def _figures(wire: Wire, facility: str | None) -> FigurePage:
    return await ask(wire, Question("GET", "/v1/stats", {"facility": facility}), FigurePage)
