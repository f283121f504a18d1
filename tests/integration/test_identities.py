"""A new key in another's place."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.errors import NotFound
from certsvc.models import SigningIdentity
from certsvc.store import registry
from certsvc.trust.identities import rotate_identity
from tests.support import pki
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


@pytest.fixture(scope="module")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of the same people that nobody knows yet."""
    return pki.make(tmp_path_factory.mktemp("keys") / "pki").folder


async def _all(rig: Rig) -> list[SigningIdentity]:
    async with rig.res.db.read() as session:
        return list(await registry.list_identities(session))


def _with(settings: Settings, keys_dir: Path) -> Settings:
    return settings.model_copy(update={"keys_dir": keys_dir})


async def test_a_rotated_key_gives_way_to_the_new_one(rig: Rig, other_keys: Path) -> None:
    """For the same person of the same facility; what the old one signed stays verifiable, for it stays
    known.
    """
    before = await _all(rig)
    old = next(each for each in before if each.licence)
    new = await rotate_identity(
        rig.res.db,
        old.id,
        other_keys / old.source,
        settings=_with(rig.res.settings, other_keys),
        now=utc_now(),
    )
    after = {each.id: each for each in await _all(rig)}
    assert set(after) == {each.id for each in before} | {new.id}
    assert (after[new.id].facility_code, after[new.id].licence, after[new.id].retired_at) == (
        old.facility_code,
        old.licence,
        None,
    )
    assert [each.id for each in after.values() if each.retired_at] == [old.id]


async def test_a_fault_in_the_middle_leaves_all_as_it_was(rig: Rig, other_keys: Path) -> None:
    """The new key is entered, retiring the old one fails: neither has happened, and it can be done again."""
    before = [(each.id, each.retired_at) for each in await _all(rig)]
    old = (await _all(rig))[0]

    def break_down(_connection: object, _cursor: object, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE identities"):
            raise OSError("the disk is full")

    engine = rig.res.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", break_down)
    try:
        with pytest.raises(OSError, match="the disk is full"):
            await rotate_identity(
                rig.res.db,
                old.id,
                other_keys / old.source,
                settings=_with(rig.res.settings, other_keys),
                now=utc_now(),
            )
    finally:
        event.remove(engine, "before_cursor_execute", break_down)
    assert [(each.id, each.retired_at) for each in await _all(rig)] == before
    await rotate_identity(
        rig.res.db,
        old.id,
        other_keys / old.source,
        settings=_with(rig.res.settings, other_keys),
        now=utc_now(),
    )


async def test_an_unknown_identity_is_not_rotated(rig: Rig, other_keys: Path) -> None:
    """And no key is taken into use for nobody."""
    before = len(await _all(rig))
    file = other_keys / (await _all(rig))[0].source
    with pytest.raises(NotFound, match="no_such_identity"):
        await rotate_identity(
            rig.res.db, uuid.uuid4(), file, settings=_with(rig.res.settings, other_keys), now=utc_now()
        )
    assert len(await _all(rig)) == before
