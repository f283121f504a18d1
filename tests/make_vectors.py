"""Makes `docs/vectors/offline.json`: what a verifier of others' making is to agree on. Run: python -m
tests.make_vectors

The keys are made for it and thrown away, so every run gives other signatures; the answers stay the same.
"""

import base64
import contextlib
import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certsvc.claims import CERTIFICATE, ClaimedKind, Claims, commit
from certsvc.issuing.publishing import jwk_of
from certsvc.signing import lists
from certsvc.signing.claims import ClaimKey, sign_claims
from certsvc.signing.keyring import Keyring
from keys_dev.make import KeyType, make_pki

OUT = Path(__file__).parents[1] / "docs" / "vectors" / "offline.json"
NOW = dt.datetime(2026, 11, 26, 3, 0, tzinfo=dt.UTC)
SERVICE, OTHER_SERVICE = "https://kiemtra.example.vn", "https://giay.tinhben.example.vn"
TOKEN = "4XGXFBYBX86T5BR0N3P2ARHGWJ"
CODE = "7K2M9QXP4TVBA1CD"
PERSON = {
    "full_name": "Nguyễn Thị Đào",
    "first_day": dt.date(2026, 11, 20),
    "last_day": dt.date(2026, 11, 26),
}
_STATES = {1: "revoked", 2: "suspended", 3: "replaced"}
_DAY, _LATE_OF = dt.date(2026, 11, 26), dt.date(2022, 3, 14)
_COMMITMENT = commit(code=CODE, token=TOKEN, **PERSON)  # type: ignore[arg-type]
_CLAIMS = Claims(ClaimedKind.SICK_LEAVE, "0012", "01801", _DAY, 0, 77, _COMMITMENT, _DAY)
_FORMER = replace(_CLAIMS, commitment=None, former_commitment=bytes(range(16)))


def main() -> None:
    with contextlib.ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        ring, other, strange = (
            _ring(folder, at=NOW - dt.timedelta(days=days))
            for folder, days in zip(folders, (30, 30, 0), strict=True)
        )
        OUT.write_text(
            json.dumps(_document(ring, other, strange.claim_keys()[0]), ensure_ascii=False, indent=1) + "\n",
            encoding="utf-8",
        )


def _ring(folder: Path, *, at: dt.datetime) -> Keyring:
    make_pki(folder, facilities=[], practitioners=[], now=at, key_type=KeyType.P256)
    return Keyring(folder)


def _document(ring: Keyring, other: Keyring, strange: ClaimKey) -> dict[str, Any]:
    [key], [other_key] = ring.claim_keys(), other.claim_keys()
    made_at = NOW - dt.timedelta(minutes=10)
    return {
        "about": (
            "Invented persons and keys. `now` is the time of each check; `trust_list` and `status_lists` are"
            " what was kept."
        ),
        "now": _instant(NOW),
        "root": base64.b64encode(_der(ring.authorities()[1])).decode(),
        "trust_list": _trust_list(ring, other, made_at),
        "status_lists": {
            f"{SERVICE}/status/0": _status_list(f"{SERVICE}/status/0", key, made_at),
            f"{OTHER_SERVICE}/status/3": _status_list(f"{OTHER_SERVICE}/status/3", other_key, made_at),
        },
        "checks": [*_checks(key, strange), *_checks_of_another(key, other_key)],
        "commitments": list(_commitments()),
    }


def _status_list(address: str, key: ClaimKey, made_at: dt.datetime) -> dict[str, str]:
    packed = lists.pack_states([(1000 + state, state) for state in _STATES])
    return {
        "jwt": lists.sign_jwt(packed, address=address, now=made_at, key=key).decode(),
        "cwt": base64.b64encode(lists.sign_cwt(packed, address=address, now=made_at, key=key)).decode(),
    }


