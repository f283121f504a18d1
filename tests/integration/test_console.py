"""The console's pages: who sees what, and finds what."""

import re
import uuid

import pytest

from certsvc.models import Role
from tests.support.accounts import csrf_of
from tests.support.console import addresses, at_console, hand_in, send
from tests.support.every_route import OTHER, OWNER, Papers, owned_papers
from tests.support.records import as_csv, record
from tests.support.rig import Rig

_NAME = "Nguyễn Thị Thử Nghiệm"
_PAGES = ("/staff", "/staff/batches", "/staff/certificates", "/staff/stations")
_READERS = [
    (Role.INSURER, None),
    (Role.FACILITY, OWNER),
    (Role.FACILITY, OTHER),
    (Role.AUDITOR, None),
    (Role.ADMIN, None),
]


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


@pytest.fixture
async def papers(rig: Rig) -> Papers:
    return await owned_papers(rig)


@pytest.mark.parametrize(("role", "facility"), _READERS)
async def test_every_role_sees_its_own(rig: Rig, papers: Papers, role: Role, facility: str | None) -> None:
    """The other station learns nothing of the first; an insurer sees certificates but not the station's
    batch; all others both.
    """
    async with at_console(rig, role, facility) as browser:
        pages = {path: await browser.get(path) for path in _PAGES}
        assert {page.status_code for page in pages.values()} == {200}
        certificate = await browser.get(f"/staff/certificates/{papers.names['certificate_id']}")
        batch = await browser.get(f"/staff/batches/{papers.names['batch_id']}")
        station = await browser.get(f"/staff/stations/{OWNER}")
    sees_batch = facility == OWNER or role in {Role.ADMIN, Role.AUDITOR}
    assert batch.status_code == (200 if sees_batch else 404)
    assert (certificate.status_code, station.status_code) == ((404, 404) if facility == OTHER else (200, 200))
    if facility == OTHER:
        told = "".join(page.text for page in (*pages.values(), certificate, batch, station))
        assert [
            secret
            for secret in (*papers.secrets, OWNER)
            if secret
            in told.replace(papers.names["batch_id"], "").replace(papers.names["certificate_id"], "")
        ] == []
    else:
        assert len(addresses(pages["/staff/certificates"], "/staff/certificates")) == 2
        assert len(addresses(pages["/staff/batches"], "/staff/batches")) == int(sees_batch)
        assert (_NAME in certificate.text) is (role is not Role.AUDITOR)
        assert _NAME not in pages["/staff/certificates"].text + batch.text


async def test_auditors_see_no_person_and_no_code(rig: Rig, papers: Papers) -> None:
    """No name, no look-up code, no search by citizen id; and nothing to press."""
    code = (await rig.certificate(papers.names["certificate_id"]))["code"]
    async with at_console(rig, Role.AUDITOR) as browser:
        page = await browser.get(f"/staff/certificates/{papers.names['certificate_id']}")
        assert code not in page.text
        assert not re.search(r'href="/staff/certificates/[^"]+/(revoke|suspend|replace)"', page.text)
        sought = await send(browser, "/staff/certificates/find", text=record(1)["citizen_id"])
        assert addresses(sought, "/staff/certificates") == []
        assert "Không hiện" in (await browser.get(f"/staff/stations/{OWNER}")).text
        refused = [
            await browser.get("/staff/batches/new"),
            await hand_in(browser, as_csv(record(5))),
            await browser.get(f"/staff/certificates/{papers.names['certificate_id']}/revoke"),
            await send(
                browser,
                f"/staff/certificates/{papers.names['certificate_id']}/revoke",
                reason="fraud",
                confirmed="yes",
            ),
            await send(browser, f"/staff/batches/{papers.names['batch_id']}/issue"),
        ]
        assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert (await rig.certificate(papers.names["certificate_id"]))["status"] == "issued"


async def test_search_by_what_is_at_hand(rig: Rig, papers: Papers) -> None:
    """Code, serial, printed number, case and citizen id; of another station nothing is found. What is sought
    stands in no address.
    """
    certificate = await rig.certificate(papers.names["certificate_id"])
    both = {
        paper["id"] for paper in (await rig.call("GET", "/v1/certificates", role="admin")).json()["items"]
    }
    recovery = next(
        paper
        for paper in (
            await rig.call("GET", "/v1/certificates", role="admin", params={"kind": "recovery"})
        ).json()["items"]
    )
    printed = f"{int(recovery['serial'].rpartition('-')[2])}/GXN-TYT"
    wanted = {
        certificate["code"].lower(): {certificate["id"]},
        certificate["serial"]: {certificate["id"]},
        f" {recovery['serial'].lower()} ": {recovery["id"]},
        printed: {recovery["id"]},
        certificate["case_id"]: both,
        record(1)["citizen_id"]: both,
        "không có": set(),
    }
    async with at_console(rig) as browser:
        for text, expected in wanted.items():
            answer = await send(browser, "/staff/certificates/find", text=text)
            found = (
                {answer.headers["Location"].rpartition("/")[2]}
                if answer.status_code == 303
                else {address[-36:] for address in addresses(answer, "/staff/certificates")}
            )
            assert found == expected, text
    async with at_console(rig, Role.FACILITY, OTHER) as browser:
        for text in wanted:
            assert (
                addresses(await send(browser, "/staff/certificates/find", text=text), "/staff/certificates")
                == []
            ), text


async def test_lists_filter_and_go_on(rig: Rig) -> None:
    """By state, kind and facility; the next page begins where this one ended."""
    await rig.submit(as_csv(*(record(number) for number in range(1, 28))))
    await rig.work()
    async with at_console(rig, Role.ADMIN) as browser:
        first = await browser.get("/staff/certificates")
        following = re.search(r'href="(/staff/certificates\?[^"]+cursor=[^"]+)"', first.text)
        assert following
        second = await browser.get(following[1].replace("&amp;", "&"))
        seen = [addresses(page, "/staff/certificates") for page in (first, second)]
        assert [len(page) for page in seen] == [50, 4]
        assert len({*seen[0], *seen[1]}) == 54
        assert (
            len(
                addresses(
                    await browser.get(
                        "/staff/certificates",
                        params={"kind": "recovery", "status": "issued", "facility": OWNER},
                    ),
                    "/staff/certificates",
                )
            )
            == 27
        )
        assert (
            addresses(
                await browser.get("/staff/certificates", params={"status": "revoked"}), "/staff/certificates"
            )
            == []
        )
        assert (
            addresses(
                await browser.get("/staff/certificates", params={"facility": OTHER}), "/staff/certificates"
            )
            == []
        )
        assert (await browser.get("/staff/certificates", params={"cursor": "x"})).status_code == 422


async def test_stations_show_their_people_and_keys(rig: Rig) -> None:
    """With the days from which and until which they may; an unknown one is a 404."""
    async with at_console(rig) as browser:
        assert OTHER not in (await browser.get("/staff/stations")).text
        page = (await browser.get(f"/staff/stations/{OWNER}")).text
        assert "000001/HNO-CCHN" in page
        assert "Đang hiệu lực" in page
        assert {
            (await browser.get(f"/staff/stations/{code}")).status_code for code in (OTHER, "99999", "x" * 50)
        } == {404}
        assert (await browser.get(f"/staff/batches/{uuid.uuid4()}")).status_code == 404
        assert csrf_of((await browser.get("/staff")).text) == browser.headers["X-CSRF-Token"]
