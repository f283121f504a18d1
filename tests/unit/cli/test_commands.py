"""Commands: what they print and how they end, on a database or a small stand-in of the service."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table
from typer.testing import CliRunner, Result
from typing_extensions import override

from certsvc.cli import app
from certsvc.cli.ending import show
from certsvc.verify.dates import LATE

_FACILITIES = (
    "facility_code,name,parent,ward_code,active_from,active_to\n01801,Trạm Y tế Phúc Xá,Trung tâm Y"
    " tế,00001,2020-01-01,\n"
)
_STAFF = "licence,full_name,facility_code,role,social_insurance_no,registered_from,registered_to\n"
_GOOD, _BUSY, _BROKEN, _MALFORMED = "GOOD-GOOD-GOOD-GOOD", "BVSY-BVSY-BVSY-BVSY", "BRKN-BRKN-BRKN-BRKN", "ABC"
_OLD_SERVICE = "SERV-ICEO-FBEF-0RE0"
_LATE = {"dated_on": "2022-03-14", "signed_on": "2026-12-01", "signed_at": "2026-11-30T20:42:09Z"}
_PAPERS = {_GOOD: _LATE, _OLD_SERVICE: {"signed_on": "2026-12-01"}}
_UUID = "6b1f5c0e-8a53-4c55-9d3f-0a4c6f7e2d10"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, still empty, for the commands' settings."""
    monkeypatch.setenv("CERTSVC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


class _Service(BaseHTTPRequestHandler):
    """Answers GET with nothing, and `POST /v1/verify`: `_BUSY` is told to wait at first, `_BROKEN` fails,
    `_MALFORMED` is refused, files are valid.
    """

    busy = 1

    def do_GET(self) -> None:
        self._answer(404 if self.path.startswith("/.well-known/") else 200, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        [code] = json.loads(body).values() if body.startswith(b"{") else [_GOOD]
        if code == _BUSY and type(self).busy:
            type(self).busy -= 1
            self._answer(429, {"code": "too_many_requests", "message_vi": "Chờ.", "message_en": "Wait."})
        elif code == _BROKEN:
            self._answer(503, {"code": "store_unavailable", "message_vi": "Chờ.", "message_en": "Wait."})
        elif code == _MALFORMED:
            self._answer(
                422, {"code": "malformed_code", "message_vi": "Mã sai.", "message_en": "Not a code."}
            )
        else:
            self._answer(200, {"verdict": "valid", "reasons": [], "certificate": _PAPERS.get(code)})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    @override
    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving() -> Iterator[str]:
    _Service.busy = 1
    with ThreadingHTTPServer(("127.0.0.1", 0), _Service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_practitioners_of_unknown_facilities_are_told_by_row(data: Path) -> None:
    """Each row that names a facility we do not have is named, blank rows counted, and nothing is taken."""
    (data / "facilities.csv").write_text(_FACILITIES)
    rows = [
        "1/HNO,Mai Hữu Nghĩa,01801,head,0168622131,2020-01-01,",
        "",
        "2/HNO,Dương Mỹ Ngà,09999,head,0148056573,2020-01-01,",
    ]
    (data / "staff.csv").write_text(_STAFF + "\n".join(rows) + "\n")
    assert run("migrate").exit_code == 0
    assert run("facilities", "import", data / "facilities.csv").exit_code == 0
    result = run("practitioners", "import", data / "staff.csv")
    assert result.exit_code == 1
    assert (
        "  - dòng/row 4, facility_code: Không có cơ sở 09999. / There is no facility 09999."
        in result.stderr.splitlines()
    )
    assert "dòng/row 2" not in result.stderr


def test_a_key_of_a_wrong_scope_is_wrong_usage(data: Path) -> None:
    """A facility's key needs a facility, no other takes one."""
    assert run("keys", "create", "--role", "facility").exit_code == 2
    assert run("keys", "create", "--role", "admin", "--facility", "01801").exit_code == 2


def test_a_licence_must_be_somebodys(data: Path) -> None:
    """Of that facility; it is listed with the key."""
    (data / "facilities.csv").write_text(_FACILITIES)
    (data / "staff.csv").write_text(_STAFF + "1/HNO,Mai Hữu Nghĩa,01801,head,0168622131,2020-01-01,\n")
    for words in (
        ("migrate",),
        ("facilities", "import", data / "facilities.csv"),
        ("practitioners", "import", data / "staff.csv"),
    ):
        assert run(*words).exit_code == 0
    asked = ("create", "--role", "facility", "--facility", "01801", "--licence")
    assert run("keys", *asked, "1/HNO").exit_code == 0
    assert "1/HNO" in run("keys", "list").stdout
    for wrong in (("keys", *asked, "2/HNO"), ("accounts", asked[0], "trạm", *asked[1:], "2/HNO")):
        unknown = run(*wrong)
        assert (unknown.exit_code, "No practitioner of this facility" in unknown.stderr) == (1, True)
    assert run("keys", "create", "--role", "admin", "--licence", "1/HNO").exit_code == 1


def test_whether_approval_is_required_is_switched_or_imported(data: Path) -> None:
    """A file that says nothing of it leaves it as it is; an authority names a facility that there is, and
    days in their order.
    """
    (data / "facilities.csv").write_text(_FACILITIES)
    assert run("migrate").exit_code == 0
    assert run("facilities", "approval", "01801", "on").exit_code == 1
    for words in (
        ("import", data / "facilities.csv"),
        ("approval", "01801", "on"),
        ("import", data / "facilities.csv"),
    ):
        assert run("facilities", *words).exit_code == 0
    assert "0 giấy thôi chờ duyệt" in run("facilities", "approval", "01801", "off").stdout
    assert run("facilities", "approval", "01801", "maybe").exit_code == 2
    granted = (
        "delegations",
        "add",
        "--document",
        "1",
        "--granted-by",
        "TTYT",
        "--from",
        "2026-02-01",
        "--facility",
    )
    assert run(*granted, "01801").exit_code == 0
    for wrong in (("09999",), ("01801", "--to", "2026-01-31"), ("01801", "--licence", "1/HNO")):
        assert run(*granted, *wrong).exit_code == 1
    assert run(*granted, "01801", "--to", "2026-02-30").exit_code == 2
    assert run("delegations", "withdraw", _UUID).exit_code == 1


def test_tables_are_not_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Identifiers stand whole on one line, brackets are no markup, and there are no colours."""
    table = Table("id", "reason", "again")
    table.add_row(_UUID, "[red] " * 40, _UUID)
    show(table)
    out = capsys.readouterr().out
    assert [line.count(_UUID) for line in out.splitlines() if _UUID in line] == [2]
    assert out.count("[red]") == 40
    assert "\x1b" not in out


def test_verify_answers_for_each(data: Path) -> None:
    """A bad item loses no other: each has a report or an error, and the exit code says that not all are
    valid.
    """
    (data / "paper.pdf").write_bytes(b"%PDF-1.7")
    what = [
        _GOOD,
        "none/paper.pdf",
        "none.png",
        _MALFORMED,
        "paper.pdf",
        f"https://certsvc.test/v/{_BUSY}",
        _BUSY,
    ]
    with serving() as url:
        result = run("verify", *what, "--url", url, "--json")
    answers = json.loads(result.stdout)
    assert [answer["input"] for answer in answers] == what
    outcomes = [answer["error"]["code"] if "error" in answer else answer["verdict"] for answer in answers]
    assert outcomes == ["valid", "no_such_file", "no_such_file", "malformed_code", "valid", "valid", "valid"]
    assert set(answers[3]["error"]) == {"code", "message_vi", "message_en"}
    assert result.exit_code == 1


def test_verify_tells_no_from_not_now(data: Path) -> None:
    """3 where nothing is wrong but something could not be checked, or nobody answers; 0 where all are
    valid.
    """
    with serving() as url:
        assert run("verify", _GOOD, _BUSY, "--url", url).exit_code == 0
        assert run("verify", _GOOD, _BROKEN, "--url", url).exit_code == 3
        assert run("verify", _MALFORMED, _BROKEN, "--url", url).exit_code == 1
    assert run("verify", _GOOD, "--url", url).exit_code == 3


def test_verify_shows_the_date_on_the_paper_and_the_signing(data: Path) -> None:
    """Both of a late paper, in Hanoi's time, and that this is no reason to refuse it; of a service of before
    the day of signing that it tells.
    """
    with serving() as url:
        late, old = [run("verify", code, "--url", url).stdout for code in (_GOOD, _OLD_SERVICE)]
    assert "14/03/2022" in late
    assert "01/12/2026 03:42" in late
    assert LATE.vi in late
    assert "01/12/2026" in old
    assert LATE.vi not in old


@pytest.mark.parametrize("command", ["status", "results", "archive", "cancel", "resume", "replay"])
def test_a_batch_id_that_is_none_is_wrong_usage(command: str) -> None:
    """It is refused before anything is sent."""
    assert run("batch", command, "nonsense").exit_code == 2


def test_a_file_that_cannot_be_written_is_told(data: Path) -> None:
    """The system's reason on standard error and exit code 3, no traceback."""
    design = run("designs", "list").stdout.splitlines()[3].strip("│ ").split()[0]
    result = run("designs", "preview", design, "-o", data / "none" / "x.png")
    assert (result.exit_code, "No such file" in result.stderr) == (3, True)
    with serving() as url:
        for command in ("results", "archive"):
            result = run("batch", command, _UUID, "--url", url, "-o", data / "none" / "x")
            assert (result.exit_code, "No such file" in result.stderr) == (3, True)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+nosuchdriver://u:secret@localhost/x",
        "nosuch://u:secret@localhost/x",
        "u:secret",
        "sqlite:///x.db",
    ],
)
@pytest.mark.parametrize("command", ["migrate", "doctor"])
def test_a_database_without_a_driver_is_told(
    command: str, url: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3 and a plain word, which does not show the address and its password."""
    monkeypatch.setenv("CERTSVC_DATABASE_URL", url)
    result = run(command)
    assert result.exit_code == 3
    assert "driver is not installed" in result.output
    assert "secret" not in result.output


@pytest.mark.parametrize("command", [["migrate"], ["doctor"], ["keys", "list"]])
@pytest.mark.parametrize("place", ["file/below.db", "folder", "file"])
def test_a_database_that_cannot_be_opened_is_told(
    command: list[str], place: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be made, a folder or another file in the database's place, ends with exit code
    3.
    """
    (data / "file").write_text("no database, " * 100)
    (data / "folder").mkdir()
    monkeypatch.setenv("CERTSVC_DATABASE_URL", f"sqlite+aiosqlite:///{data / place}")
    result = run(*command)
    assert (result.exit_code, "cannot be reached" in result.output) == (3, True)


def test_erasing_asks_first_and_says_what_is_unknown(data: Path) -> None:
    """Without a yes nothing is done; an unknown certificate ends with 1; what is no id is wrong usage."""
    assert run("migrate").exit_code == 0
    declined = run("certificates", "erase", _UUID)
    assert (declined.exit_code, "PDF" in declined.stdout) == (1, True)
    unknown = run("certificates", "erase", _UUID, "--yes")
    assert unknown.exit_code == 1
    assert "There is no such certificate" in unknown.stderr
    assert run("certificates", "erase", "x", "--yes").exit_code == 2
