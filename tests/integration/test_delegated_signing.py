"""Papers that somebody delegated signs for the station: issued by the real press, and valid to whoever checks them."""

from typing import Any

from tests.support.approving import DEPUTY, delegate
from tests.support.records import record
from tests.support.rig import Rig


async def _signers(rig: Rig, certificate: Any) -> list[tuple[str, str]]:
    """Slots and names of a valid paper."""
    pdf = (await rig.call("GET", f"/v1/certificates/{certificate['id']}/pdf")).content
    report = (await rig.call("POST", "/v1/verify", role=None, files={"file": ("paper.pdf", pdf)})).json()
    assert report["verdict"] == "valid", report
    return [(each["slot"], each["signer"]) for each in report["signatures"]]


async def test_the_delegate_stands_where_the_head_would(rig: Rig) -> None:
    """In the representative's slot; the head who examined signs as practitioner, and a delegate who examined signs once."""
    before = await _signers(rig, await rig.issued(record(1, head_examined=True)))
    assert [slot for slot, _ in before] == ["representative", "organisation"]
    head = before[0][1]
    await delegate(rig, None, first=-1)
    await delegate(rig, DEPUTY, first=-1, last=1)
    rig.bench.rosters._kept.clear()  # known within five seconds
    by_head = await _signers(rig, await rig.issued(record(2, head_examined=True)))
    assert [slot for slot, _ in by_head] == ["practitioner", "representative", "organisation"]
    assert by_head[0][1] == head != by_head[1][1]
    by_deputy = await _signers(rig, await rig.issued(record(3), kind="recovery"))
    assert by_deputy == [("representative", by_head[1][1]), by_head[2]]
    assert record(3)["practitioner_licence"] == DEPUTY
