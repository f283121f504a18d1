"""Time-stamps and the security store: stripped, corrupted, foreign, over something else, swollen."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from asn1crypto import cms, core
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.support import pki as pkis
from tests.tampering import identities
from tests.tampering.attack import BROKEN, BROKEN_ARCHIVE, MISPLACED, UNSTAMPED, Attack
from tests.tampering.bases import (
    STREAM_1_T,
    STREAM_3_LT,
    STREAM_3_LTA,
    TABLE_1_LTA,
    TABLE_2_LT,
    TABLE_3_LT,
    Base,
    archived,
    aside,
)
from tests.tampering.editing import by_editor, dictionary, last, overwritten, with_changed_cms
from tests.unit.verify import samples

_STAMPED = (STREAM_1_T, TABLE_2_LT, TABLE_3_LT, STREAM_3_LT)
_STORED = (TABLE_2_LT, TABLE_3_LT, STREAM_3_LT)
_ARCHIVED = (TABLE_1_LTA, STREAM_3_LTA)


def _stripped(which: int) -> Callable[[Base], bytes]:
    def make(base: Base) -> bytes:
        place = base.places[which]
        return samples.with_cms(base.data, place, samples.without_timestamp(place))

    return make


def _restamped(
    value: Callable[[bytes], bytes], *, by: Callable[[], pkis.Pki] = samples.pki
) -> Callable[[Base], bytes]:
    """The last signature with another time-stamp: over this value of the raw signature."""

    def change(data: dict[str, Any], signer: dict[str, Any]) -> None:
        imprint = hashlib.sha256(value(signer["signature"].native)).digest()
        token = cms.ContentInfo.load(asyncio.run(by().tsa().stamp(imprint)))
        signer["unsigned_attrs"] = [{"type": "signature_time_stamp_token", "values": [token]}]

    return lambda base: aside(lambda: with_changed_cms(base, change))


def _other_attribute(data: dict[str, Any], signer: dict[str, Any]) -> None:
    signer["unsigned_attrs"] = [{"type": "1.2.3.4", "values": [core.Null()]}]


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
    start, end = _hole(base.data, last(base).end)
    value = cms.ContentInfo.load(bytes.fromhex(base.data[start + 1 : end - 1].decode()))
    signature = value["content"]["signer_infos"][0]["signature"].native
    at = base.data.lower().index(signature.hex().encode(), start) + 30
    return overwritten(base.data, at, b"5" if base.data[at : at + 1] != b"5" else b"6")


def _misdated_archive(base: Base) -> bytes:
    """The archive time-stamp of another file: good, and ours, but over something else."""
    other = aside(lambda: archived(samples.genuine(2)))
    start, end = _hole(base.data, last(base).end)
    donor = _hole(other, len(samples.genuine(2)))
    value = other[slice(*donor)].strip(b"<>").rstrip(b"0")
    return overwritten(base.data, start + 1, value.ljust(end - start - 2, b"0"))


def _hole(data: bytes, after: int) -> tuple[int, int]:
    found = re.compile(rb"/Contents ?(<[0-9a-fA-F]{200,}>)").search(data, after)
    if found is None:
        raise ValueError("no archive time-stamp")
    return found.span(1)


def _foreign_archive(base: Base) -> bytes:
    return aside(lambda: archived(base.signed, by=identities.look_alike()))


ATTACKS = (
    Attack(
        "stripped-first",
        "the first signature without its time-stamp",
        _stripped(0),
        BROKEN,
        _STAMPED,
        {STREAM_1_T: UNSTAMPED},
    ),
    Attack("stripped-last", "the last signature without its time-stamp", _stripped(-1), UNSTAMPED, _STAMPED),
    Attack(
        "stamp-foreign",
        "a time-stamp by somebody else's authority",
        _restamped(lambda raw: raw, by=identities.look_alike),
        UNSTAMPED,
        _STAMPED,
    ),
    Attack(
        "stamp-elsewhere",
        "our authority's time-stamp over something else",
        _restamped(lambda raw: b"something else"),
        UNSTAMPED,
        _STAMPED,
    ),
    Attack(
        "stamp-other",
        "another attribute in the time-stamp's place",
        lambda base: with_changed_cms(base, _other_attribute),
        UNSTAMPED,
        _STAMPED,
    ),
    Attack(
        "store-renamed",
        "the security store no longer found, in the signed part",
        _without_store,
        BROKEN,
        _STORED,
    ),
    Attack(
        "store-dropped",
        "the security store taken away by a later revision",
        by_editor(_dropped_store),
        MISPLACED,
        _STORED,
    ),
    Attack(
        "store-swollen",
        "a later revision with a thousand revocation lists",
        by_editor(_swollen_store),
        MISPLACED,
        _STORED,
    ),
    Attack("archive-broken", "a bit in the archive time-stamp", _broken_archive, BROKEN_ARCHIVE, _ARCHIVED),
    Attack(
        "archive-elsewhere",
        "an archive time-stamp over another file",
        _misdated_archive,
        BROKEN_ARCHIVE,
        _ARCHIVED,
    ),
    Attack(
        "archive-foreign",
        "an archive time-stamp by somebody else's authority",
        _foreign_archive,
        BROKEN_ARCHIVE,
        _ARCHIVED,
    ),
    Attack(
        "archive-saved",
        "a page replaced behind an archive time-stamp",
        by_editor(samples.replace_page),
        MISPLACED,
        _ARCHIVED,
    ),
)
