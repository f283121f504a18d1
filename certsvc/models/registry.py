"""Who may issue and sign, and who may call."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from certsvc.models.base import Entity, one_of, within
from certsvc.states import SCOPES_OF, DelegationKind, DelegationState, Origin, Role, Scope


class Facility(Entity):
    """A health station or hospital that may issue; `code` is its five-digit BHXH number.

    `requires_approval`: its head approves what was asked for before anything is signed with its seal.
    `prints_both_copies`: a sick leave has a second page, the copy that the facility keeps (liên 1).
    """

    __tablename__ = "facilities"

    code: Mapped[str] = mapped_column(String(5), primary_key=True)
    name: Mapped[str]
    parent: Mapped[str]
    ward_code: Mapped[str] = mapped_column(String(5))
    active_from: Mapped[dt.date]
    active_to: Mapped[dt.date | None]
    requires_approval: Mapped[bool] = mapped_column(default=False)
    prints_both_copies: Mapped[bool] = mapped_column(default=False)

    def is_active_on(self, day: dt.date) -> bool:
        return within(day, self.active_from, self.active_to)


class Practitioner(Entity):
    """Somebody licensed to examine at one facility; `role` is `head` or `practitioner`, `title` the office
    held there, as papers name it.
    """

    __tablename__ = "practitioners"

    licence: Mapped[str] = mapped_column(String(64), primary_key=True)
    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"), primary_key=True)
    full_name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(String(64))
    social_insurance_no: Mapped[str] = mapped_column(String(10))
    registered_from: Mapped[dt.date]
    registered_to: Mapped[dt.date | None]

    __table_args__ = (CheckConstraint("role IN ('head', 'practitioner')", name="role"),)

    @property
    def is_head(self) -> bool:
        return self.role == "head"

    def is_registered_on(self, day: dt.date) -> bool:
        """Registered with BHXH as a signer on that day [rules, V-PRACTITIONER]."""
        return within(day, self.registered_from, self.registered_to)


class Delegation(Entity):
    """A written authority to sign for a facility, in force between its days until it is withdrawn [signers,
    Written authority].

    With a `licence` that practitioner represents the facility in its head's place; without one the station as
    a whole was authorised, by the Trung tâm Y tế above it, to issue and to stamp. `document` is the
    authority's own number, `kind` how its holder signs.
    """

    __tablename__ = "delegations"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"), index=True)
    licence: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[DelegationKind] = mapped_column(default=DelegationKind.AUTHORISED)
    document: Mapped[str] = mapped_column(String(64))
    granted_by: Mapped[str] = mapped_column(String(255))
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
    added_at: Mapped[dt.datetime]
    withdrawn_at: Mapped[dt.datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["licence", "facility_code"], ["practitioners.licence", "practitioners.facility_code"]
        ),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="days"),
        one_of("kind", DelegationKind),
    )

    def is_in_force_on(self, day: dt.date, *, as_of: dt.datetime | None = None) -> bool:
        """As we know now, or knew at `as_of`: what was withdrawn since was good then, what was entered since
        was unknown.
        """
        is_known = (
            self.withdrawn_at is None
            if as_of is None
            else self.added_at <= as_of and (self.withdrawn_at is None or self.withdrawn_at > as_of)
        )
        return is_known and within(day, self.valid_from, self.valid_to)

    def state_on(self, day: dt.date) -> DelegationState:
        if self.withdrawn_at is not None:
            return DelegationState.WITHDRAWN
        if day < self.valid_from:
            return DelegationState.NOT_YET
        return DelegationState.IN_FORCE if self.is_in_force_on(day) else DelegationState.ENDED


class SigningIdentity(Entity):
    """A key that signs, and whose: an organisation (facility), or a person (by licence)."""

    __tablename__ = "identities"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"))
    licence: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str]
    certificate_der: Mapped[bytes] = mapped_column(LargeBinary)
    certificate_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    not_before: Mapped[dt.datetime]
    not_after: Mapped[dt.datetime]
    added_at: Mapped[dt.datetime]
    retired_at: Mapped[dt.datetime | None]

    def is_good(self, now: dt.datetime) -> bool:
        """Whether it may sign now."""
        return self.retired_at is None and self.not_before <= now <= self.not_after

    def retire(self, now: dt.datetime) -> None:
        """Sign nothing more with it; the first time counts."""
        self.retired_at = self.retired_at or now


class ApiKey(Entity):
    """A caller: who asks, as what, for which facility; whatever is asked for points here.

    `sha256` is the digest of what shows who calls. Of a key (`origin`) that is its text; of an OpenID subject
    the issuer, subject, role, facility and holder, so that a change of role is another caller and history
    keeps what was; of a local account a random value that nothing opens. `prefix` names the caller in logs.
    `scopes` narrow what its role may. `licence` is the practitioner of the facility that this caller is,
    where it is one person. `subject` is a digest of an OpenID subject's issuer and subject alone, so that the
    same person in another role is known again.
    """

    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    origin: Mapped[Origin] = mapped_column(default=Origin.KEY)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    subject: Mapped[str | None] = mapped_column(String(64))
    role: Mapped[Role]
    facility_code: Mapped[str | None] = mapped_column(ForeignKey("facilities.code"))
    holder: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str] | None]
    licence: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]

    __table_args__ = (
        one_of("role", Role),
        one_of("origin", Origin),
        CheckConstraint("(role = 'facility') = (facility_code IS NOT NULL)", name="facility_scope"),
        CheckConstraint("licence IS NULL OR facility_code IS NOT NULL", name="licence"),
    )

    def is_of_same_holder(self, other: "ApiKey") -> bool:
        """Whether both are one organisation's: what one asked for is the other's too, so keys can be renewed
        and people change.
        """
        return self.owner == other.owner

    def is_same_person(self, other: "ApiKey") -> bool:
        """Whether both are one person, as far as can be known: the same key, account or OpenID subject.

        A person who has a key beside an account, or two keys, is not known again.
        """
        return self.id == other.id or (self.subject is not None and self.subject == other.subject)

    @property
    def owner(self) -> str:
        """The organisation whose key this is, as one text."""
        return f"{self.role}:{self.facility_code or ''}:{self.holder}"

    def may_see(self, facility_code: str) -> bool:
        """Whether that facility's certificates exist for this caller."""
        return self.facility_code is None or self.facility_code == facility_code

    def may(self, scope: Scope) -> bool:
        return scope in SCOPES_OF[self.role] and (self.scopes is None or scope in self.scopes)

    def is_good(self, now: dt.datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
