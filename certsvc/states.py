"""Words that entities are made of: kinds, slots, roles, states."""

from enum import StrEnum

MARK_CHARS = 32
"""Hexadecimal digits of a blind index of people: 128 bits."""


class Kind(StrEnum):
    SICK_LEAVE = "sick_leave"
    RECOVERY = "recovery"


STATION_CERTIFICATE = "station_certificate"
"""What strangers are told instead of `recovery`, which names the illness."""


class Slot(StrEnum):
    """Who signs, in the order of signing [signers, Slots]."""

    PRACTITIONER = "practitioner"
    REPRESENTATIVE = "representative"
    ORGANISATION = "organisation"


class Status(StrEnum):
    """States of a certificate: requested → signing → issued → suspended | revoked | replaced, or failed."""

    REQUESTED = "requested"
    SIGNING = "signing"
    ISSUED = "issued"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REPLACED = "replaced"
    FAILED = "failed"


LIVE = (Status.REQUESTED, Status.SIGNING, Status.ISSUED, Status.SUSPENDED)
"""States of which a case may have only one certificate of a kind."""

PUBLISHED = (Status.ISSUED, Status.SUSPENDED, Status.REVOKED, Status.REPLACED)
"""States in which bytes of ours are out in the world."""


class WithdrawalReason(StrEnum):
    """Why a certificate is withdrawn [api, Withdrawing]; `other` needs a text."""

    WRONG_DATA = "wrong_data"
    WRONG_PERSON = "wrong_person"
    NOT_ENTITLED = "not_entitled"
    FRAUD = "fraud"
    KEY_COMPROMISE = "key_compromise"
    LOST = "lost"
    OTHER = "other"


class Role(StrEnum):
    INSURER = "insurer"
    FACILITY = "facility"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a key may be narrowed to; without scopes a caller may do all that its role may."""

    READ = "read"
    ISSUE = "issue"
    WITHDRAW = "withdraw"
    APPROVE = "approve"


SCOPES_OF = {
    Role.INSURER: frozenset(Scope) - {Scope.APPROVE},
    Role.FACILITY: frozenset(Scope),
    Role.AUDITOR: frozenset({Scope.READ}),
    Role.ADMIN: frozenset(Scope) - {Scope.APPROVE},
}
"""What each role may do at all: auditors only read, and only a facility approves its own papers [api, Keys
and roles].
"""


class DelegationKind(StrEnum):
    """How somebody signs in the head's place (Decree 30/2020/NĐ-CP, Annex I): a deputy KT. (ký thay), who is
    authorised TUQ. (thừa uỷ quyền).
    """

    DEPUTY = "deputy"
    AUTHORISED = "authorised"


class DelegationState(StrEnum):
    NOT_YET = "not_yet"
    IN_FORCE = "in_force"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class Origin(StrEnum):
    """How a caller shows who it is: an API key, a token of the OpenID provider, a local account."""

    KEY = "key"
    OIDC = "oidc"
    ACCOUNT = "account"


class SubmissionState(StrEnum):
    """What became of a document on its way to BHXH's portal, which knows no document twice and answers no
    questions.

    `sending` is written before the document leaves; whoever finds it later knows as little as of `uncertain`.
    `refused` and `not_sent` are certain: there is no document at the portal. `superseded`: a person sent an
    uncertain one again.
    """

    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNCERTAIN = "uncertain"
    SUPERSEDED = "superseded"


class RecallStatus(StrEnum):
    """A recall is done at once (`revoked`), or waits for a second person, who approves (`revoked`) or
    declines it.
    """

    WAITING = "waiting"
    REVOKED = "revoked"
    DECLINED = "declined"


class EventType(StrEnum):
    """What happens to certificates and batches, and may be told."""

    CERTIFICATE_ISSUED = "certificate.issued"
    CERTIFICATE_FAILED = "certificate.failed"
    CERTIFICATE_SUSPENDED = "certificate.suspended"
    CERTIFICATE_REINSTATED = "certificate.reinstated"
    CERTIFICATE_REVOKED = "certificate.revoked"
    CERTIFICATE_REPLACED = "certificate.replaced"
    BATCH_FINISHED = "batch.finished"


class BatchStatus(StrEnum):
    READING = "reading"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
