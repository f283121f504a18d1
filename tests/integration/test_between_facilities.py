"""What one facility's case means for another's: told last, for a real request, to whoever has the number and
the name; never by guessing.
"""

import uuid

import pytest
from alembic import command
from sqlalchemy import Connection, delete, func, select, update

from certsvc.errors import Broken
from certsvc.issuing.requests.marking import mark_all
from certsvc.models import Certificate, CertificateMark, Disclosure, Episode
from certsvc.records import duplicate_finding
from certsvc.store import Database
from tests.integration.test_migrations import alembic_of
from tests.support.mending import mend
from tests.support.records import as_csv, record
from tests.support.rig import Rig

PATIENT = {
    name: record(1)[name]
    for name in (
        "full_name",
        "birth_date",
        "citizen_id",
        "social_insurance_no",
        "health_insurance_card",
        "phone",
    )
}
THERE = record(1, facility="01802") | {"case_id": "there"}
ILL_THERE = THERE | {
    "positive_on": "2022-03-01",
    "examined_on": "2022-03-01",
    "isolation_from": "2022-03-01",
    "isolation_to": "2022-03-07",
    "outcome": "active",
}
ILL_THERE |= {"last_test_on": "", "last_test_result": "", "last_test_by": ""}


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def fates(
    rig: Rig, *records: dict[str, str], role: str = "facility", dry_run: str = "false"
) -> dict[str, tuple[str, list[str]]]:
    """Outcome and rules by kind of the file's last row."""
    batch_id = (await rig.submit(as_csv(*records), role=role, dry_run=dry_run)).json()["id"]
    await rig.work()
    lines = [
        line for line in await rig.results(batch_id, role=role) if line["case_id"] == records[-1]["case_id"]
    ]
    return {line["kind"]: (line["outcome"], [rule["id"] for rule in line["rules"]]) for line in lines}


async def disclosures(rig: Rig) -> list[tuple[str, str, str]]:
    async with rig.res.db.read() as session:
        return [
            (each.rule, each.facility_code, each.told_facility_code)
            for each in await session.scalars(select(Disclosure).order_by(Disclosure.id))
        ]


async def count(rig: Rig, entity: type[Episode]) -> int:
    async with rig.res.db.read() as session:
        return await session.scalar(select(func.count()).select_from(entity)) or 0


async def test_a_leave_elsewhere_is_told_when_issuing_alone(rig: Rig) -> None:
    """A facility's dry run says nothing of it, an insurer's does; the real request is told, and that is noted
    at both.
    """
    await rig.issued(THERE)
    assert (await fates(rig, record(1), dry_run="true"))["sick_leave"] == ("would_issue", [])
    assert (await fates(rig, record(1), role="insurer", dry_run="true"))["sick_leave"] == (
        "would_issue",
        ["A-OVERLAP"],
    )
    assert await disclosures(rig) == []
    assert (await fates(rig, record(1)))["sick_leave"] == ("issued", ["A-OVERLAP"])
    assert await disclosures(rig) == [("A-OVERLAP", "01801", "01802")]


@pytest.mark.parametrize(
    "changes",
    [
        {"full_name": "Lê Văn Khác", "birth_date": "1970-01-01"},
        {"citizen_id": "", "social_insurance_no": "0100000077", "health_insurance_card": ""},
        {"visit_no": ""},
    ],
    ids=["another name and birth", "no number of theirs", "refused anyhow"],
)
async def test_nothing_is_told_to_who_guesses(rig: Rig, changes: dict[str, str]) -> None:
    """A number with a wrong name and birth, a name without the number, a record that is refused for something
    else: no word, no note.
    """
    await rig.issued(THERE)
    _, rules = (await fates(rig, record(1) | changes | {"wants_recovery": "0"}))["sick_leave"]
    assert "A-OVERLAP" not in rules
    assert "W-SAME-NUMBER" not in rules
    assert await disclosures(rig) == []


