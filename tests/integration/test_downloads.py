"""PDF bytes over HTTP: ETag, ranges, and what is answered while there is no PDF."""

import hashlib

import pytest

from tests.support.records import record
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """Bytes are bytes, whoever signed them."""
    return dummy_rig


async def test_etag_and_ranges(rig: Rig) -> None:
    """The ETag is the file's SHA-256; parts are parts of it; 304 where the asker has it; 416 outside of
    it.
    """
    certificate = await rig.issued(record(1))
    address = f"/v1/certificates/{certificate['id']}/pdf"
    whole = await rig.call("GET", address)
    data, etag = whole.content, whole.headers["ETag"]
    assert etag == f'"{hashlib.sha256(data).hexdigest()}"' == f'"{certificate["pdf_sha256"]}"'
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert certificate["serial"] in whole.headers["Content-Disposition"]
    size = len(data)
    parts = {
        "bytes=0-99": data[:100],
        "bytes=100-": data[100:],
        "bytes=-10": data[-10:],
        f"bytes={size - 1}-{size + 50}": data[-1:],
        f"bytes=-{size + 5}": data,
    }
    for asked, part in parts.items():
        answer = await rig.call("GET", address, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (206, part), asked
        first = data.index(part) if len(part) > 5 else size - 1
        assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{size}"
    for outside in (f"bytes={size}-", "bytes=-0", "bytes=50-10"):
        answer = await rig.call("GET", address, headers={"Range": outside})
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
        assert answer.json()["code"] == "no_such_range"
    for ignored in ("bytes=", "lines=1-2", "bytes=0-1,5-6", "bytes=" + "9" * 5000 + "-", "bytes=x-y"):
        answer = await rig.call("GET", address, headers={"Range": ignored})
        assert answer.status_code in {200, 416}
        assert answer.status_code == 416 or answer.content == data
    assert (await rig.call("GET", address, headers={"If-None-Match": etag})).status_code == 304
    stale = await rig.call("GET", address, headers={"Range": "bytes=0-9", "If-Range": '"old"'})
    assert (stale.status_code, stale.content) == (200, data)


async def test_there_is_no_pdf_before_it_is_issued(rig: Rig) -> None:
    """409 with the state; afterwards the resource's own ETag changes with it."""
    asked = (await rig.request(record(1))).json()
    assert asked["status"] == "requested"
    assert asked["serial"] is None
    assert asked["code"]
    early = await rig.call("GET", f"/v1/certificates/{asked['id']}/pdf")
    assert (early.status_code, early.json()["code"], early.json()["status_now"]) == (
        409,
        "not_issued",
        "requested",
    )
    before = await rig.call("GET", f"/v1/certificates/{asked['id']}")
    same = await rig.call(
        "GET", f"/v1/certificates/{asked['id']}", headers={"If-None-Match": before.headers["ETag"]}
    )
    assert (same.status_code, same.content) == (304, b"")
    await rig.work()
    after = await rig.call(
        "GET", f"/v1/certificates/{asked['id']}", headers={"If-None-Match": before.headers["ETag"]}
    )
    assert (after.status_code, after.json()["status"]) == (200, "issued")
