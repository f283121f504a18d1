"""Webhooks of a whole service, kept from the command line: made, tested, told, replayed, removed."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from certsvc.cli import app
from tests.support.receiver import Receiver, receiving, status
from tests.support.records import record
from tests.support.station import Served, Station, served, set_up


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return set_up(tmp_path / "station", webhooks_allow_private=True)


async def _run(service: Served, *words: str, exit_code: int = 0) -> str:
    """What a command prints. In a thread, for the receiver answers in this one."""
    environment = {"CERTSVC_URL": service.base_url, "CERTSVC_KEY": service.station.keys["insurer"]}
    result = await asyncio.to_thread(CliRunner().invoke, app, ["webhooks", *words], env=environment)
    assert result.exit_code == exit_code, result.output
    return result.stdout.strip()


async def _until(receiver: Receiver, count: int) -> None:
    async with asyncio.timeout(60):
        while len(receiver.came) < count:  # noqa: ASYNC110 - the service is another process
            await asyncio.sleep(0.05)


async def test_commands(station: Station) -> None:
    """What each does is seen by the receiver, or in the next one's output."""
    async with receiving() as receiver:
        with served(station) as service, service.client() as client:
            webhook, secret = (await _run(service, "add", receiver.url)).split()
            test = await _run(service, "test", webhook)
            await _until(receiver, 1)
            assert (receiver.came[0].id, receiver.came[0].opens_with(secret)) == (test, True)
            renewed = await _run(service, "rotate", webhook, "--overlap-hours", "0")
            receiver.behave = lambda _: status(410)
            client.post(
                "/v1/certificates", json={"kind": "sick_leave", "record": record(1)}
            ).raise_for_status()
            await _until(receiver, 2)
            assert (receiver.came[1].opens_with(secret), receiver.came[1].opens_with(renewed)) == (
                False,
                True,
            )
            async with asyncio.timeout(30):
                while json.loads(await _run(service, "list", "--json"))[0]["enabled"]:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.05)
            assert "gone" in await _run(service, "list")
            await _run(service, "replay", webhook, exit_code=1)
            await _run(service, "enable", webhook)
            receiver.behave = lambda _: status(200)
            assert await _run(service, "replay", webhook) == "1"
            await _until(receiver, 3)
            assert receiver.came[2].id == receiver.came[1].id != test
            assert await _run(service, "replay", webhook, "--delivery", test) == "1"
            await _until(receiver, 4)
            told = await _run(service, "log", webhook)
            assert all(word in told for word in ("certificate.issued", "webhook.test", "delivered"))
            await _run(service, "remove", webhook)
            assert json.loads(await _run(service, "list", "--json")) == []
            await _run(service, "log", webhook, exit_code=1)
