"""The sample, issued: outcomes as expected, serials without gaps, and nothing twice, whatever form comes
again.
"""

import re
import statistics
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.bench_single import measure
from tests.support import calls
from tests.support.expectation import KINDS, expected_in, fates_of
from tests.support.service import Service

FORMS = ("f0_cases.csv", "f0_cases_vi.csv", "f0_cases_vi.xlsx")
CERTIFICATES = 264


def _identities(service: Service) -> dict[str, tuple[str, str]]:
    """Serial and digest of every certificate in the register, by its id."""
    with service.client("admin") as client:
        return {each["id"]: (each["serial"], each["pdf_sha256"]) for each in calls.certificates(client)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_the_sample_again_issues_nothing(service: Service, sample: Path, form: str, dry_run: str) -> None:
    """Each form, tried and in earnest: every certificate is `existing`, every rejection stands, no serial
    changes.
    """
    before = _identities(service)
    with service.client() as client:
        batch, lines = calls.send(client, sample / form, dry_run=dry_run)
    assert batch["status"] == "done"
    assert (batch["counts"]["rows"], batch["counts"]["existing"]) == (200, CERTIFICATES)
    assert {batch["counts"][name] for name in ("certificates", "issued", "pending", "failed")} == {0}
    wanted = expected_in(sample)
    assert fates_of(lines) == {case: replace(fate, warnings=frozenset()) for case, fate in wanted.items()}
    known = {line["certificate_id"]: line["serial"] for line in lines if line["outcome"] == "existing"}
    assert known == {each: before[each][0] for each in known}
    assert len(known) == CERTIFICATES
    assert _identities(service) == before


def test_certificates_bear_the_expected_warnings(service: Service, sample: Path) -> None:
    """Days and warnings as expected; signed in another year, every sick leave is late besides."""
    wanted = expected_in(sample)
    found: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    with service.client() as client:
        for certificate in calls.certificates(client):
            if certificate["case_id"] in wanted:
                found[certificate["case_id"]][certificate["kind"]] = certificate
    assert {(case, kind) for case, kinds in found.items() for kind in kinds} == {
        (case, kind) for case, fate in wanted.items() for kind in KINDS if getattr(fate, kind) == "issue"
    }
    for case, kinds in found.items():
        warnings = {rule for certificate in kinds.values() for rule in certificate["warnings"]}
        assert warnings == wanted[case].warnings | ({"A-LATE"} if "sick_leave" in kinds else set())
        assert [str(each["days"]) for each in kinds.values() if each["days"] is not None] == (
            [wanted[case].days] if "sick_leave" in kinds else []
        )


def test_serials_are_unique_and_without_gaps(service: Service) -> None:
    """Per facility, kind and year: 1, 2, 3 … and the serial says which."""
    sequences: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    with service.client("admin") as client:
        for certificate in calls.certificates(client):
            if certificate["serial"] is None:  # just asked for by another test
                continue
            facility, kind = certificate["facility_code"], certificate["kind"]
            form = (
                rf"{facility}(\d\d)(\d{{5,}})"
                if kind == "sick_leave"
                else rf"GXN-{facility}-(\d\d)-(\d{{5,}})"
            )
            parts = re.fullmatch(form, certificate["serial"])
            assert parts, certificate["serial"]
            sequences[facility, kind, parts[1]].append(int(parts[2]))
    assert sum(map(len, sequences.values())) >= CERTIFICATES
    for numbers in sequences.values():
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_a_facility_sees_its_own_and_others_do_not_exist(service: Service) -> None:
    """Lists hold only its own; another's certificate is a 404, for every call there is."""
    with service.client("admin") as admin, service.client("facility") as facility:
        everything = list(calls.certificates(admin))
        own = list(calls.certificates(facility))
        assert own
        assert own == [each for each in everything if each["facility_code"] == "01801"]
        other = next(
            each for each in everything if each["facility_code"] != "01801" and each["status"] == "issued"
        )
        assert list(calls.certificates(facility, facility=other["facility_code"])) == []
        here = f"/v1/certificates/{other['id']}"
        answers = [facility.get(here), facility.get(f"{here}/pdf")]
        answers += [
            facility.post(f"{here}/{change}", json={"reason": "fraud"})
            for change in ("revoke", "suspend", "reinstate", "replace")
        ]
        assert [answer.status_code for answer in answers] == [404] * 6
        assert calls.good(admin.get(here)) == other


def test_auditors_see_no_codes_and_change_nothing(service: Service) -> None:
    """They read everything but what leads to a person; every change is a 403."""
    with service.client("auditor") as auditor:
        listed = next(each for each in calls.certificates(auditor) if each["status"] == "issued")
        assert listed["code"] is None
        assert listed["verify_url"] is None
        assert {each["full_name"] for each in calls.good(auditor.get("/v1/practitioners"))["items"]} == {None}
        refused = auditor.post(f"/v1/certificates/{listed['id']}/revoke", json={"reason": "fraud"})
        assert refused.status_code == 403
        assert calls.good(auditor.get(f"/v1/certificates/{listed['id']}"))["status"] == "issued"


def test_results_and_archive_of_a_batch(service: Service, sample: Path) -> None:
    """CSV has a line for every row and kind, under its titles; the archive is tested with the files
    themselves.
    """
    with service.client() as client:
        batch, lines = calls.send(client, sample / "f0_cases.csv")
        text = client.get(f"/v1/batches/{batch['id']}/results", params={"format": "csv"}).content.decode(
            "utf-8-sig"
        )
    assert text.splitlines()[0].startswith("row,case_id,kind,outcome,rules,")
    assert len(text.splitlines()) == len(lines) + 1 == 401


def test_one_certificate_is_ready_within_two_seconds(service: Service) -> None:
    """The median of five single requests, from POST to the whole PDF."""
    with service.client() as client:
        times = measure(client, 5)
    assert statistics.median(times) < 2
