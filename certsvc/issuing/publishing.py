"""Publishing what checkers without a network need: status lists, and the list of whom to trust. Both are
built and signed here.

Whoever hands them out holds no key. Two workers may build the same list; the one that shows more changes
stays.
"""

import base64
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from certsvc.claims import LIST_LENGTH, key_id
from certsvc.config import Settings
from certsvc.models import Facility, Status
from certsvc.models.published import CAPACITY
from certsvc.signing import lists
from certsvc.signing.claims import ClaimKey, current
from certsvc.signing.keyring import Keyring
from certsvc.store import Database, registry, status_lists
from certsvc.trust.anchors import TrustSource
from certsvc.vault import Vault
from certsvc.verify.published import OWN, VERSION, Issuer
from certsvc.verify.trust import Trust

REBUILD_AFTER = dt.timedelta(hours=6)
"""An unchanged list is signed again, for its age is what a checker goes by; after 24 hours it says so
[verify, The answer].
"""

_STATE = {Status.REVOKED: 1, Status.SUSPENDED: 2, Status.REPLACED: 3}


@dataclass(frozen=True, slots=True)
class Publisher:
    """What is needed to publish: keys for claims, and the chain above them, leaf's issuer first."""

    db: Database
    vault: Vault
    settings: Settings
    trust: TrustSource
    keys: tuple[ClaimKey, ...]
    chain: tuple[x509.Certificate, ...]

    async def publish(self, now: dt.datetime) -> None:
        """Build and sign what is missing, changed or old. Without a key for claims nothing is published."""
        key = current(self.keys, now)
        if key is None:
            return
        async with self.db.read() as session:
            stale = await status_lists.stale(session, older_than=now - REBUILD_AFTER)
        for number, changes in stale:
            await self._publish_list(number, changes=changes, key=key, now=now)
        await self._publish_trust(key, now=now)

    async def _publish_list(self, number: int, *, changes: int, key: ClaimKey, now: dt.datetime) -> None:
        """`changes` was read before the states are, so what is built shows at least so many."""
        async with self.db.read() as session:
            withdrawn = await status_lists.withdrawn_in(session, number)
        states = [(index, _STATE[status]) for index, status in withdrawn if index is not None]
        packed = lists.pack_states([*states, *self._decoys(number)])
        address = list_address(self.settings, number)
        jwt, cwt = (
            sign(packed, address=address, now=now, key=key) for sign in (lists.sign_jwt, lists.sign_cwt)
        )
        async with self.db.begin() as session:
            await status_lists.save_list(session, number, changes=changes, built_at=now, jwt=jwt, cwt=cwt)

    def _decoys(self, number: int) -> list[tuple[int, int]]:
        return [
            (self.vault.status_place(count, number), self.vault.decoy(count, number))
            for count in range(CAPACITY, LIST_LENGTH)
        ]

    async def _publish_trust(self, key: ClaimKey, *, now: dt.datetime) -> None:
        """Sign the trust list if it is old or says something else than it should."""
        async with self.db.read() as session:
            facilities, numbers = (
                await registry.list_facilities(session),
                await status_lists.list_numbers(session),
            )
            published = await status_lists.find_trust_list(session)
        document = self._document(
            facilities, numbers, await self.trust.get(now), others=await self.trust.get_others(now), now=now
        )
        if (
            published is not None
            and published.signed_at > now - REBUILD_AFTER
            and _says(json.loads(published.body), document)
        ):
            return
        signed = lists.sign_document(document, key=key, chain=self.chain)
        body = json.dumps({**document, "signed": signed}, ensure_ascii=False, separators=(",", ":")).encode()
        async with self.db.begin() as session:
            await status_lists.save_trust_list(session, body, signed_at=now)

    def _document(
        self,
        facilities: Sequence[Facility],
        numbers: Sequence[int],
        trust: Trust,
        *,
        others: Sequence[Issuer],
        now: dt.datetime,
    ) -> dict[str, Any]:
        """The trust list without its signature [verify, The trust list]."""
        own = {
            "id": OWN,
            "name": self.settings.issuer_name,
            "service": self.settings.base_url,
            "valid_from": _instant(min(key.x509_cert.not_valid_before_utc for key in self.keys)),
            "valid_to": _instant(max(key.x509_cert.not_valid_after_utc for key in self.keys)),
            "x509_chains": [[_der(each) for each in (key.x509_cert, *self.chain)] for key in self.keys],
            "claim_keys": [jwk_of(key) for key in self.keys],
            "facilities": {each.code: each.name for each in facilities},
            "signers": {digest: [pin.kind, pin.facility_code] for digest, pin in sorted(trust.pins.items())},
            "time_stamping": sorted(trust.tsa_pins),
            "crls": [base64.b64encode(crl).decode() for crl in trust.crls],
            "status_lists": _status_lists(f"{self.settings.base_url}/status/{{list}}", numbers),
        }
        return {
            "version": VERSION,
            "service": self.settings.base_url,
            "issued_at": _instant(now),
            "issuers": [
                own,
                *map(_other, _without_others_facilities(others, {each.code for each in facilities})),
            ],
            "log": None,
        }


