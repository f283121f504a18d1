"""What an ODF package is: told by the package itself (ODF 1.3 part 2), wherever in it that stands, for
programs write it as they like.
"""

from typing import Any

from defusedxml.ElementTree import fromstring

from certsvc.records.raw.packages import Package, damage_refused
from certsvc.records.raw.refusals import refusal, wrong_format

CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_MIMETYPE = "application/vnd.oasis.opendocument."
_SPREADSHEETS = frozenset({"spreadsheet", "spreadsheet-template"})
_MOST_KIND_BYTES, _MOST_START_BYTES = 200, 1 << 16
_SPREADSHEET_NS = b"urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_MANIFEST_NS = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_MACROS = ("Basic/", "Scripts/")
_NO_MACROS = ("/", "/script-lc.xml", "/script-lb.xml", "/dialog-lc.xml", "/dialog-lb.xml")
"""Folders, and lists of libraries: LibreOffice writes them for libraries without a module."""


def is_ods(package: Package) -> bool:
    """Whether a package is ODF's, wherever in it that is said. Raises InputError `not_a_table` for a document
    that is no spreadsheet.
    """
    with damage_refused():
        kind = _kind(package)
    if kind is not None and kind not in _SPREADSHEETS:
        raise wrong_format(
            "word" if kind.startswith("text") else "slides" if kind.startswith("presentation") else "odf"
        )
    return kind is not None


def _kind(package: Package) -> str | None:
    """What ODF calls the document: in a part of its own (part 2, 3.3), else in its manifest (part 2, 3.2);
    some programs write neither.
    """
    said = (
        package.read("mimetype")[:_MOST_KIND_BYTES].decode(errors="replace")
        if package.has("mimetype")
        else ""
    )
    if not said.strip() and package.has(_MANIFEST):
        root: Any = fromstring(package.read(_MANIFEST), forbid_dtd=True)
        said = next(
            (
                each.get(f"{_MANIFEST_NS}media-type", "")
                for each in root
                if each.get(f"{_MANIFEST_NS}full-path") == "/"
            ),
            "",
        )
    if said.strip().startswith(_MIMETYPE):
        return said.strip().removeprefix(_MIMETYPE)
    if said.strip() or not package.has(CONTENT):
        return None
    with package.open(CONTENT) as part:
        return "spreadsheet" if _SPREADSHEET_NS in part.read(_MOST_START_BYTES) else None


def check_spreadsheet(package: Package) -> None:
    """Raises InputError: `not_a_table`, `encrypted_file`, `has_macros`, `broken_file`."""
    if not is_ods(package):
        raise refusal("not_a_table")
    names = package.namelist()
    with damage_refused():
        is_locked = "encrypted-package" in names or (
            package.has(_MANIFEST) and b"encryption-data" in package.read(_MANIFEST)
        )
    if is_locked:
        raise refusal("encrypted_file")
    if any(name.startswith(_MACROS) and not name.endswith(_NO_MACROS) for name in names):
        raise refusal("has_macros")
