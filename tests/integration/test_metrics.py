"""Figures for a Prometheus server, read as such a server reads them."""

from prometheus_client.parser import text_string_to_metric_families

from tests.support.records import record
from tests.support.rig import Rig


async def _samples(rig: Rig) -> dict[tuple[str, ...], float]:
    answer = await rig.call("GET", "/metrics", role=None)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_certificates_of_the_full_layout_are_counted(rig: Rig) -> None:
    """One whose texts fit is filled, one whose employer does not takes the full layout; both count, whoever
    made them.
    """
    await rig.issued(record(1))
    await rig.issued(record(2, employer="Chi nhánh Công ty Cổ phần Thử nghiệm, " * 8))
    await rig.request(record(3))
    assert await _samples(rig) == {
        ("certsvc_certificates", "sick_leave", "issued"): 2,
        ("certsvc_certificates", "sick_leave", "requested"): 1,
        ("certsvc_certificates_awaiting_approval", "sick_leave"): 0,
        ("certsvc_files_published_total", "filled"): 1,
        ("certsvc_files_published_total", "laid_out"): 1,
    }


async def test_nothing_yet_is_counted_too(dummy_rig: Rig) -> None:
    """A fresh service answers with zeros."""
    assert await _samples(dummy_rig) == {
        ("certsvc_files_published_total", "filled"): 0,
        ("certsvc_files_published_total", "laid_out"): 0,
    }


async def test_rows_are_not_counted_for_every_caller(dummy_rig: Rig) -> None:
    """Anybody may ask, and counting reads every row: who asks again at once gets the same answer."""
    before = await _samples(dummy_rig)
    await dummy_rig.request(record(1))
    assert await _samples(dummy_rig) == before