async def test_an_illness_elsewhere_rejects_a_real_request_alone(rig: Rig) -> None:
    """R-REINFECTION of an accepted case at another facility: not in a dry run, in earnest with a note."""
    await rig.issued(ILL_THERE)
    assert (await fates(rig, record(1), dry_run="true"))["recovery"] == ("would_issue", [])
    assert (await fates(rig, record(1)))["recovery"] == ("rejected", ["R-REINFECTION"])
    assert ("R-REINFECTION", "01801", "01802") in await disclosures(rig)


async def test_a_refusal_of_one_certificate_is_noted_too(rig: Rig) -> None:
    """Who is told by a 422 that somebody is ill elsewhere has been told: the note stays though nothing else
    does.
    """
    await rig.issued(ILL_THERE)
    refused = await rig.request(record(1), kind="recovery", role="facility")
    assert [error["rule"] for error in refused.json()["errors"]] == ["R-REINFECTION"]
    assert await disclosures(rig) == [("R-REINFECTION", "01801", "01802")]


async def test_a_refused_mending_is_noted_too(rig: Rig) -> None:
    """Of a row that stays rejected nothing stays but the note: not even the illness that its mender wrote."""
    batch_id = (await rig.submit(as_csv(record(1) | {"full_name": ""}), role="facility")).json()["id"]
    await rig.work()
    await rig.issued(ILL_THERE)
    before = await count(rig, Episode)
    refused = await mend(rig, batch_id, 2, record(1) | {"wants_sick_leave": "0"}, role="facility")
    assert [error["rule"] for error in refused.json()["errors"]] == ["R-REINFECTION"]
    assert await disclosures(rig) == [("R-REINFECTION", "01801", "01802")]
    still_ill = record(1) | {
        name: ILL_THERE[name] for name in ("outcome", "last_test_on", "last_test_result", "last_test_by")
    }
    assert (
        await mend(rig, batch_id, 2, still_ill | {"wants_sick_leave": "0"}, role="facility")
    ).status_code == 422
    assert await count(rig, Episode) == before


async def test_a_refused_correction_is_noted_too(rig: Rig) -> None:
    recovery = await rig.issued(record(1) | {"wants_sick_leave": "0"}, kind="recovery")
    await rig.issued(ILL_THERE)
    correction = {"reason": "wrong_data", "record": record(1, employer="Nơi khác")}
    refused = await rig.call(
        "POST", f"/v1/certificates/{recovery['id']}/replace", role="facility", json=correction
    )
    assert [error["rule"] for error in refused.json()["errors"]] == ["R-REINFECTION"]
    assert await disclosures(rig) == [("R-REINFECTION", "01801", "01802")]


async def test_a_correction_of_another_case_notes_nothing(rig: Rig) -> None:
    """It is refused before its patient is asked about: nobody was told, so nothing is noted."""
    recovery = await rig.issued(record(2) | {"wants_sick_leave": "0"}, kind="recovery")
    await rig.issued(ILL_THERE)
    correction = {"reason": "wrong_data", "record": record(1)}
    refused = await rig.call(
        "POST", f"/v1/certificates/{recovery['id']}/replace", role="facility", json=correction
    )
    assert refused.json()["code"] == "another_case"
    assert await disclosures(rig) == []


async def test_a_facilitys_dry_run_says_what_it_cannot_foresee(rig: Rig) -> None:
    """W-ELSEWHERE on the file; an insurer, who sees all, is not told, and the real run says nothing of it."""
    told = {}
    for role, dry_run in (("facility", "true"), ("insurer", "true"), ("facility", "false")):
        answer = (await rig.submit(as_csv(record(1)), role=role, dry_run=dry_run)).json()
        told[role, dry_run] = [notice["id"] for notice in answer["notices"]]
    assert told == {("facility", "true"): ["W-ELSEWHERE"], ("insurer", "true"): [], ("facility", "false"): []}