def _trust_list(ring: Keyring, other: Keyring, made_at: dt.datetime) -> dict[str, Any]:
    [key] = ring.claim_keys()
    document = {
        "version": 2,
        "service": SERVICE,
        "issued_at": _instant(made_at),
        "issuers": [
            make_issuer(
                "self",
                "Sở Y tế thử nghiệm",
                SERVICE,
                ring,
                facilities={"01801": "Trạm Y tế Phúc Xá"},
                numbers=[0],
            ),
            make_issuer(
                "tinh-ben",
                "Sở Y tế tỉnh bên",
                OTHER_SERVICE,
                other,
                facilities={"31801": "Trạm Y tế Bên Sông"},
                numbers=[3, 4],
            ),
        ],
        "log": None,
    }
    return {**document, "signed": lists.sign_document(document, key=key, chain=ring.authorities())}


def make_issuer(
    name_id: str, name: str, service: str, ring: Keyring, *, facilities: dict[str, str], numbers: list[int]
) -> dict[str, Any]:
    [key] = ring.claim_keys()
    return {
        "id": name_id,
        "name": name,
        "service": service,
        "valid_from": _instant(key.x509_cert.not_valid_before_utc),
        "valid_to": _instant(key.x509_cert.not_valid_after_utc),
        "x509_chains": [
            [base64.b64encode(_der(cert)).decode() for cert in (key.x509_cert, *ring.authorities())]
        ],
        "claim_keys": [jwk_of(key)],
        "facilities": facilities,
        "signers": {},
        "time_stamping": [],
        "crls": [],
        "status_lists": {"address": f"{service}/status/{{list}}", "bits": 2, "lists": numbers},
    }


def _check(
    about: str,
    qr: str,
    verdict: str,
    reason: str,
    *,
    now: dt.datetime = NOW,
    certificate: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "about": about,
        "qr": qr,
        "now": _instant(now),
        "verdict": verdict,
        "reason": reason,
        "certificate": certificate,
    }


def _checks_of_another(key: ClaimKey, other: ClaimKey) -> Iterator[dict[str, Any]]:
    """QR codes of the second issuer in the trust list, and of those who mix the two."""

    def address(claims: Claims, *, by: ClaimKey = other, service: str = OTHER_SERVICE) -> str:
        return f"{service.upper()}/V/{TOKEN}/{sign_claims(claims, by)}"

    theirs = replace(_CLAIMS, status_list=3, facility_code="31801")
    shown = _shown("sick_leave") | {"facility": "Trạm Y tế Bên Sông"}
    good, revoked = address(theirs), address(replace(theirs, status_index=1001))
    yield _check("of another issuer, in force", good, "valid", "genuine", certificate=shown)
    yield _check("of another issuer, revoked", revoked, "revoked", "withdrawn", certificate=shown)
    for about, number in {"whose list was not kept": 4, "by our list's number": 0}.items():
        listed = address(replace(theirs, status_list=number))
        yield _check(f"of another issuer, {about}", listed, "cannot_check", "other_issuer")
    for about, forged in {
        "on another issuer's host, signed by our key": address(theirs, by=key),
        "of another issuer, for a facility of ours": address(replace(theirs, facility_code="01801")),
        "on our host, signed by another issuer's key": address(_CLAIMS, service=SERVICE),
    }.items():
        yield _check(about, forged, "invalid", "forged_qr")
    without = f"{OTHER_SERVICE.upper()}/V/{TOKEN}"
    yield _check("of another issuer, without claims", without, "cannot_check", "other_issuer")


def _checks(key: ClaimKey, strange: ClaimKey) -> Iterator[dict[str, Any]]:
    def address(claims: Claims, *, by: ClaimKey = key, host: str = "HTTPS://KIEMTRA.EXAMPLE.VN") -> str:
        return f"{host}/V/{TOKEN}/{sign_claims(claims, by)}"

    good = address(_CLAIMS)
    yield from _checks_of_claims(good, address)
    yield from _checks_of_addresses(good)
    for about, forged in _forgeries(good, address, key, strange):
        yield _check(about, forged, "invalid", "forged_qr")


