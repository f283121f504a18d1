"""The claims in a printed QR: read off prints and photos, signed for this very certificate, or forged."""

import io
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from tests.support.records import record
from tests.support.rig import Rig


async def printed(rig: Rig, certificate: Any, *, dpi: int = 150) -> Image.Image:
    """The first page as it is printed."""
    answer = await rig.call("GET", f"/v1/certificates/{certificate['id']}/pdf")
    with pypdfium2.PdfDocument(answer.content) as document:
        page: Image.Image = document[0].render(scale=dpi / 72).to_pil().convert("L")
        return page


async def qr_of(rig: Rig, certificate: Any) -> str:
    [code] = zxingcpp.read_barcodes(
        await printed(rig, certificate), formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    )
    return code.text


def photo_of(page: Image.Image) -> bytes:
    """As a telephone takes it: tilted, from the side, not quite sharp, as a JPEG."""
    width, height = page.size
    corners = (-30, -20, 10, height + 25, width + 40, height - 15, width - 12, 18)
    seen = page.transform(page.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=200)
    blurred = seen.rotate(4, Image.Resampling.BICUBIC, fillcolor=200).filter(ImageFilter.GaussianBlur(1))
    out = io.BytesIO()
    blurred.save(out, "JPEG", quality=70)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["sick_leave", "recovery"])
async def test_every_way_in_gives_the_same_answer(rig: Rig, kind: str) -> None:
    """The QR's text, its address, a print at 150 dpi and a poor photo: valid, with the claims checked; after
    revocation revoked.
    """
    certificate = await rig.issued(record(3), kind=kind)
    page, text = await printed(rig, certificate), await qr_of(rig, certificate)
    scan = io.BytesIO()
    page.save(scan, "PNG")
    path = "/V/" + text.partition("/V/")[2]

    async def verdicts() -> list[tuple[str, str]]:
        answers = [
            await rig.call("POST", "/v1/verify", role=None, json={"qr": text}),
            await rig.call("GET", path, role=None),
            await rig.call("POST", "/v1/verify", role=None, files={"file": ("a.png", scan.getvalue())}),
            await rig.call("POST", "/v1/verify", role=None, files={"file": ("a.jpg", photo_of(page))}),
        ]
        assert all(
            {"name": "claims", "outcome": "passed"}.items() <= answer.json()["checks"][-1].items()
            for answer in answers
        )
        return [(answer.json()["verdict"], answer.json()["reasons"][0]["code"]) for answer in answers]

    assert await verdicts() == [("valid", "genuine")] * 4
    await rig.call("POST", f"/v1/certificates/{certificate['id']}/revoke", json={"reason": "fraud"})
    assert await verdicts() == [("revoked", "withdrawn")] * 4


async def test_the_qr_stays_small(rig: Rig) -> None:
    """At most version 12 with correction level M, alphanumeric: 419 characters [ISO/IEC 18004 table 7]."""
    certificate = await rig.issued(record(4))
    [code] = zxingcpp.read_barcodes(
        await printed(rig, certificate), formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    )
    assert code.ec_level == "M"
    assert len(code.text) <= 419
    assert code.text == code.text.upper()


async def test_nothing_personal_is_in_the_qr(rig: Rig) -> None:
    """Two certificates of one case share no claims that would tell; a recovery paper does not say what it
    is.
    """
    leave, recovery = await rig.issued(record(5)), await rig.issued(record(5), kind="recovery")
    for certificate in (leave, recovery):
        text = await qr_of(rig, certificate)
        for value in record(5).values():
            assert len(value) < 6 or value.upper() not in text


async def test_claims_of_another_certificate_are_forged(rig: Rig) -> None:
    """Good claims under another's token, and a token with claims that nobody signed."""
    mine, other = [await qr_of(rig, await rig.issued(record(number))) for number in (6, 7)]
    token, claims = (text.rpartition("/")[at] for text, at in ((mine, 0), (other, 2)))
    for forged in (f"{token}/{claims}", mine[:-1] + ("A" if mine[-1] != "A" else "B"), f"{token}/AAAA"):
        answer = (await rig.call("POST", "/v1/verify", role=None, json={"qr": forged})).json()
        assert (answer["verdict"], answer["reasons"][0]["code"]) == ("invalid", "forged_qr")
        assert answer["certificate"] is None
        page = await rig.call("GET", "/V/" + forged.partition("/V/")[2], role=None)
        assert (page.status_code, page.json()["reasons"][0]["code"]) == (200, "forged_qr")


async def test_good_claims_of_an_unknown_token_are_unknown(rig: Rig) -> None:
    """The register decides: whoever signed, a code that is not in it is not known."""
    text = await qr_of(rig, await rig.issued(record(8)))
    start, _, claims = text.rpartition("/")
    answer = (
        await rig.call("POST", "/v1/verify", role=None, json={"qr": f"{start[:-26]}{'0' * 26}/{claims}"})
    ).json()
    assert (answer["verdict"], answer["reasons"][0]["code"]) == ("unknown", "no_such_code")


async def test_the_token_alone_is_enough(rig: Rig) -> None:
    """As papers printed before there were claims have it."""
    text = await qr_of(rig, await rig.issued(record(9)))
    answer = (await rig.call("POST", "/v1/verify", role=None, json={"qr": text.rpartition("/")[0]})).json()
    assert (answer["verdict"], [check["name"] for check in answer["checks"]]) == ("valid", ["register"])
