"""What the rows of a file so far have held: cases [rules, V-DUPLICATE], people's numbers and their visits
[rules, W-SAME-NUMBER; rules, W-SAME-VISIT].
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator

from certsvc.records.case import Case
from certsvc.records.checking import Checked
from certsvc.records.patient import Patient
from certsvc.records.rules.catalogue import duplicate_finding, finding
from certsvc.records.rules.findings import Finding

_TABLES = """
CREATE TABLE cases (key BLOB PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE marks (mark BLOB PRIMARY KEY, patient TEXT NOT NULL, is_shared INTEGER NOT NULL) WITHOUT ROWID;
"""


class SeenRows:
    """Feed it the rows in the order of the file, one at a time.

    Rows are the same case by facility and `case_id`: the first stands, rejected or not; a row without a
    `case_id` is nobody's duplicate. What was seen stands in a temporary file of SQLite's: memory stays the
    same for however many.
    """

    def __init__(self) -> None:
        self._seen = sqlite3.connect(
            "", isolation_level=None, check_same_thread=False
        )  # a file without a name, which goes with the connection
        self._seen.execute("PRAGMA journal_mode=OFF")
        self._seen.executescript(_TABLES)

    def look(self, checked: Checked) -> Checked:
        """The row with what earlier rows give cause to say of it; it is remembered for later ones."""
        if (duplicate := self._duplicate(checked)) is not None:
            return checked.with_finding(duplicate)
        for found in self._shared(checked.case) if checked.case is not None else ():
            checked = checked.with_finding(found)
        return checked

    def close(self) -> None:
        """Forget all."""
        self._seen.close()

    def _duplicate(self, checked: Checked) -> Finding | None:
        if not checked.case_id:
            return None
        key = _digest(f"{checked.facility_code}\n{checked.case_id}")
        content = bytes.fromhex(checked.digest[:16])
        if self._seen.execute("INSERT OR IGNORE INTO cases VALUES (?, ?)", (key, content)).rowcount:
            return None
        (first,) = self._seen.execute("SELECT content FROM cases WHERE key = ?", (key,)).fetchone()
        return duplicate_finding(is_same_content=first == content)

    def _shared(self, case: Case) -> Iterator[Finding]:
        patient = case.patient
        kept = json.dumps(patient.to_json())
        columns = [column for mark, column in patient.numbers.items() if self._is_shared(mark, patient, kept)]
        if columns:
            yield finding("W-SAME-NUMBER", columns[-1])
        if case.visit_mark and self._is_shared(case.visit_mark, patient, kept):
            yield finding("W-SAME-VISIT", "visit_no")

    def _is_shared(self, mark: str, patient: Patient, kept: str) -> bool:
        """Whether the mark has stood with somebody else; the first who has it is remembered, and that others
        had it.
        """
        key = _digest(mark)
        if self._seen.execute("INSERT OR IGNORE INTO marks VALUES (?, ?, 0)", (key, kept)).rowcount:
            return False
        first, is_shared = self._seen.execute(
            "SELECT patient, is_shared FROM marks WHERE mark = ?", (key,)
        ).fetchone()
        if not is_shared and patient.is_another(Patient.from_json(json.loads(first)), mark=mark):
            self._seen.execute("UPDATE marks SET is_shared = 1 WHERE mark = ?", (key,))
            return True
        return bool(is_shared)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]
