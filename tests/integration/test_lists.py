"""What is published for checks without a network: status lists that show every change, and the signed trust
list.
"""

import base64
import datetime as dt
import itertools
import json
import uuid
import zlib
from typing import Any

import cbor2
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlalchemy import update

from certsvc.claims import LIST_LENGTH
from certsvc.clock import utc_now
from certsvc.issuing.publishing import REBUILD_AFTER, Publisher, open_publisher
from certsvc.models import Certificate, StatusList
from certsvc.models.published import CAPACITY, DECOYS
from certsvc.verify.trust import PublicClaimKey
from tests.support.recalling import approve, decline, waiting
from tests.support.records import record
from tests.support.rig import Rig

CWT = "application/statuslist+cwt"


def publisher_of(rig: Rig) -> Publisher:
    return open_publisher(rig.res.db, vault=rig.res.vault, settings=rig.res.settings, trust=rig.res.trust)


async def key_of(rig: Rig) -> ec.EllipticCurvePublicKey:

    keys: tuple[PublicClaimKey, ...] = (await rig.res.trust.get(utc_now())).claim_keys
    found = load_der_public_key(keys[0].public_key)
    assert isinstance(found, ec.EllipticCurvePublicKey)
    return found


async def place_of(rig: Rig, certificate: Any) -> tuple[int, int]:
    async with rig.res.db.read() as session:
        row = await session.get_one(Certificate, uuid.UUID(certificate["id"]))
    assert row.status_list is not None
    assert row.status_index is not None
    return row.status_list, row.status_index


async def states(rig: Rig, number: int = 0) -> list[int]:
    """Every state in a list, read as the draft says, from the JWT."""
    answer = await rig.call("GET", f"/status/{number}", role=None)
    assert answer.headers["Content-Type"] == "application/statuslist+jwt"
    payload = jwt.decode(answer.text, await key_of(rig), algorithms=["ES256"])
    assert payload["sub"] == f"{rig.res.settings.base_url}/status/{number}"
    packed = payload["status_list"]["lst"]
    return _unpacked(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))


def _unpacked(packed: bytes) -> list[int]:
    return [byte >> shift & 3 for byte in zlib.decompress(packed) for shift in (0, 2, 4, 6)]


async def test_a_list_shows_every_change(rig: Rig) -> None:
    """In force 0, revoked 1, suspended 2, replaced 3; reinstated 0 again; each at the next time a worker
    publishes.
    """
    publisher = publisher_of(rig)
    certificates = [await rig.issued(record(number)) for number in (1, 2, 3)]
    places = [await place_of(rig, each) for each in certificates]

    async def shown() -> list[int]:
        await publisher.publish(utc_now())
        found = await states(rig)
        return [found[index] for _, index in places]

    assert await shown() == [0, 0, 0]
    for certificate, action in zip(certificates, ("revoke", "suspend", "replace"), strict=True):
        answer = await rig.call(
            "POST", f"/v1/certificates/{certificate['id']}/{action}", json={"reason": "wrong_data"}
        )
        assert answer.is_success, answer.text
    assert await shown() == [1, 2, 3]
    await rig.call(
        "POST",
        f"/v1/certificates/{certificates[1]['id']}/reinstate",
        json={"reason": "other", "text": "đúng"},
    )
    assert await shown() == [1, 0, 3]


async def test_a_list_shows_a_recall(rig: Rig) -> None:
    """Suspended while it waits; revoked or in force again once it is decided."""
    publisher = publisher_of(rig)
    certificates = [await rig.issued(record(number)) for number in (1, 2, 3)]
    places = [await place_of(rig, each) for each in certificates]

    async def shown() -> list[int]:
        await publisher.publish(utc_now())
        found = await states(rig)
        return [found[index] for _, index in places]

    ids = [each["id"] for each in certificates]
    assert await shown() == [0, 0, 0]
    first, second = await waiting(rig, ids[:2]), await waiting(rig, ids[2:])
    assert await shown() == [2, 2, 2]
    await approve(rig, first)
    assert await shown() == [1, 1, 2]
    await decline(rig, second)
    assert await shown() == [1, 1, 0]


async def test_the_cwt_says_the_same(rig: Rig) -> None:
    """COSE_Sign1 with its type in the protected header and the labels of the draft."""
    await rig.issued(record(1))
    await publisher_of(rig).publish(utc_now())
    answer = await rig.call("GET", "/status/0", role=None, headers={"Accept": CWT})
    assert answer.headers["Content-Type"] == CWT
    message = cbor2.loads(answer.content)
    protected, _, payload, signature = message.value
    assert (message.tag, cbor2.loads(protected)) == (18, {1: -7, 16: CWT})
    claims = cbor2.loads(payload)
    assert claims[2] == f"{rig.res.settings.base_url}/status/0"
    assert claims[4] - claims[6] == 7 * 24 * 3600
    assert _unpacked(claims[65533]["lst"]) == await states(rig)
    assert len(signature) == 64


