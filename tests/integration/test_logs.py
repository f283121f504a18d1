"""Nothing personal and no code ever gets into a log."""

import logging
import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.support.records import as_csv, record
from tests.support.rig import Rig

NAME, CITIZEN_ID, PHONE, SOCIAL_NO = "Hoàng Thị Chim Hoàng Yến", "001188424242", "0942424242", "0142424242"
CANARY = record(
    1,
    full_name=NAME,
    citizen_id=CITIZEN_ID,
    phone=PHONE,
    social_insurance_no=SOCIAL_NO,
    health_insurance_card=f"DN4{SOCIAL_NO[:2]}{SOCIAL_NO}"[:15],
)


async def test_a_whole_life_leaves_nothing_personal(
    rig: Rig, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Asked for, refused, issued, looked up, proven, downloaded, checked, revoked: ids and digests only."""
    caplog.set_level(logging.WARNING)  # as set_up_logging lets libraries through
    asked = await rig.request(CANARY)
    assert asked.status_code == 202, asked.text
    code = asked.json()["code"]
    await rig.request(CANARY)
    await rig.request(CANARY | {"birth_date": NAME})
    await rig.call("POST", "/v1/certificates", json={"kind": NAME, "record": [CITIZEN_ID]})
    await rig.submit(as_csv(CANARY, CANARY | {"case_id": "x", "sex": NAME}))
    await rig.work()
    token = rig.res.vault.token(uuid.UUID(asked.json()["id"]))
    for address in (code, token, code.lower(), NAME):
        await rig.call("GET", f"/v/{address}", role=None)
        await rig.call("GET", f"/v/{address}/slip", role=None, headers={"Accept": "text/html"})
    for factor in ("05/09/1988", NAME):
        await rig.call(
            "POST", f"/v/{code}", role=None, json={"birth_date": factor, "id_last4": CITIZEN_ID[-4:]}
        )
        await rig.call(
            "POST", "/my", role=None, data={"code": code, "birth_date": factor, "id_last4": CITIZEN_ID[-4:]}
        )
    await rig.call("POST", "/v1/verify", role=None, json={"code": code})
    pdf = await rig.call("GET", f"/v1/certificates/{asked.json()['id']}/pdf")
    await rig.call("POST", "/v1/verify", role=None, files={"file": (f"{NAME}.pdf", pdf.content)})
    for address in ("/v1/verify/batch", "/check/many"):
        files = [
            ("files", (f"{NAME}.pdf", pdf.content)),
            ("files", (NAME, NAME.encode())),
            ("codes", (f"{NAME}.csv", f"{NAME},{code}\n{NAME}\n".encode())),
        ]
        await rig.call("POST", address, role=None, files=files, data={"codes": f"{token}\n{NAME}"})
    await rig.call(
        "POST", f"/v1/certificates/{asked.json()['id']}/revoke", json={"reason": "other", "text": NAME}
    )
    captured = capfd.readouterr()
    told = (
        captured.out
        + captured.err
        + "\n".join(
            f"{each.name} {each.getMessage()}"
            for each in caplog.records
            if not each.name.startswith(("httpx2", "httpcore2"))
        )
    )
    assert "chunk.issued" in told
    assert "request.done" in told
    secrets = [
        NAME,
        "Chim Hoàng Yến",
        CITIZEN_ID,
        PHONE,
        SOCIAL_NO,
        "1988-09-05",
        "05/09/1988",
        code,
        code.replace("-", ""),
        code.lower(),
        token,
        rig.station.keys["insurer"],
    ]
    assert [secret for secret in secrets if secret in told or ascii(secret)[1:-1] in told] == []


async def test_database_errors_hold_no_values(rig: Rig) -> None:
    """Their text is logged; the parameters of a failed statement are not in it."""
    with pytest.raises(IntegrityError) as caught:
        async with rig.res.db.begin() as session:
            await session.execute(
                text("INSERT INTO facilities (code, name) VALUES (:code, :name)"),
                {"code": "09999", "name": NAME},
            )
    assert NAME not in str(caught.value)