async def test_a_rejected_row_counts_in_its_own_facility_alone(rig: Rig) -> None:
    """An open illness of a row that was refused stops nobody else's recovery, but its own station's; once
    accepted it counts for all.
    """
    refused = ILL_THERE | {"wants_sick_leave": "0"}
    assert (await fates(rig, refused, role="facility 01802"))["recovery"][0] == "rejected"
    assert (await fates(rig, record(1) | {"wants_sick_leave": "0"}))["recovery"] == ("issued", [])
    own = record(1, facility="01802") | {"case_id": "own", "wants_sick_leave": "0"}
    assert (await fates(rig, own, role="facility 01802"))["recovery"] == ("rejected", ["R-REINFECTION"])
    assert (await fates(rig, ILL_THERE, role="facility 01802"))["sick_leave"][0] == "issued"
    later = record(1) | {"case_id": "later", "wants_sick_leave": "0", "visit_no": "77"}
    assert (await fates(rig, later))["recovery"] == ("rejected", ["R-REINFECTION"])


async def test_a_rejected_row_ends_no_illness_for_others(rig: Rig) -> None:
    """That an illness is over is believed of a row that was accepted; one that is refused ends it for its own
    station alone.
    """
    await fates(rig, ILL_THERE | {"wants_recovery": "0"}, role="facility 01802")
    over_too_early = ILL_THERE | {
        "outcome": "recovered",
        "isolation_to": "2022-03-02",
        "wants_sick_leave": "0",
    }
    assert (await fates(rig, over_too_early, role="facility 01802"))["recovery"][0] == "rejected"
    assert (await fates(rig, record(1)))["recovery"] == ("rejected", ["R-REINFECTION"])
    own = record(1, facility="01802") | {"case_id": "own", "wants_sick_leave": "0"}
    assert (await fates(rig, own, role="facility 01802"))["recovery"][0] == "issued"


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_one_examination_has_one_certificate(rig: Rig, dry_run: str) -> None:
    """A-ONE-EXAM for the second case of a file, in a dry run too; sent again, what was issued is
    `existing`.
    """
    second = record(1) | {
        "case_id": "second",
        "visit_no": "2",
        "social_insurance_no": "",
        "wants_recovery": "0",
    }
    assert (await fates(rig, record(1), second, dry_run=dry_run))["sick_leave"] == (
        "rejected",
        ["A-ONE-EXAM"],
    )
    if dry_run == "false":
        assert (await fates(rig, record(1)))["sick_leave"] == ("existing", [])
        [certificate] = (
            await rig.call("GET", f"/v1/certificates?case_id={record(1)['case_id']}&kind=sick_leave")
        ).json()["items"]
        refused = await rig.request(second)
        assert certificate["serial"] in refused.json()["errors"][0]["message_en"]
        correction = {"reason": "wrong_data", "record": record(1, employer="Nơi khác")}
        replaced = await rig.call(
            "POST", f"/v1/certificates/{certificate['id']}/replace", role="facility", json=correction
        )
        assert replaced.status_code == 202


async def test_numbers_and_visits_on_live_certificates_are_told(rig: Rig) -> None:
    """W-SAME-NUMBER and W-SAME-VISIT by what stands in the register already, where the asker may see it."""
    await rig.issued(record(1))
    another = {
        "full_name": "Đoàn Thị Xuyến",
        "birth_date": "1988-10-05",
        "visit_no": "1",
        "wants_recovery": "0",
    }
    assert (await fates(rig, record(2) | {"citizen_id": PATIENT["citizen_id"]} | another))["sick_leave"] == (
        "issued",
        ["W-SAME-NUMBER", "W-SAME-VISIT"],
    )


async def test_a_person_is_found_by_the_social_insurance_number_too(rig: Rig) -> None:
    """Without a citizen id, by the number with BHXH and the name."""
    await rig.issued(record(1))
    other = record(1) | {
        "case_id": "other",
        "citizen_id": "",
        "id_issued_on": "",
        "visit_no": "9",
        "phone": "",
        "wants_recovery": "0",
    }
    assert (await fates(rig, other))["sick_leave"] == ("rejected", ["A-ONE-EXAM"])