async def test_decoys_hide_how_many_were_withdrawn(rig: Rig) -> None:
    """A list without any withdrawal has a thousand, at places no certificate will get, the same ones each
    time.
    """
    await rig.issued(record(1))
    await publisher_of(rig).publish(utc_now())
    shown = await states(rig)
    assert (len(shown), sum(state != 0 for state in shown)) == (LIST_LENGTH, DECOYS)
    decoys = {index for index, state in enumerate(shown) if state}
    assert decoys.isdisjoint(rig.res.vault.status_place(number, 0) for number in range(50_000))
    assert {rig.res.vault.status_place(number, 0) for number in range(CAPACITY, LIST_LENGTH)} == decoys


async def test_who_has_a_list_is_told_so(rig: Rig) -> None:
    """304 for its ETag; an unchanged list keeps it, a change gives another; both forms have their own."""
    certificate, publisher = await rig.issued(record(1)), publisher_of(rig)
    await publisher.publish(utc_now())
    etag = (await rig.call("GET", "/status/0", role=None)).headers["ETag"]
    await publisher.publish(utc_now())
    again = await rig.call("GET", "/status/0", role=None, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert (await rig.call("GET", "/status/0", role=None, headers={"Accept": CWT})).headers["ETag"] != etag
    await rig.call("POST", f"/v1/certificates/{certificate['id']}/revoke", json={"reason": "fraud"})
    await publisher.publish(utc_now())
    assert (await rig.call("GET", "/status/0", role=None, headers={"If-None-Match": etag})).status_code == 200


async def test_an_old_list_is_signed_again(rig: Rig) -> None:
    """Its age is what a checker goes by, so it stays young though nothing changes."""
    await rig.issued(record(1))
    publisher, now = publisher_of(rig), utc_now()
    for moment, expected in (
        (now, now),
        (now + REBUILD_AFTER / 2, now),
        (now + REBUILD_AFTER * 2, now + REBUILD_AFTER * 2),
    ):
        await publisher.publish(moment)
        answer = await rig.call("GET", "/status/0", role=None)
        payload = jwt.decode(answer.text, options={"verify_signature": False})
        assert payload["iat"] == int(expected.timestamp())


async def test_a_full_list_is_followed_by_another(rig: Rig) -> None:
    """No place is given twice, and both lists are published and named in the trust list."""
    await rig.issued(record(1))
    async with rig.res.db.begin() as session:
        await session.execute(update(StatusList).values(given=CAPACITY - 1))
    places = [await place_of(rig, await rig.issued(record(number))) for number in (2, 3, 4)]
    assert [number for number, _ in places] == [0, 1, 1]
    await publisher_of(rig).publish(utc_now())
    await publisher_of(rig).publish(utc_now())
    assert len(await states(rig, 1)) == LIST_LENGTH
    assert (await rig.call("GET", "/.well-known/certsvc.json", role=None)).json()["issuers"][0][
        "status_lists"
    ]["lists"] == [0, 1]


async def test_the_trust_list_is_signed_up_to_the_root(rig: Rig) -> None:
    """Its JWS holds the same document; the signer's chain ends at the root; its key is one of those
    listed.
    """
    await rig.issued(record(1))
    await publisher_of(rig).publish(utc_now())
    answer = await rig.call("GET", "/.well-known/certsvc.json", role=None)
    document = answer.json()
    header = jwt.get_unverified_header(document["signed"])
    chain = [x509.load_der_x509_certificate(base64.b64decode(each)) for each in header["x5c"]]
    for lower, upper in itertools.pairwise(chain):
        lower.verify_directly_issued_by(upper)
    assert chain[-1] == x509.load_pem_x509_certificate((rig.res.settings.keys_dir / "root.pem").read_bytes())
    leaf_key = chain[0].public_key()
    assert isinstance(leaf_key, ec.EllipticCurvePublicKey)
    payload = jwt.PyJWS().decode(document["signed"], leaf_key, algorithms=["ES256"])
    assert json.loads(payload) == {name: value for name, value in document.items() if name != "signed"}
    [issuer] = document["issuers"]
    [jwk] = issuer["claim_keys"]
    assert jwk["kid"] == header["kid"]
    assert jwt.PyJWK(jwk).key.public_numbers() == (await key_of(rig)).public_numbers()
    assert issuer["facilities"]["01801"] == "Trạm Y tế Phúc Xá"


async def test_the_trust_list_changes_with_what_it_says_only(rig: Rig) -> None:
    """Signed again when it is old or a facility is new, not at every sweep."""
    await rig.issued(record(1))
    publisher, now = publisher_of(rig), utc_now()
    await publisher.publish(now)
    await publisher.publish(now)
    etags = []
    for moment in (now + dt.timedelta(minutes=1), now + dt.timedelta(minutes=2), now + REBUILD_AFTER * 2):
        await publisher.publish(moment)
        etags.append((await rig.call("GET", "/.well-known/certsvc.json", role=None)).headers["ETag"])
    assert (etags[0] == etags[1], etags[1] == etags[2]) == (True, False)


@pytest.mark.parametrize("path", ["/status/7", "/.well-known/certsvc.json"])
async def test_what_is_not_published_yet_is_not_found(rig: Rig, path: str) -> None:
    answer = await rig.call("GET", path, role=None)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_list")
