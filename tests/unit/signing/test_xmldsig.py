"""The facility's signature on CT07 files of 2025, held against xmlsec1, which shares no code with ours."""

import datetime as dt
import subprocess
import uuid
from pathlib import Path

import pytest
from lxml import etree

from certsvc.errors import Conflict
from certsvc.records.exchange.ct07 import TAGS_2025, Ct07Facts, ct07_tags
from certsvc.records.exchange.xml import document, dossier, envelope
from certsvc.signing.xmldsig import sign_element
from keys_dev.make import KeyType
from tests.support import pki
from tests.support.cases import make_case

NOW = dt.datetime(2026, 11, 26, 12, 0, tzinfo=dt.UTC)
ELEMENT_ID = f"Id-{uuid.UUID(int=7)}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.fixture
async def signed() -> bytes:
    case = make_case()
    facts = Ct07Facts(
        serial="018012600001", document_on=NOW.date(), head_name="Đỗ Thị Mẫu", practitioner_name="Lý Văn Thử"
    )
    inside = dossier(
        [("CT07", document("CT07", ct07_tags(case, facts, TAGS_2025)))],
        made_on=NOW.date(),
        element_id=ELEMENT_ID,
    )
    identity = pki.shared(KeyType.RSA_2048).identity()
    return envelope(
        "HSCHUNGTU",
        inside,
        facility_code="01801",
        signature=await sign_element(inside.encode(), ELEMENT_ID, identity=identity, at=NOW),
    )


def accepts(data: bytes, tmp_path: Path) -> bool:
    """xmlsec1's judgement, with the PKI's root as the one trusted."""
    file = tmp_path / "signed.xml"
    file.write_bytes(data)
    folder = pki.shared(KeyType.RSA_2048).folder
    ids = [
        part
        for name in ("THONGTINHOSO", "http://www.w3.org/2000/09/xmldsig#:Object")
        for part in ("--id-attr:Id", name)
    ]
    command = [
        "xmlsec1",
        "--verify",
        *ids,
        "--trusted-pem",
        str(folder / "root.pem"),
        "--untrusted-pem",
        str(folder / "issuing.pem"),
        str(file),
    ]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_an_independent_reader_accepts_it(signed: bytes, tmp_path: Path) -> None:
    """Signature, both digests and the chain to the root."""
    assert accepts(signed, tmp_path)


@pytest.mark.parametrize(
    "old", [b"<NGAYLAP>2026", b"<SOLUONGHOSO>1", b"2026-11-26T12:00:00", b"<NOIDUNGFILE>PD94"]
)
def test_every_signed_part_is_held(signed: bytes, old: bytes, tmp_path: Path) -> None:
    """A change of the dossier or of the signing time breaks it."""
    assert old in signed
    assert not accepts(signed.replace(old, old[:-1] + (b"2" if old[-1:] != b"2" else b"3"), 1), tmp_path)


def test_it_has_the_shape_that_the_portal_asks_for(signed: bytes) -> None:
    """Algorithms, and two references without transforms: the signature's object, then the dossier."""
    root = etree.fromstring(signed)
    [signature] = root.findall(f"CHUKYDONVI/{DS}Signature")
    assert signature.get("Id") == f"CHUKYDONVI-{ELEMENT_ID}"
    references = signature.findall(f"{DS}SignedInfo/{DS}Reference")
    assert [each.get("URI") for each in references] == [f"#Object-CHUKYDONVI-{ELEMENT_ID}", f"#{ELEMENT_ID}"]
    assert {each.get("Algorithm") for each in signature.iter(f"{DS}DigestMethod")} == {
        "http://www.w3.org/2001/04/xmlenc#sha256"
    }
    assert [each.get("Algorithm") for each in signature.findall(f"{DS}SignedInfo/*")][:2] == [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    ]
    assert root.find("THONGTINHOSO").get("Id") == ELEMENT_ID
    assert (
        signature.findtext(f"{DS}Object/SignatureProperties/SignatureProperty/SigningTime")
        == "2026-11-26T12:00:00+00:00"
    )


def test_what_is_written_is_its_own_canonical_form(signed: bytes) -> None:
    """Of the file's parts a canonicaliser makes the very bytes that stand there."""
    root = etree.fromstring(signed)
    element = root.find("THONGTINHOSO")
    assert etree.tostring(element, method="c14n", with_tail=False) in signed


@pytest.mark.parametrize("changes", [{"key_type": KeyType.P256}, {"prefer_pss": True}])
async def test_other_keys_are_refused(changes: dict[str, object]) -> None:
    """BHXH names rsa-sha256 alone."""
    folder = pki.shared(KeyType.P256 if "key_type" in changes else KeyType.RSA_2048)
    with pytest.raises(Conflict, match="signature_needs_rsa"):
        await sign_element(
            b"<a></a>", "a", identity=folder.identity(prefer_pss="prefer_pss" in changes), at=NOW
        )
