"""Every SQL statement of certsvc, and the database they run on.

A transaction is written where it can be seen: `async with db.begin() as session:` at an edge or in
a job; nothing in here commits. Functions take the session first and keywords after it.
"""

from certsvc.store.database import Database

__all__ = ["Database"]
