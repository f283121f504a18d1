"""Settings: nothing misspelt is ignored, production refuses what is fit for development only."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from certsvc.config import Environment, Profile, Settings, load_settings
from certsvc.errors import Broken
from certsvc.resources import open_press, open_vault

STRONG = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CERTSVC_")]:
        monkeypatch.delenv(name)


def test_variables_become_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, with their types; what is not given has its default."""
    monkeypatch.setenv("CERTSVC_CHUNK_SIZE", "7")
    monkeypatch.setenv("CERTSVC_PROFILE", "B-T")
    monkeypatch.setenv("CERTSVC_BASE_URL", "https://tracuu.example.vn/")
    settings = load_settings()
    assert (settings.chunk_size, settings.profile, settings.base_url) == (
        7,
        Profile.B_T,
        "https://tracuu.example.vn",
    )
    assert settings.environment is Environment.DEVELOPMENT


def test_a_child_process_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their type: switches, maps, secrets, and what is not set."""
    settings = Settings(
        local_accounts=False,
        oidc_roles={"bhxh": "insurer"},
        oidc_issuer="https://id.example",
        oidc_client_secret=SecretStr("s"),
    )
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


@pytest.mark.parametrize("name", ["CERTSVC_BASE_ULR", "CERTSVC_X", "CERTSVC_"])
def test_an_unknown_variable_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """And is named; the command line's own two are known."""
    monkeypatch.setenv("CERTSVC_URL", "x")
    monkeypatch.setenv("CERTSVC_KEY", "x")
    load_settings()
    monkeypatch.setenv(name, "1")
    with pytest.raises(ValueError, match=name):
        load_settings()


@pytest.mark.parametrize(
    "changes",
    [
        {"chunk_size": 0},
        {"presses": -1},
        {"signatures": "none"},
        {"lease_s": 1},
        {"sweep_s": 0},
        {"max_attempts": 0},
        {"profile": "B-X"},
        {"environment": "testing"},
        {"unknown": 1},
    ],
)
def test_wrong_values_are_refused(changes: dict[str, object]) -> None:
    """Each field by its own bounds."""
    with pytest.raises(ValidationError):
        Settings.model_validate(changes)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, "SECRET"),
        ({"secret": STRONG[:-1]}, "SECRET"),
        ({"secret": STRONG, "base_url": "http://tracuu.example.vn"}, "BASE_URL"),
    ],
)
def test_production_refuses_what_is_unfit(changes: dict[str, str], missing: str) -> None:
    """No secret or a short one, an address without TLS; the message holds no secret."""
    with pytest.raises(ValidationError, match=missing) as caught:
        Settings(environment=Environment.PRODUCTION, **{"base_url": "https://tracuu.example.vn"} | changes)  # type: ignore[arg-type]
    messages = " ".join(each["msg"] for each in caught.value.errors())
    assert STRONG[:-1] not in messages


async def test_production_has_no_development_authorities() -> None:
    """The embedded TSA and OCSP are not for production."""
    settings = Settings(
        environment=Environment.PRODUCTION, secret=STRONG, base_url="https://tracuu.example.vn"
    )
    with pytest.raises(Broken):
        async with open_press(settings, address=Path()):
            pass


def test_a_child_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Through the environment, secrets included; and they do not show in its representation."""
    settings = Settings(
        data_dir=tmp_path,
        secret=STRONG,
        chunk_size=3,
        redis_url="unix:///x",
        log_json=True,
        profile=Profile.B_B,
    )
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings
    assert STRONG not in repr(settings)


def test_the_development_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    """Readable by its owner only, and the same at the next start."""
    settings = Settings(data_dir=tmp_path / "data")
    first, second = open_vault(settings), open_vault(settings)
    assert first.index("x") == second.index("x")
    [file] = (tmp_path / "data").iterdir()
    assert file.stat().st_mode & 0o077 == 0
