"""The use cases of issuing: request, produce, withdraw, and batches of them.

    requesting   cases → certificates `requested` (or why not)
    producing    `requested` → `issued`: claim, fill, sign, self-check, publish
    withdrawing  revoke, suspend, reinstate, replace
    batches      a file of cases: accept it, read it, tell the fate of every row
    rehearsals   a dry run's file, sent once more to be issued
    searching    find certificates by what a person has in hand

Nothing in here commits by itself below the functions that open `db.begin()`; the queue is rung after.
"""
