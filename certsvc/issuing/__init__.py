"""The use cases of issuing: request, produce, withdraw, and batches of them.

requests/     cases → certificates `requested` (or why not); previews; searching
press/        `requested` → `issued`: claim, fill, sign, self-check, publish
withdrawing/  suspend, reinstate, revoke, replace, recall
approval/     what waits for a facility's head
batches/      a file of cases: accept it, read it, tell the fate of every row
registering   facilities and practitioners, entered from files
readiness     what an installation lacks to issue and verify, or soon will
examples      some issued certificates to look at

Beside them what they share: whom a caller sees (`visibility`), what is known of people (`known`, `episodes`),
when a batch ends (`finishing`), leases. Nothing in here commits by itself below the functions that open
`db.begin()`; the queue is rung after.
"""
