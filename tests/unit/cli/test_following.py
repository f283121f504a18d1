"""A batch followed from the command line; how it outlives interruptions is tested with the client."""

import httpx2
import pytest
import typer

from certsvc.cli.remote.following import states


@pytest.mark.parametrize(("status", "exit_code"), [(404, 1), (403, 1), (422, 1), (401, 3)])
def test_what_is_refused_is_told(status: int, exit_code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 where the answer is no, 3 where it says nothing about the batch."""
    problem = {"code": "some_code", "message_vi": "Tiếng Việt", "message_en": "English"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, json=problem))
    with (
        httpx2.Client(transport=transport, base_url="http://test") as client,
        pytest.raises(typer.Exit) as ended,
    ):
        list(states(client, "1"))
    assert ended.value.exit_code == exit_code
    assert capsys.readouterr().err == "Tiếng Việt\nEnglish\n"
