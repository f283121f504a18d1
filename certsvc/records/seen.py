"""Which cases a file has held so far [rules V-DUPLICATE]."""

import hashlib
import sqlite3

from certsvc.records.checking import Checked
from certsvc.records.findings import Finding
from certsvc.records.rules import duplicate_finding


class SeenCases:
    """Feed it the rows in the order of the file, one at a time: the first of a case stands, rejected or not.

    Rows are the same case by facility and `case_id`; a row without a `case_id` is nobody's duplicate. What was seen stands in a
    temporary file of SQLite's, as a 128-bit digest of a case's key and a 64-bit one of its content: memory stays the same for however many.
    """

    def __init__(self) -> None:
        self._seen = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a file without a name, which goes with the connection
        self._seen.execute("PRAGMA journal_mode=OFF")
        self._seen.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID")

    def find(self, checked: Checked) -> Finding | None:
        """V-DUPLICATE if an earlier row was of the same case; else the row is remembered."""
        if not checked.case_id:
            return None
        key = hashlib.sha256(f"{checked.facility_code}\n{checked.case_id}".encode()).digest()[:16]
        content = bytes.fromhex(checked.digest[:16])
        if self._seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, content)).rowcount:
            return None
        (first,) = self._seen.execute("SELECT content FROM seen WHERE key = ?", (key,)).fetchone()
        return duplicate_finding(is_same_content=first == content)

    def close(self) -> None:
        """Forget all."""
        self._seen.close()
