"""`/v1/mappings`: what a sender's own titles mean, saved once."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StringConstraints

from certsvc.api.access import Now, Reader, Res, Writer
from certsvc.api.schemas import Strict
from certsvc.issuing.batches.mappings import get_mapping, save_mapping
from certsvc.models import ColumnMapping
from certsvc.records.columns import LONGEST_TITLE
from certsvc.store import mappings

router = APIRouter(prefix="/v1/mappings", tags=["mappings"])
_MOST_COLUMNS = 200
_Title = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TITLE)]
_FieldName = Annotated[str, StringConstraints(max_length=64)]
Name = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="`default` is used where a batch names none")
]


class MappingIn(Strict):
    """`columns` says which field each title means, or null for one to skip; `defaults` fill empty cells."""

    columns: Annotated[dict[_Title, _FieldName | None], Field(max_length=_MOST_COLUMNS)] = Field(
        default_factory=dict
    )
    defaults: Annotated[
        dict[_FieldName, Annotated[str, StringConstraints(max_length=1024)]], Field(max_length=64)
    ] = Field(default_factory=dict)


class MappingOut(BaseModel):
    name: str
    columns: dict[str, str | None]
    defaults: dict[str, str]
    changed_at: dt.datetime


class MappingPage(BaseModel):
    items: list[MappingOut]


def _out(mapping: ColumnMapping) -> MappingOut:
    return MappingOut.model_validate(mapping, from_attributes=True)


@router.get("")
async def list_mappings(res: Res, caller: Reader) -> MappingPage:
    """The mappings of the caller's organisation."""
    async with res.db.read() as session:
        found = await mappings.of_owner(session, caller.owner)
    return MappingPage(items=[_out(mapping) for mapping in found])


@router.get("/{name}")
async def read(name: Name, res: Res, caller: Reader) -> MappingOut:
    async with res.db.read() as session:
        return _out(await get_mapping(session, name, caller=caller))


@router.put("/{name}")
async def save(name: Name, asked: MappingIn, res: Res, caller: Writer, now: Now) -> MappingOut:
    """Save a mapping, replacing the one of that name; batches accepted before keep theirs."""
    return _out(
        await save_mapping(
            res.db, name, columns=asked.columns, defaults=asked.defaults, caller=caller, now=now
        )
    )


@router.delete("/{name}", status_code=204)
async def remove(name: Name, res: Res, caller: Writer) -> None:
    async with res.db.begin() as session:
        await get_mapping(session, name, caller=caller)
        await mappings.remove(session, caller.owner, name)
