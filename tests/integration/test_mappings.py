"""Titles of a sender's own: said once, used where named or by default, seen by his organisation alone."""

from typing import Any

import pytest

from tests.support.exchange import ct07, hschungtu, tags_of
from tests.support.records import record
from tests.support.rig import Rig

MINE = {"Mã F": "case_id", "Tên BN": "full_name", "NS": "birth_date"}
GIVEN = {"facility_code": "01801", "practitioner_licence": "000002/HNO-CCHN"}
SAVED = {"columns": {**MINE, "Ngày khám": None, "Ngày k.": "examined_on"}, "defaults": GIVEN}


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


def own_file(*records: dict[str, str]) -> bytes:
    """With titles of the sender's own, a misleading one that he says to pass over, and without what he gave
    as defaults.
    """
    titles = {name: title for title, name in MINE.items()} | {"examined_on": "Ngày k."}
    names = [name for name in records[0] if name not in GIVEN]
    lines = [
        ["Ngày khám", *(titles.get(name, name) for name in names)],
        *(["hôm nào", *(each[name] for name in names)] for each in records),
    ]
    return "\n".join(";".join(f'"{cell}"' for cell in line) for line in lines).encode()


async def saved(rig: Rig, name: str, *, role: str = "insurer", **changes: Any) -> Any:
    answer = await rig.call("PUT", f"/v1/mappings/{name}", role=role, json=SAVED | changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_file_with_titles_of_ones_own_is_read_as_the_mapping_says(rig: Rig) -> None:
    """Without it the refusal names what is missing; with it every certificate is asked for, defaults filled
    in, nothing warned of.
    """
    refused = await rig.submit(own_file(record(1)))
    assert (refused.status_code, refused.json()["code"]) == (422, "missing_columns")
    await saved(rig, "tram-1")
    answer = await rig.submit(own_file(record(1), record(2)), mapping="tram-1")
    assert (answer.status_code, answer.json()["mapping"], answer.json()["notices"]) == (202, "tram-1", [])
    await rig.work()
    lines = await rig.results(answer.json()["id"])
    assert {line["outcome"] for line in lines} == {"issued"}
    certificate = await rig.certificate(lines[0]["certificate_id"])
    assert (certificate["facility_code"], certificate["case_id"]) == ("01801", record(1)["case_id"])


async def test_default_applies_by_itself_unless_none_is_asked_for(rig: Rig) -> None:
    """An empty name means none; a name that is not there is a 404."""
    await saved(rig, "default")
    assert (await rig.submit(own_file(record(1)))).json()["mapping"] == "default"
    assert (await rig.submit(own_file(record(1)), mapping="")).json()["code"] == "missing_columns"
    assert (await rig.submit(own_file(record(1)), mapping="other")).json()["code"] == "no_such_mapping"


async def test_a_batch_keeps_the_mapping_it_was_accepted_with(rig: Rig) -> None:
    """Changed or removed before the file is read, it is read as it was; the returned file knows the titles,
    too.
    """
    await saved(rig, "default")
    batch_id = (await rig.submit(own_file(record(1)))).json()["id"]
    assert (await rig.call("DELETE", "/v1/mappings/default")).status_code == 204
    assert (await rig.call("GET", "/v1/mappings/default")).json()["code"] == "no_such_mapping"
    await rig.work()
    assert {line["outcome"] for line in await rig.results(batch_id)} == {"issued"}
    assert (await rig.call("GET", f"/v1/batches/{batch_id}/results?format=xlsx")).status_code == 200


async def test_a_default_never_replaces_what_a_cell_holds(rig: Rig) -> None:
    """It stands in empty cells only."""
    await saved(rig, "default", columns={}, defaults={"facility_code": "01802"})
    data = record(1)
    text = ",".join(data) + "\n" + ",".join(f'"{value}"' for value in data.values()) + "\n"
    batch_id = (await rig.submit(text.encode())).json()["id"]
    await rig.work()
    [certificate_id, _] = [line["certificate_id"] for line in await rig.results(batch_id)]
    assert (await rig.certificate(certificate_id))["facility_code"] == "01801"


async def test_exchange_files_have_no_mapping(rig: Rig) -> None:
    """Their tags mean what the social insurance says: a station's defaults make no case of a broken arm, nor
    take an employer away.
    """
    given = {"icd10": "U07.1", "practitioner_licence": "000002/HNO-CCHN"}
    await saved(rig, "default", columns={"employer": None}, defaults=given)
    broken_arm = tags_of(record(1), CHANDOAN_DIEUTRI="Gãy xương cẳng tay\nBó bột", MA_CCHN="")
    answer = await rig.submit(hschungtu(ct07(broken_arm), ct07(tags_of(record(2)))))
    assert (answer.status_code, answer.json()["mapping"]) == (202, None)
    await rig.work()
    leaves = [line for line in await rig.results(answer.json()["id"]) if line["kind"] == "sick_leave"]
    assert [line["outcome"] for line in leaves] == ["rejected", "issued"]
    assert "V-ICD10" in {rule["id"] for rule in leaves[0]["rules"]}


async def test_mappings_belong_to_the_organisation(rig: Rig) -> None:
    """A renewed key of the same holder has them, another insurer and a station have not; auditors save
    none.
    """
    await saved(rig, "a")
    await saved(rig, "b")
    assert [
        item["name"]
        for item in (await rig.call("GET", "/v1/mappings", role="renewed insurer")).json()["items"]
    ] == ["a", "b"]
    for role in ("another insurer", "facility"):
        assert (await rig.call("GET", "/v1/mappings", role=role)).json()["items"] == []
        assert (await rig.call("DELETE", "/v1/mappings/a", role=role)).status_code == 404
    assert (await rig.call("PUT", "/v1/mappings/a", role="auditor", json=SAVED)).status_code == 403
    assert (await rig.call("GET", "/v1/mappings", role=None)).status_code == 401


async def test_what_is_wrong_with_a_mapping_is_told_item_by_item(rig: Rig) -> None:
    """Unknown fields with what may be meant, double and impossible titles, defaults of a person's own; titles
    are not repeated.
    """
    columns = {
        "A": "ful_name",
        "Họ tên BN": "Họ và tên",
        "x y": "sex",
        "X-Y": "sex",
        "Lý do và cách sửa": "address",
        "!": None,
        "\u202e": "phone",
    }
    answer = await rig.call(
        "PUT",
        "/v1/mappings/x",
        json={"columns": columns, "defaults": {"full_name": "A", "test_method": "nhìn", "icd10": " "}},
    )
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "bad_mapping")
    told = [(item["field"], "full_name" in item["message_en"]) for item in body["errors"]]
    assert told == [
        ("columns.1", True),
        ("columns.2", True),
        ("columns.4", False),
        ("columns.5", False),
        ("columns.6", False),
        ("columns.7", False),
        ("defaults", False),
        ("defaults.test_method", False),
        ("defaults.icd10", False),
    ]
    assert all(item["message_vi"] and item["message_en"] for item in body["errors"])
    assert "Họ tên BN" not in answer.text


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("A", SAVED),
        ("a" * 41, SAVED),
        ("x", {"columns": {f"t{number}": None for number in range(201)}}),
        ("x", {"columns": {"t" * 201: None}}),
        ("x", {"columns": {"t": 5}}),
        ("x", {"defaults": {"icd10": "U" * 1025}}),
        ("x", {"rows": {}}),
    ],
)
async def test_names_and_sizes_are_bounded(name: str, body: Any, rig: Rig) -> None:
    assert (await rig.call("PUT", f"/v1/mappings/{name}", json=body)).json()["code"] == "invalid_request"