def _checks_of_claims(good: str, address: Callable[[Claims], str]) -> Iterator[dict[str, Any]]:
    """Papers in every state, and lists of every age."""
    shown, station = _shown("sick_leave"), _shown("station_certificate")
    at_station = address(replace(_CLAIMS, kind=ClaimedKind.STATION_CERTIFICATE))
    late, former = (address(claims) for claims in (replace(_CLAIMS, dated_on=_LATE_OF), _FORMER))
    early = address(replace(_FORMER, dated_on=None))
    for about, qr, certificate in (
        ("in force", good, shown),
        ("a station certificate", at_station, station),
        ("signed long after the date on it", late, shown | {"dated_on": "2022-03-14"}),
        ("printed before the commitment was keyed by the code", former, shown),
        ("printed before claims held its date", early, shown | {"dated_on": None}),
    ):
        yield _check(about, qr, "valid", "genuine", certificate=certificate)
    for state, word in _STATES.items():
        withdrawn = address(replace(_CLAIMS, status_index=1000 + state))
        yield _check(word, withdrawn, word, "withdrawn", certificate=shown)
    later, too_late = NOW + dt.timedelta(hours=30), NOW + dt.timedelta(days=8)
    yield _check("the list is older than a day", good, "valid", "genuine", now=later, certificate=shown)
    yield _check("the list is older than a week", good, "cannot_check", "list_too_old", now=too_late)
    for about, claims in {
        "a list that was not kept": replace(_CLAIMS, status_list=5),
        "a place that the list does not have": replace(_CLAIMS, status_index=2**20),
    }.items():
        yield _check(about, address(claims), "cannot_check", "list_too_old")


def _checks_of_addresses(good: str) -> Iterator[dict[str, Any]]:
    """What else an address may have, and what makes it another's."""
    shown = _shown("sick_leave")
    without = good.rpartition("/")[0]
    yield _check("an address without claims", without, "cannot_check", "register_unreachable")
    yield _check("written small", good.lower(), "valid", "genuine", certificate=shown)
    for about, ending in {
        "a slash": "/",
        "a query": "?X=1",
        "a fragment": "#TOP",
        "all three": "/?X=1#TOP",
    }.items():
        yield _check(f"{about} behind it", f"{good}{ending}", "valid", "genuine", certificate=shown)
    scheme, host, path = good.partition("://")[0], *good.partition("://")[2].split("/", 1)
    yield _check("a port", f"{scheme}://{host}:8443/{path}", "valid", "genuine", certificate=shown)
    yield _check("a dot behind the host", f"{scheme}://{host}./{path}", "valid", "genuine", certificate=shown)
    for about, forged in {
        "a backslash, which browsers take for a slash": f"{scheme}://EVIL.EXAMPLE\\@{host}/{path}",
        "somebody's name before the host": f"{scheme}://X@{host}/{path}",
        "our host as somebody's name": f"{scheme}://{host}@EVIL.EXAMPLE/{path}",
        "our host below another": f"{scheme}://{host}.EVIL.EXAMPLE/{path}",
        "another scheme": f"FTP://{host}/{path}",
        "no such port": f"{scheme}://{host}:65536/{path}",
        "a line break, which browsers drop": f"{scheme}://{host}/\n{path}",
        "a bracket that opens nothing": f"{scheme}://[{host}/{path}",
    }.items():
        yield _check(about, forged, "invalid", "forged_qr")
    for about, other in {
        "of a restaurant": "https://example.com/menu?ban=12",
        "without a scheme": "//example.com/menu",
        "with a name before the host": "https://x@example.com/",
        "on a host that begins like ours": "https://kiemtra.example.com/menu",
    }.items():
        yield _check(f"an address {about}", other, "unknown", "leads_elsewhere")
    for about, imitated in {
        "our host in another's query": f"HTTPS://EVIL.EXAMPLE/?U={host}",
        "a code on another's host": "https://evil.example/v/7K2M-9QXP-4TVB-A1CD",
        "our host in another's path": f"HTTPS://EVIL.EXAMPLE/{host}/MENU",
    }.items():
        yield _check(about, imitated, "invalid", "forged_qr")
    for about, text in {
        "a greeting": "Xin chào / hello",
        "a network's name": "WIFI:S:TYT;T:WPA;P:12345678;;",
    }.items():
        yield _check(about, text, "unknown", "malformed_code")
    yield _check("a code alone", "7K2M-9QXP-4TVB-A1CD", "cannot_check", "register_unreachable")


