"""The answer to a check as the HTTP contract describes it [verify, What the report says]: for OpenAPI and for
clients' generators.

`certsvc.verify.report` writes the answer; these models only say what it looks like.
"""

import datetime as dt
from typing import Literal

from pydantic import BaseModel, Field

from certsvc.models import Kind, Slot
from certsvc.verify.reasons import Reason
from certsvc.verify.report import CheckName, CheckOutcome, TimeSource, Verdict


class ReasonOut(BaseModel):
    """Why the verdict is what it is, in words for people; `code` is stable, texts may change."""

    code: Reason
    message_vi: str
    message_en: str
    next_step_vi: str
    next_step_en: str


class CheckOut(BaseModel):
    name: CheckName
    outcome: CheckOutcome
    detail: str = Field(description="one Vietnamese sentence, or empty")


class CertificateView(BaseModel):
    """What this asker may see; a holder of the code alone gets no key after `initials` [architecture, What a
    stranger sees].
    """

    kind: Kind | Literal["station_certificate"] = Field(
        description="station_certificate: this asker may not know which kind"
    )
    serial_tail: str | None = Field(description="the last four characters of the serial")
    facility: str
    dated_on: dt.date | None = Field(description="the date on the paper, to compare; null until it is signed")
    signed_on: dt.date | None = Field(
        description=(
            "the day of `signed_at` in Hanoi: late papers are signed after `dated_on`, which is no reason to"
            " refuse one"
        )
    )
    signed_at: dt.datetime | None = Field(description="when it was signed")
    initials: str | None = Field(description="null for a minor")
    serial: str | None = None
    holder: str | None = None
    leave_from: dt.date | None = None
    leave_to: dt.date | None = Field(default=None, description="the last day of leave")
    days: int | None = None


class SignatureOut(BaseModel):
    """One signature of a file; unless `trusted`, the names are only claims."""

    slot: Slot | None
    signer: str
    organisation: str
    issuer_ca: str
    signed_at: dt.datetime | None
    time_source: TimeSource | None
    level: Literal["B-B", "B-T", "B-LT"] | None = Field(description="PAdES baseline level (EN 319 142-1)")
    intact: bool
    trusted: bool
    covers_whole_file: bool
    hierarchy: str | None = Field(
        description=(
            "family of roots that somebody else's certificate leads to, such as `public` or `government`"
        )
    )


class ReportOut(BaseModel):
    """The answer to a check of a code or a file."""

    verdict: Verdict
    reasons: list[ReasonOut] = Field(min_length=1)
    checked_at: dt.datetime
    as_of: dt.datetime
    checks: list[CheckOut]
    certificate: CertificateView | None
    signatures: list[SignatureOut]


class ProvenOut(ReportOut):
    """The answer to whoever gave the birth date; with an id number's last four digits also a grant."""

    grant: str | None = Field(description="opens pdf_url for a quarter of an hour")
    pdf_url: str | None
    successor_url: str | None = Field(description="the certificate that replaced this one")