async def test_there_are_no_more_than_fifty(rig: Rig) -> None:
    """One that is there can still be saved anew."""
    for number in range(50):
        await saved(rig, f"m{number}")
    assert (await rig.call("PUT", "/v1/mappings/one-more", json=SAVED)).json()["code"] == "too_many_mappings"
    await saved(rig, "m7", columns={})
    assert len((await rig.call("GET", "/v1/mappings")).json()["items"]) == 50


async def test_unknown_titles_come_with_what_they_may_mean(rig: Rig) -> None:
    """Without diacritics, or nearly right: the refusal says which of ours is near, and which are missing."""
    titles = ["Mã ca", "Họ và tên", "Ngay sinh", "Giơi tính", "Cột lạ"]
    body = (await rig.submit(("\t".join(titles) + "\n" + "\t".join("12345")).encode())).json()
    assert body["code"] == "missing_columns"
    near = {
        item["field"]: item["message_vi"]
        for item in body["errors"]
        if "không nhận ra" in item["message_vi"].casefold()
    }
    assert "«Ngay sinh»" in near["birth_date"]
    assert "«Giơi tính»" in near["sex"]
    assert "«Cột lạ»" in near[None]
    assert {"birth_date", "facility_code", "wants_recovery"} <= {
        item["field"] for item in body["errors"] if "Thiếu" in item["message_vi"]
    }


async def test_a_file_without_a_header_is_not_quoted(rig: Rig) -> None:
    """Only what comes near to a title is repeated: the first row may be of a person."""
    lines = ["x1;Nguyễn Thị Bưởi;17/01/1981;0957188922", "x2;Họ va tên;y;z"]
    answer = await rig.submit("\n".join(lines).encode())
    assert answer.json()["code"] == "no_header"
    assert [item["field"] for item in answer.json()["errors"]] == ["full_name"]
    assert "Bưởi" not in answer.text
