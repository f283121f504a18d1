"""A photographed QR gives nothing away: its commitment is keyed by the code, and the token does not open the
code.
"""

import datetime as dt
import itertools

from certsvc.claims import Claims, commit
from certsvc.clock import utc_now
from certsvc.codes import format_code
from certsvc.verify.claims import find_claims
from tests.integration.test_qr_claims import qr_of
from tests.support.records import record
from tests.support.rig import Rig

_DAYS = [dt.date(2022, 1, 1) + dt.timedelta(days=number) for number in range(120)]


async def _photographed(rig: Rig, certificate: dict[str, str]) -> tuple[str, Claims]:
    """The token and the claims in a paper's QR."""
    token, _, text = (await qr_of(rig, certificate)).rpartition("/V/")[2].partition("/")
    claims = find_claims(text, (await rig.res.trust.get(utc_now())).claim_keys)
    assert claims is not None
    return token, claims


async def test_the_days_of_a_known_name_cannot_be_tried(rig: Rig) -> None:
    """The attack that found them within a second in the former commitment: every pair of days under all that
    the QR holds. With the code it is a match at once.
    """
    paper = record(7)
    certificate = await rig.issued(paper)
    token, claims = await _photographed(rig, certificate)
    keys = ("", token, claims.serial_tail, claims.facility_code, f"{claims.status_index}")
    tried = {
        commit(code=key, token=token, full_name=paper["full_name"], first_day=first, last_day=last)
        for key in keys
        for first, last in itertools.combinations_with_replacement(_DAYS, 2)
    }
    assert claims.commitment is not None
    assert claims.commitment not in tried
    first, last = (dt.date.fromisoformat(paper[name]) for name in ("isolation_from", "isolation_to"))
    assert {first, last} <= set(_DAYS)
    code = certificate["code"].replace("-", "")
    assert claims.commitment == commit(
        code=code, token=token, full_name=paper["full_name"], first_day=first, last_day=last
    )


async def test_nobody_is_told_the_code_for_the_token(rig: Rig) -> None:
    """Neither page nor report nor slip: the slip asks for the second factor first."""
    certificate = await rig.issued(record(7))
    code = certificate["code"].replace("-", "")
    address = (await qr_of(rig, certificate)).partition("/V/")[2]
    token = address.partition("/")[0]
    answers = [
        await rig.call(method, path, role=None, headers={"Accept": accept}, **more)
        for accept in ("text/html", "application/json")
        for method, path, more in (
            ("GET", f"/v/{token}", {}),
            ("GET", f"/V/{address}", {}),
            ("GET", f"/v/{token}/slip", {}),
            ("GET", f"/my?code={token}", {}),
            ("POST", f"/v/{token}", {"json": {"birth_date": "01/01/1970"}}),
            ("POST", "/v1/verify", {"json": {"qr": f"{rig.res.settings.base_url}/v/{address}"}}),
        )
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 303, 200, 403, 200] * 2
    for answer in answers:
        shown = answer.text.replace("-", "") + str(answer.headers)
        assert code not in shown
    slip = await rig.call("GET", f"/v/{format_code(code)}/slip", role=None, headers={"Accept": "text/html"})
    assert slip.status_code == 200