def _without_others_facilities(others: Iterable[Issuer], taken: set[str]) -> Iterator[Issuer]:
    """Each issuer with the facilities that are nobody's before it: none may sign for those of another."""
    for issuer in others:
        facilities = {code: name for code, name in issuer.facilities.items() if code not in taken}
        taken = taken | facilities.keys()
        yield replace(issuer, facilities=facilities)


def _other(issuer: Issuer) -> dict[str, Any]:
    """An issuer elsewhere: what QR codes of its are checked with. Its files are for its own service to
    check.
    """
    return {
        "id": issuer.id,
        "name": issuer.name,
        "service": issuer.service,
        "valid_from": _instant(min(key.valid_from for key in issuer.claim_keys)),
        "valid_to": _instant(max(key.valid_to for key in issuer.claim_keys)),
        "x509_chains": [[base64.b64encode(der).decode() for der in chain] for chain in issuer.x509_chains],
        "claim_keys": [
            _jwk(load_der_public_key(key.public_key), valid_from=key.valid_from, valid_to=key.valid_to)
            for key in issuer.claim_keys
        ],
        "facilities": dict(issuer.facilities),
        "signers": {},
        "time_stamping": [],
        "crls": [],
        "status_lists": _status_lists(issuer.list_address, issuer.lists),
    }


def _status_lists(address: str, numbers: Sequence[int]) -> dict[str, Any]:
    return {"address": address, "bits": lists.BITS, "lists": list(numbers)}


def open_publisher(db: Database, *, vault: Vault, settings: Settings, trust: TrustSource) -> Publisher:
    """A publisher with the keys in `keys_dir`. Raises Broken `unfit_claim_key`, `missing_key`."""
    keyring = Keyring(settings.keys_dir)
    return Publisher(db, vault, settings, trust, keyring.claim_keys(), keyring.authorities())


def list_address(settings: Settings, number: int) -> str:
    return f"{settings.base_url}/status/{number}"


def _says(published: dict[str, Any], document: dict[str, Any]) -> bool:
    """Whether a published list says the same, but for when."""
    return all(published.get(name) == value for name, value in document.items() if name != "issued_at")


def jwk_of(key: ClaimKey) -> dict[str, str]:
    """The public key as a JWK [RFC 7517; RFC 7518 §6.2.1], with its validity."""
    cert = key.x509_cert
    return _jwk(
        key.private.public_key(), valid_from=cert.not_valid_before_utc, valid_to=cert.not_valid_after_utc
    )


def _jwk(public_key: Any, *, valid_from: dt.datetime, valid_to: dt.datetime) -> dict[str, str]:
    numbers = public_key.public_numbers()
    kid = key_id(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _coordinate(numbers.x),
        "y": _coordinate(numbers.y),
        "kid": lists.kid_text(kid),
        "alg": "ES256",
        "use": "sig",
        "valid_from": _instant(valid_from),
        "valid_to": _instant(valid_to),
    }


def _coordinate(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(32)).decode().rstrip("=")


def _der(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _instant(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