def _forgeries(
    good: str, address: Callable[..., str], key: ClaimKey, strange: ClaimKey
) -> Iterator[tuple[str, str]]:
    start, _, text = good.rpartition("/")
    payload = _CLAIMS.to_payload()

    def signed(value: object) -> str:
        return f"{start}/{base64.b32encode(key.sign_message(cbor2.dumps(value))).decode().rstrip('=')}"

    yield "on another host", address(_CLAIMS, host="HTTPS://KIEMTRA.EXAMPLE.ORG")
    yield "more in the address", f"{good}/MORE"
    yield "signed by an unknown key", address(_CLAIMS, by=strange)
    yield (
        "signed on a day before the key was valid",
        address(replace(_CLAIMS, signed_on=dt.date(2026, 10, 1))),
    )
    yield "one letter is another", f"{start}/{text[:60]}{'A' if text[60] != 'A' else 'B'}{text[61:]}"
    yield "spare bits of the last letter are not zero", f"{start}/{text[:-1]}{_next_letter(text[-1])}"
    yield "padded", f"{good}="
    yield "no base32", f"{start}/0189"
    yield "a claim more", signed({**payload, 7: b"x"})
    mine = payload[CERTIFICATE]
    shared = {label: mine[label] for label in range(1, 6)}
    for about, entries in {
        "an entry more": {**mine, 9: 1},
        "both commitments": {**shared, 6: mine[8], 7: mine[7], 8: mine[8]},
        "no commitment": {**shared, 7: mine[7]},
        "a commitment, but no date": {**shared, 8: mine[8]},
    }.items():
        yield about, signed({**payload, CERTIFICATE: entries})
    for about, value in {
        "a text": "2022-03-14",
        "before 1970": -1,
        "too far ahead": 2**16,
        "null": None,
        "a fraction": 1.5,
    }.items():
        yield (
            f"the date on the paper is {about}",
            signed({**payload, CERTIFICATE: {**mine, 7: value}}),
        )
    yield "a kind that there is not", signed({**payload, CERTIFICATE: {**mine, 1: 3}})
    yield "a commitment too short", signed({**payload, CERTIFICATE: {**mine, 8: bytes(15)}})
    yield "an instant that is no midnight in Hanoi", signed({**payload, 6: payload[6] + 1})
    yield "claims in another order", signed(dict(reversed(payload.items())))
    yield "no claims of a certificate", signed({6: payload[6]})


def _next_letter(letter: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return alphabet[alphabet.index(letter) ^ 1]


def _shown(kind: str) -> dict[str, Any]:
    days = {"dated_on": "2026-11-26", "signed_on": "2026-11-26", "signed_at": None}
    return {"kind": kind, "serial_tail": "0012", "facility": "Trạm Y tế Phúc Xá", **days, "initials": None}


def _commitments() -> Iterator[dict[str, Any]]:
    first, last = dt.date(2026, 11, 20), dt.date(2026, 11, 26)
    for name in ("Nguyễn Thị Đào", "nguyen  thi DAO ", "Đặng Ước", "Y Ngọc Êban"):
        digest = commit(code=CODE, token=TOKEN, full_name=name, first_day=first, last_day=last)
        yield {
            "code": CODE,
            "token": TOKEN,
            "full_name": name,
            "first_day": str(first),
            "last_day": str(last),
            "commitment": digest.hex(),
        }


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _instant(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


if __name__ == "__main__":
    main()
