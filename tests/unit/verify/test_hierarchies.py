"""The hierarchy of a stranger's certificate: found by signatures, and never a reason to trust the file."""

from dataclasses import replace

import pytest

from certsvc.verify.pdf.examining import FileKind
from certsvc.verify.trust import Trust
from keys_dev.make import KeyType
from tests.unit.verify import samples

ROOT = samples.der_of(samples.pki(), "root")
ISSUING = samples.der_of(samples.pki(), "issuing")
LOOK_ALIKE = samples.der_of(samples.pki(KeyType.RSA_2048), "root")
"""With the same name and another key."""


def _stranger(**hierarchies: tuple[bytes, ...]) -> Trust:
    """Somebody who has nothing to do with the station that signed, and knows these roots."""
    return replace(samples.trust(KeyType.RSA_2048), hierarchies=hierarchies)


def _families(trust: Trust) -> set[str | None]:
    examination = samples.look(samples.genuine(3), believing=trust)
    assert examination.kind is FileKind.SIGNED_BY_OTHER
    assert not any(each.trusted for each in examination.signatures)
    return {each.hierarchy for each in examination.signatures}


@pytest.mark.parametrize("anchor", [ROOT, ISSUING], ids=["root", "subordinate"])
def test_the_family_of_the_root_is_named(anchor: bytes) -> None:
    """Even if the operator added only the CA below it; other hierarchies are not named."""
    trust = replace(
        _stranger(government=(LOOK_ALIKE,), public=(anchor,)), intermediates=(), anchors=(), pins={}
    )
    assert _families(trust) == {"public"}


def test_a_root_of_the_same_name_is_another() -> None:
    trust = replace(_stranger(public=(LOOK_ALIKE,)), intermediates=(), anchors=(), pins={})
    assert _families(trust) == {None}


def test_a_known_hierarchy_excuses_nothing() -> None:
    """A changed file stays tampered, and a name of ours borrowed stays a forgery."""
    trust = replace(_stranger(public=(ROOT,)), intermediates=(), anchors=(), pins={})
    data = samples.genuine(1)
    at = data.index(b"%PDF-1.7") + 12
    assert (
        samples.look(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], believing=trust).kind
        is FileKind.TAMPERED
    )
    borrowed = replace(
        _stranger(public=(ROOT,)), pins=dict.fromkeys(("0" * 64,), next(iter(samples.trust().pins.values())))
    )
    assert samples.look(data, believing=borrowed).kind is FileKind.UNTRUSTED


def test_hierarchies_travel_with_the_trust() -> None:
    trust = _stranger(public=(ROOT, ISSUING), government=())
    assert Trust.from_bytes(trust.to_bytes()) == trust
