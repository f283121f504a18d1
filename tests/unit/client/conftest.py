"""The service's own description, made by the application without opening anything."""

import pytest

from certsvc.api.app import create_app
from certsvc.config import Settings
from tests.support.openapi import Document


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Document:
    app = create_app(
        Settings(
            data_dir=tmp_path_factory.mktemp("data"), secret="a secret that only tests may know, of 32 bytes"
        )
    )
    return Document(app.openapi())
