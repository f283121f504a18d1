"""What kind of document an ODF package is, as the package says itself (ODF 1.3 part 2): programs say so in
different places.
"""

from defusedxml.ElementTree import fromstring

from certsvc.records.raw.foreign import ForeignFormat, wrong_format
from certsvc.records.raw.packages import Package, damage_refused
from certsvc.records.raw.refusals import refusal

CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_MIMETYPE = "application/vnd.oasis.opendocument."
_SPREADSHEETS = frozenset({"spreadsheet", "spreadsheet-template"})
_OTHERS = {"text": ForeignFormat.WORD, "presentation": ForeignFormat.SLIDES}
"""How kinds of other documents begin."""
_MOST_KIND_BYTES, _MOST_START_BYTES = 200, 1 << 16
_SPREADSHEET_NS = b"urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_MANIFEST_NS = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_MACROS = ("Basic/", "Scripts/")
_NO_MACROS = ("/", "/script-lc.xml", "/script-lb.xml", "/dialog-lc.xml", "/dialog-lb.xml")
"""Folders, and lists of libraries, which LibreOffice also writes for libraries without a module."""


def is_ods(package: Package) -> bool:
    """Whether a package is an ODF spreadsheet. Raises InputError `not_a_table` for any other ODF document."""
    with damage_refused():
        kind = _kind(package)
    if kind is not None and kind not in _SPREADSHEETS:
        found = (foreign for start, foreign in _OTHERS.items() if kind.startswith(start))
        raise wrong_format(next(found, ForeignFormat.ODF))
    return kind is not None


def _kind(package: Package) -> str | None:
    """What ODF calls the document: in a part of its own (part 2, 3.3), else in its manifest (part 2, 3.2);
    some programs write neither.
    """
    said = _mimetype(package) or _manifest_type(package)
    if said.startswith(_MIMETYPE):
        return said.removeprefix(_MIMETYPE)
    if said or not package.has(CONTENT):
        return None
    with package.open(CONTENT) as part:
        return "spreadsheet" if _SPREADSHEET_NS in part.read(_MOST_START_BYTES) else None


def _mimetype(package: Package) -> str:
    if not package.has("mimetype"):
        return ""
    return package.read("mimetype")[:_MOST_KIND_BYTES].decode(errors="replace").strip()


def _manifest_type(package: Package) -> str:
    """The media type of the package as a whole; empty where the manifest gives none."""
    if not package.has(_MANIFEST):
        return ""
    for entry in fromstring(package.read(_MANIFEST), forbid_dtd=True):
        if entry.get(f"{_MANIFEST_NS}full-path") == "/":
            return entry.get(f"{_MANIFEST_NS}media-type", "").strip()
    return ""


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