async def test_a_case_issued_before_is_known_after_an_upgrade(rig: Rig) -> None:
    """A record that earlier rules kept without the card's social number, and with the code in its diagnosis,
    is `existing` when it is sent again.
    """
    raw = record(1, social_insurance_no="", wants_sick_leave="0")
    await rig.issued(raw, kind="recovery")
    async with rig.res.db.begin() as session:
        [certificate] = await session.scalars(select(Certificate))
        case = rig.res.vault.open_case(certificate.id, certificate.record)
        assert case.social_insurance_no == "0100000001"
        old = case.to_json() | {"social_insurance_no": ""}
        before = type(case).from_json(old)
        certificate.record, certificate.record_digest = (
            rig.res.vault.seal_case(certificate.id, before),
            before.content_digest(),
        )
    assert (await fates(rig, raw, role="insurer"))["recovery"] == ("existing", [])
    changed = raw | {"address": "Nơi khác"}
    assert (await fates(rig, changed, role="insurer"))["recovery"] == (
        "rejected",
        [duplicate_finding(is_same_content=False).rule],
    )


async def _marks(db: Database) -> set[tuple[str, uuid.UUID]]:
    async with db.read() as session:
        return {(each.mark, each.certificate_id) for each in await session.scalars(select(CertificateMark))}


async def test_certificates_of_before_get_their_marks(rig: Rig) -> None:
    """`certsvc migrate` writes what is lacking and goes on where it was stopped; until it is done the service
    does not start.
    """
    for number in range(1, 4):
        await rig.issued(record(number))
    before = await _marks(rig.res.db)
    assert len(before) == 15
    async with rig.res.db.begin() as session:
        stopped = await session.scalar(select(Certificate.id).order_by(Certificate.id).limit(1))
        await session.execute(
            update(Certificate).where(Certificate.id != stopped).values(person="an index of before")
        )
        await session.execute(delete(CertificateMark).where(CertificateMark.certificate_id != stopped))
    with pytest.raises(Broken, match="stale_schema"):
        await rig.res.db.check_schema()
    assert await mark_all(rig.res.db, vault=rig.res.vault) == 2
    assert await _marks(rig.res.db) == before
    await rig.res.db.check_schema()
    assert await mark_all(rig.res.db, vault=rig.res.vault) == 0


async def test_illnesses_of_before_are_kept_where_a_paper_came_of_their_case(rig: Rig) -> None:
    """The migration drops those of rejected rows, and `migrate` names the patients of the others:
    R-REINFECTION goes on being told.
    """
    await rig.issued(ILL_THERE)
    async with rig.res.db.engine.begin() as connection:
        await connection.run_sync(_back_and_forth, facility="01802")
    async with rig.res.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Episode)) == 1
    await mark_all(rig.res.db, vault=rig.res.vault)
    assert (await fates(rig, record(1)))["recovery"] == ("rejected", ["R-REINFECTION"])


def _back_and_forth(connection: Connection, *, facility: str) -> None:
    """To the schema of before, where an illness of an issued case and one of a rejected row are known, and on
    again.
    """
    command.downgrade(alembic_of(connection), "0011")
    for case_id in ("there", "of a rejected row"):
        connection.exec_driver_sql(
            f"INSERT INTO episodes (facility_code, case_id, person, positive_on) VALUES ('{facility}',"
            f" '{case_id}', 'x', '2022-03-01')"
        )
    command.upgrade(alembic_of(connection), "head")


async def test_each_side_reads_its_own_half_of_a_disclosure(rig: Rig) -> None:
    """Who was told sees its own case and not whose other; the other sees who was told, and of which of its
    cases; an insurer sees both.
    """
    await rig.issued(THERE)
    await fates(rig, record(1))
    for role, expected in {
        "facility": (record(1)["case_id"], None, None),
        "facility 01802": (None, "01802", "there"),
        "insurer": (record(1)["case_id"], "01802", "there"),
    }.items():
        page = (await rig.call("GET", "/v1/disclosures", role=role)).json()
        [told] = page["items"]
        assert (told["rule"], told["facility_code"], page["next_cursor"]) == ("A-OVERLAP", "01801", None)
        assert (told["case_id"], told["told_facility_code"], told["told_case_id"]) == expected
