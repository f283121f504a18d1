"""Turns are shared fairly between askers."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from certsvc.errors import TooMany
from certsvc.processes.turns import FairTurns


def _turns(concurrency: int = 1, *, waiting: int = 100, each: int = 60) -> FairTurns:
    return FairTurns(concurrency, max_waiting=waiting, max_waiting_each=each)


def _working(turns: FairTurns, order: list[str]) -> Callable[[str], Coroutine[None, None, None]]:
    async def work(asker: str) -> None:
        async with turns.turn(asker):
            order.append(asker)
            await asyncio.sleep(0)

    return work


async def test_whoever_asks_much_waits_behind_his_own() -> None:
    """Fifty of one asker, then one of another: it is the third served, not the fifty-first."""
    turns, order = _turns(), list[str]()
    work = _working(turns, order)
    async with asyncio.TaskGroup() as group:
        for asker in [*["greedy"] * 50, "honest", "other"]:
            group.create_task(work(asker))
    assert order.index("honest") == 2
    assert order.index("other") == 3
    assert len(order) == 52


async def test_no_more_at_once_than_allowed() -> None:
    turns, now, most = _turns(2), 0, 0

    async def work(asker: str) -> None:
        nonlocal now, most
        async with turns.turn(asker):
            now, most = now + 1, max(most, now + 1)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(work(str(number % 3)) for number in range(30)))
    assert (now, most, turns.waiting) == (0, 2, 0)


@pytest.mark.parametrize(("waiting", "each"), [(2, 60), (100, 2)])
async def test_too_many_are_turned_away(waiting: int, each: int) -> None:
    """In all, and of one asker; the others are served."""
    turns, order = _turns(waiting=waiting, each=each), list[str]()
    work = _working(turns, order)
    done = await asyncio.gather(*(work("one") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, TooMany) for one in done) == 2
    assert order == ["one"] * 3


async def test_who_is_cancelled_as_the_turn_is_passed_on_is_passed_over() -> None:
    """Before it has noticed: the next one gets the turn, of the same asker or of another."""
    turns, order = _turns(), list[str]()
    holder = turns.turn("a")
    await holder.__aenter__()
    gone = [asyncio.create_task(_working(turns, order)(asker)) for asker in ("b", "c")]
    stays = asyncio.create_task(_working(turns, order)("c"))
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    await holder.__aexit__(None, None, None)
    await asyncio.gather(*gone, stays, return_exceptions=True)
    await _working(turns, order)("d")
    assert (order, turns.waiting) == (["c", "d"], 0)


@pytest.mark.parametrize("has_turn", [False, True])
async def test_who_goes_away_leaves_no_gap(has_turn: bool) -> None:
    """Cancelled while waiting, or at the very moment that the turn came."""
    turns = _turns()
    holder = turns.turn("a")
    await holder.__aenter__()
    gone = asyncio.create_task(_working(turns, [])("b"))
    await asyncio.sleep(0)
    if has_turn:
        await holder.__aexit__(None, None, None)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    if not has_turn:
        await holder.__aexit__(None, None, None)
    order = list[str]()
    await _working(turns, order)("c")
    assert (order, turns.waiting) == (["c"], 0)
