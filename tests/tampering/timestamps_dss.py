"""Time-stamps and the security store: stripped, corrupted, foreign, over something else, swollen."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress

from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.tampering import identities
from tests.tampering.attack import BROKEN, MISPLACED, UNSTAMPED, Attack
from tests.tampering.bases import STREAM_1_T, STREAM_3_LT, STREAM_3_LTA, TABLE_1_LTA, TABLE_2_LT, TABLE_3_LT, Base, archived, aside
from tests.tampering.editing import by_editor, dictionary, flipped, last, overwritten, with_cms
from tests.unit.verify import samples

_STAMPED = (STREAM_1_T, TABLE_2_LT, TABLE_3_LT, STREAM_3_LT)
_STORED = (TABLE_2_LT, TABLE_3_LT, STREAM_3_LT)
_ARCHIVED = (TABLE_1_LTA, STREAM_3_LTA)


def _stripped(which: int) -> Callable[[Base], bytes]:
    def make(base: Base) -> bytes:
        place = base.places[which]
        return samples.with_cms(base.data, place, samples.without_timestamp(place))

    return make


def _restamped(tokens: Callable[[Base, cms.SignerInfo], list[bytes]]) -> Callable[[Base], bytes]:
    """The last signature with other tokens."""

    def make(base: Base) -> bytes:
        info = cms.ContentInfo.load(last(base).cms)
        signer = info["content"]["signer_infos"][0]
        values = [cms.ContentInfo.load(token) for token in aside(lambda: tokens(base, signer))]
        attribute = cms.CMSAttribute({"type": "signature_time_stamp_token", "values": values})
        signer["unsigned_attrs"] = cms.CMSAttributes([attribute])
        return with_cms(base, bytes(info.dump(force=True)))

    return make


def _foreign(base: Base, signer: cms.SignerInfo) -> list[bytes]:
    """By the authority of a look-alike PKI."""
    return [_token(identities.look_alike().tsa(), signer["signature"].native)]


def _of_something_else(base: Base, signer: cms.SignerInfo) -> list[bytes]:
    return [_token(samples.pki().tsa(), b"something else")]


def _token(stamper: samples.TimeStamper, value: bytes) -> bytes:
    return asyncio.run(stamper.stamp(hashlib.sha256(value).digest()))


def _other_attribute(base: Base) -> bytes:
    """Another unsigned attribute where the time-stamp was."""
    info = cms.ContentInfo.load(last(base).cms)
    attribute = cms.CMSAttribute({"type": "1.2.3.4", "values": [cms.Any(cms.core.Null())]})
    info["content"]["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([attribute])
    return with_cms(base, bytes(info.dump(force=True)))


def _without_store(base: Base) -> bytes:
    """The catalog no longer names the store."""
    at = base.data.index(b"/DSS")
    return overwritten(base.data, at, b"/DSX")


def _dropped_store(writer: IncrementalPdfFileWriter) -> None:
    with suppress(KeyError):
        del writer.root["/DSS"]
    writer.update_root()  # type: ignore[no-untyped-call]


def _swollen_store(writer: IncrementalPdfFileWriter) -> None:
    """A thousand lists more than anybody needs."""
    lists = [writer.add_object(generic.StreamObject(stream_data=b"0")) for _ in range(1000)]
    writer.root[pdf_name("/DSS")] = dictionary(CRLs=generic.ArrayObject(lists))
    writer.update_root()  # type: ignore[no-untyped-call]


def _broken_archive(base: Base) -> bytes:
    """A bit in the archive time-stamp's own signature."""
    start = base.data.index(b"<", base.data.index(b"/Contents", last(base).end)) + 1
    value = cms.ContentInfo.load(bytes.fromhex(base.data[start : start + 6000].split(b">")[0].decode()))
    signature = value["content"]["signer_infos"][0]["signature"].native
    at = base.data.index(signature.hex().encode(), start)
    return flipped(base.data, at + 30, 1)


def _misdated_archive(base: Base) -> bytes:
    """An archive time-stamp over another file."""
    other = aside(lambda: archived(base.signed))
    start, end = _hole(base.data, last(base).end), _hole(other, last(base).end)
    return overwritten(base.data, start[0], other[end[0] : end[1]]) if start[1] - start[0] == end[1] - end[0] else other[: end[0]] + base.data[start[0] :]


def _hole(data: bytes, after: int) -> tuple[int, int]:
    start = data.index(b"<", data.index(b"/Contents", after))
    return start, data.index(b">", start) + 1


def _foreign_archive(base: Base) -> bytes:
    return aside(lambda: archived(base.signed, by=identities.look_alike()))


ATTACKS = (
    Attack("stripped-first", "the first signature without its time-stamp", _stripped(0), UNSTAMPED, _STAMPED),
    Attack("stripped-last", "the last signature without its time-stamp", _stripped(-1), UNSTAMPED, _STAMPED),
    Attack("stamp-foreign", "a time-stamp by somebody else's authority", _restamped(_foreign), UNSTAMPED, _STAMPED),
    Attack("stamp-elsewhere", "our authority's time-stamp over something else", _restamped(_of_something_else), UNSTAMPED, _STAMPED),
    Attack("stamp-other", "another attribute in the time-stamp's place", _other_attribute, UNSTAMPED, _STAMPED),
    Attack("store-renamed", "the security store no longer found, in the signed part", _without_store, BROKEN, _STORED),
    Attack("store-dropped", "the security store taken away by a later revision", by_editor(_dropped_store), MISPLACED, _STORED),
    Attack("store-swollen", "a later revision with a thousand revocation lists", by_editor(_swollen_store), MISPLACED, _STORED),
    Attack("archive-broken", "a bit in the archive time-stamp", _broken_archive, MISPLACED, _ARCHIVED),
    Attack("archive-elsewhere", "an archive time-stamp over another file", _misdated_archive, MISPLACED, _ARCHIVED),
    Attack("archive-foreign", "an archive time-stamp by somebody else's authority", _foreign_archive, MISPLACED, _ARCHIVED),
    Attack("archive-saved", "a page replaced behind an archive time-stamp", by_editor(samples.replace_page), MISPLACED, _ARCHIVED),
)
