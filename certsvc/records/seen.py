"""Which cases a file has held so far [rules V-DUPLICATE].

For 200,000 rows it stays below some 40 MB: a case is remembered by a 128-bit digest of its key and a
64-bit one of its content.
"""

import hashlib

from certsvc.records.checking import Checked
from certsvc.records.findings import Finding
from certsvc.records.rules import duplicate_finding


class SeenCases:
    """Feed it the rows in the order of the file: the first of a case stands, rejected or not.

    Rows are the same case by facility and `case_id`; a row without a `case_id` is nobody's duplicate.
    """

    def __init__(self) -> None:
        self._contents: dict[bytes, int] = {}

    def find(self, checked: Checked) -> Finding | None:
        """V-DUPLICATE if an earlier row was of the same case; else the row is remembered."""
        if not checked.case_id:
            return None
        key = hashlib.sha256(f"{checked.facility_code}\n{checked.case_id}".encode()).digest()[:16]
        content = int(checked.digest[:16], 16)
        if key in self._contents:
            return duplicate_finding(is_same_content=self._contents[key] == content)
        self._contents[key] = content
        return None
