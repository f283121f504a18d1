"""Every attack through the process that checks: the right answer; others are served meanwhile.

No answer here is by the limit of time: which file passes that depends on the machine.
"""

import asyncio
import hashlib
import time

import pytest

from certsvc.models import Status
from certsvc.processes.examiner import Examiner
from certsvc.verify.judging import RegisterFacts, judge_file
from certsvc.verify.report import CheckOutcome, Verdict
from tests.support.rig import Rig
from tests.tampering.__main__ import MANIFEST
from tests.tampering.attack import Answer
from tests.tampering.bases import Level, Xref, digests
from tests.tampering.registry import CLASSES, Variant, manifest, variants
from tests.unit.verify import samples

TIMEOUT_S, MEMORY = 60.0, 512 * 1024**2
ALL = {variant.name: variant for variant in variants()}
BREAKERS = [variant for variant in ALL.values() if variant.family in {"structure", "exhaustion"}]


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    """What each file gets, checked one after another as they come in."""
    return asyncio.run(_ask_all())


async def _ask_all() -> dict[str, Answer]:
    async with Examiner(timeout_s=TIMEOUT_S, memory_bytes=MEMORY) as examiner:
        return {variant.name: await _ask(examiner, variant) for variant in ALL.values()}


async def _ask(examiner: Examiner, variant: Variant) -> Answer:
    data = await asyncio.to_thread(variant.make)
    attack = variant.attack
    examination = await examiner.examine(
        data, trust=attack.trust(variant.base), now=samples.now() + attack.later
    )
    register = RegisterFacts(Status.ISSUED) if hashlib.sha256(data).digest() in digests() else None
    judgement = judge_file(examination, register=register)
    failed = [check.name for check in examination.checks if check.outcome is CheckOutcome.FAILED]
    return Answer(judgement.verdict, judgement.reasons[0], next(iter(failed), None))


@pytest.mark.parametrize("name", ALL)
def test_every_file_gets_its_answer(answers: dict[str, Answer], name: str) -> None:
    """Verdict, reason and the first check that fails; the controls among them are valid."""
    assert answers[name] == ALL[name].answer


def test_no_attack_is_valid() -> None:
    """What the corpus expects cannot itself be wrong about this."""
    valid = {
        (variant.family, variant.attack.name)
        for variant in ALL.values()
        if variant.answer.verdict is Verdict.VALID
    }
    assert valid == {("controls", "unchanged")}


def test_the_corpus_is_wide() -> None:
    """Every class, both cross-references, one signature and three, B-B to B-LTA."""
    bases = {variant.base for variant in ALL.values()}
    assert all(CLASSES.values())
    assert len(ALL) == sum(len(attack.bases) for attacks in CLASSES.values() for attack in attacks) >= 120
    assert {base.xref for base in bases} == set(Xref)
    assert {base.level for base in bases} == set(Level)
    assert {base.count for base in bases} == {1, 2, 3}


def test_the_list_of_attacks_is_kept() -> None:
    """`python -m tests.tampering` renews it."""
    assert MANIFEST.read_text(encoding="utf-8") == manifest()


async def test_breakers_get_an_answer_and_others_are_served_meanwhile(dummy_rig: Rig) -> None:
    """Whatever is uploaded: a report that says no, or a 4xx; never a failure of ours, and `/livez` answers
    all the time.
    """
    uploads = asyncio.create_task(_upload_all(dummy_rig))
    waits = []
    while not uploads.done():
        started = time.monotonic()
        assert (await dummy_rig.call("GET", "/livez", role=None)).status_code == 200
        waits.append(time.monotonic() - started)
        await asyncio.sleep(0.05)
    assert await uploads == set()
    assert max(waits) < 2


async def _upload_all(rig: Rig) -> set[tuple[str, int, str]]:
    """Those that were answered wrongly: name, status, verdict."""
    wrong = set()
    for variant in BREAKERS:
        data = await asyncio.to_thread(variant.make)
        answer = await rig.call("POST", "/v1/verify", role=None, files={"file": ("a.pdf", data)})
        verdict = answer.json().get("verdict", "") if answer.status_code == 200 else ""
        if not (verdict in {"invalid", "unknown"} or answer.status_code in {400, 413, 415, 422}):
            wrong.add((variant.name, answer.status_code, verdict))
    return wrong
