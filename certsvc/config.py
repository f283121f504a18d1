"""Settings, read once at an edge from `CERTSVC_` environment variables and passed down.

An unknown `CERTSVC_` variable stops the start: a misspelt setting must not be silently ignored.
Production refuses what is only fit for development (`Settings.refuse_unfit`).
"""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "CERTSVC_"
MIN_SECRET = 32
"""Characters or bytes of the service's secret: 256 bits."""


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Profile(StrEnum):
    """How far a signature goes, ETSI EN 319 142-1 clause 6: baseline levels."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"


class Signatures(StrEnum):
    """Who signs: everybody whom the form names (practitioner, representative, organisation), or the
    organisation's seal alone.
    """

    ALL = "all"
    ORGANISATION = "organisation"


class Settings(BaseSettings):
    """Everything an operator may set; each field is described in `docs/settings.md`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    environment: Environment = Field(
        Environment.DEVELOPMENT,
        description="`production` refuses everything that is only fit for development",
    )
    data_dir: Path = Field(
        Path("var/data"),
        description="folder of the embedded database, the PDF files and, in development, the secret",
    )
    database_url: str | None = Field(None, description="SQLAlchemy address; default: SQLite in `data_dir`")
    blob_url: str | None = Field(
        None,
        description=(
            "where PDF bytes lie, as obstore writes it (`file:///…`, `s3://bucket`); default: a folder in"
            " `data_dir`"
        ),
    )
    redis_url: str | None = Field(
        None, description="Redis or Valkey; default: the embedded server that `serve` starts"
    )
    keys_dir: Path = Field(
        Path("keys_dev/generated"),
        description="folder with the trust anchors, the time-stamping key and the revocation answers",
    )
    pkcs12_passphrase: SecretStr | None = Field(
        None, description="opens the PKCS#12 files of signing identities"
    )
    secret: SecretStr | None = Field(
        None,
        description=(
            "at least 32 random characters: codes, blind indexes and record encryption come from it. Default"
            " in development: made once, in `data_dir`"
        ),
    )
    base_url: str = Field("http://127.0.0.1:8000", description="public address; printed in every QR")
    issuer_name: str = Field("certsvc", description="who issues, by name: stands in the trust list")
    profile: Profile = Field(Profile.B_LT, description="signature level: `B-B`, `B-T` or `B-LT`")
    signatures: Signatures = Field(
        Signatures.ALL, description="who signs: `all` whom the form names, or the `organisation` alone"
    )
    chunk_size: int = Field(200, ge=1, le=1000, description="certificates that go through a press together")
    lease_s: int = Field(60, ge=5, description="seconds after which a silent worker's claim is free again")
    sweep_s: float = Field(5.0, gt=0, description="seconds between two sweeps for work left behind")
    max_attempts: int = Field(5, ge=1, description="tries before a certificate is `failed`")
    presses: int = Field(
        1,
        ge=1,
        description=(
            "processes that fill and sign; best one for each core beyond the first, which worker and API need"
        ),
    )
    max_upload_bytes: int = Field(
        128 * 1024**2, description="largest batch file; also all files of a bulk check together"
    )
    max_unpacked_bytes: int = Field(1024**3, description="largest batch file once unpacked")
    max_rows: int = Field(200_000, description="rows in one batch")
    keep_uploads_days: int = Field(
        30,
        ge=0,
        description=(
            "days for which a batch file is kept, encrypted, so that it can be returned with its results"
        ),
    )
    max_pdf_bytes: int = Field(20 * 1024**2, description="largest file to check")
    verify_timeout_s: float = Field(5.0, gt=0, description="wall-clock limit of one file check")
    verify_memory_bytes: int = Field(768 * 1024**2, description="memory limit of one file check")
    local_accounts: bool = Field(
        default=True, description="whether people sign in with accounts made by `certsvc accounts create`"
    )
    oidc_issuer: str | None = Field(
        None,
        description=(
            "the OpenID provider's issuer, exactly as its discovery document says it; without it there is"
            " none"
        ),
    )
    oidc_client_id: str = Field("certsvc", description="what the provider knows this service as")
    oidc_client_secret: SecretStr | None = Field(
        None, description="of that client, if it has one; PKCE is used in any case"
    )
    oidc_audience: str | None = Field(
        None,
        description="audience that bearer tokens must name. Default: the client's id, so that ID tokens do",
    )
    oidc_scope: str = Field("openid profile", description="scopes that browsers ask the provider for")
    oidc_role_claim: str = Field(
        "role",
        description=(
            "claim that holds a person's role, or a list of them; dots lead into objects"
            " (`realm_access.roles`)"
        ),
    )
    oidc_roles: dict[str, str] = Field(
        {},
        description=(
            'which value of that claim is which role, as JSON: `{"bhxh-staff": "insurer"}`. Default: our own'
            " names"
        ),
    )
    oidc_facility_claim: str = Field(
        "facility", description="claim that holds the five-digit code of a `facility` person's facility"
    )
    oidc_holder_claim: str | None = Field(
        None,
        description=(
            "claim that tells organisations of one role apart. Default: all of a role own what each asked for"
        ),
    )
    oidc_licence_claim: str | None = Field(
        None,
        description="claim that holds a `facility` person's licence, by which heads approve. Default: none",
    )
    oidc_acr: str | None = Field(
        None,
        description=(
            "`acr` that every token must have, where the provider says so how strongly somebody signed in"
        ),
    )
    oidc_timeout_s: float = Field(5.0, gt=0, description="seconds to wait for the provider")
    session_idle_min: int = Field(
        30, ge=1, description="minutes without use after which a browser is signed out"
    )
    session_hours: int = Field(10, ge=1, description="hours after which a browser is signed out in any case")
    webhooks_allow_private: bool = Field(
        False, description="webhooks may go to private addresses too, and over http"
    )
    webhooks_keep_days: int = Field(
        30, ge=1, description="days after which the log of a webhook's delivery is removed"
    )
    portal_url: str | None = Field(
        None, description="BHXH's portal, e.g. `https://egw.baohiemxahoi.gov.vn`; default: nothing is sent"
    )
    portal_accounts: SecretStr | None = Field(
        None, description='accounts there, as JSON: `{"<facility>": {"username": …, "password": …}}`'
    )
    portal_timeout_s: float = Field(
        60.0, gt=0, le=240, description="seconds to wait for each of the portal's answers"
    )
    revoke_alone: int = Field(
        20,
        ge=0,
        description=(
            "certificates that a recall may revoke at once; more are suspended until a second person approves"
        ),
    )
    trusted_proxies: int = Field(
        0, ge=0, description="reverse proxies in front whose X-Forwarded-For entry is believed"
    )
    log_json: bool = Field(False, description="log as JSON lines instead of readable lines")

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _refuse_unfit(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            if self.secret is None or len(self.secret.get_secret_value()) < MIN_SECRET:
                raise ValueError("production needs CERTSVC_SECRET, at least 32 random characters")
            if not self.base_url.startswith("https://"):
                raise ValueError("production needs an https:// CERTSVC_BASE_URL")
            if self.oidc_issuer is not None and not self.oidc_issuer.startswith("https://"):
                raise ValueError("production needs an https:// CERTSVC_OIDC_ISSUER")
            if self.portal_url is not None and not self.portal_url.startswith("https://"):
                raise ValueError("production needs an https:// CERTSVC_PORTAL_URL")
        return self

    @property
    def sqlalchemy_url(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'certsvc.db'}"

    @property
    def obstore_url(self) -> str:
        return self.blob_url or (self.data_dir.resolve() / "blobs").as_uri()

    def as_environment(self) -> dict[str, str]:
        """The variables that give a child process these settings."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            f"{PREFIX}{name.upper()}": _plain(value) for name, value in values.items() if value is not None
        }


def _plain(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case dict():
            return json.dumps(value)
        case _:
            return str(value)


def load_settings() -> Settings:
    """Settings from the environment. Raises ValueError for an unknown `CERTSVC_` variable."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {"CERTSVC_URL", "CERTSVC_KEY"}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(unknown)}")
    return Settings()
