"""Papers that somebody delegated signs for the station: issued by the real press, and valid to whoever checks
them.
"""

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any

import pytest

from certsvc.clock import HANOI
from certsvc.issuing.approval.delegating import set_copies
from certsvc.models import DelegationKind
from certsvc.store import registry
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
    """In the representative's slot; the head who examined signs as practitioner, and a delegate who examined
    signs once.
    """
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


async def _text_of(rig: Rig, certificate: Any, tmp_path: Path) -> tuple[str, str]:
    """The paper's words, and what pdfsig says of it; our own check finds it valid."""
    await _signers(rig, certificate)
    path = tmp_path / "paper.pdf"
    path.write_bytes((await rig.call("GET", f"/v1/certificates/{certificate['id']}/pdf")).content)
    return " ".join(_said("pdftotext", path, "-").split()), _said("pdfsig", "-nocert", path)


def _said(*command: str | Path) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("kind", "first_line"),
    [(DelegationKind.DEPUTY, "KT. GIÁM ĐỐC"), (DelegationKind.AUTHORISED, "TUQ. GIÁM ĐỐC")],
)
async def test_the_delegates_paper_names_the_head_above(
    rig: Rig, tmp_path: Path, kind: DelegationKind, first_line: str
) -> None:
    """On both papers: by the authority's kind, with the titles of the register; the head's own paper says
    neither.
    """
    async with rig.res.db.begin() as session:
        for person in await registry.list_practitioners(session, facility_codes=["01801"]):
            person.title = "Giám đốc" if person.is_head else "Phó Giám đốc"
    before, _ = await _text_of(rig, await rig.issued(record(1)), tmp_path)
    await delegate(rig, DEPUTY, first=-1, kind=kind)
    rig.bench.rosters._kept.clear()  # known within five seconds
    leave, _ = await _text_of(rig, await rig.issued(record(2)), tmp_path)
    recovery, _ = await _text_of(rig, await rig.issued(record(2), kind="recovery"), tmp_path)
    assert "GIÁM ĐỐC" not in before
    assert f"THỦ TRƯỞNG ĐƠN VỊ {first_line} PHÓ GIÁM ĐỐC (Ký, ghi rõ họ tên, đóng dấu)" in leave
    assert f"{first_line} PHÓ GIÁM ĐỐC (Ký, ghi rõ họ tên, đóng dấu)" in recovery


async def test_both_copies_are_one_signed_file(rig: Rig, tmp_path: Path) -> None:
    """Where the station asks for it: liên 2, signed, and liên 1 with the same times as content; three
    signatures that other readers accept too.
    """
    one, _ = await _text_of(rig, await rig.issued(record(1)), tmp_path)
    await set_copies(rig.res.db, "01801", both=True)
    rig.bench.rosters._kept.clear()  # known within five seconds
    paper = await rig.issued(record(2))
    both, signatures = await _text_of(rig, paper, tmp_path)
    long_employer = "Công ty Trách nhiệm hữu hạn Một thành viên Thí Dụ " * 8
    slow, _ = await _text_of(rig, await rig.issued(record(3, employer=long_employer.strip())), tmp_path)
    recovery, _ = await _text_of(rig, await rig.issued(record(2), kind="recovery"), tmp_path)
    assert ("Liên số 2" in one, "Liên số 1" in one) == (True, False)
    for text in (both, slow):
        assert text.index("Liên số 2") < text.index("Liên số 1")
    assert both.count(paper["code"]) == 2
    assert "Liên" not in recovery
    assert (
        signatures.count("Signature Validation: Signature is Valid.")
        == signatures.count("Signature #")
        == len(await _signers(rig, paper))
    )
    signed_at = dt.datetime.fromisoformat(paper["signed_at"]).astimezone(HANOI).isoformat(timespec="seconds")
    assert both.count(signed_at) >= len(await _signers(rig, paper))
