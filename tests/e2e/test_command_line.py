"""`certsvc` on the command line, against a running service and on its folder: what it says, and its exit
codes.
"""

import json
import os
import re
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from certsvc.cli import app
from certsvc.verify.published import VERSION
from tests.e2e.browsing import photograph, scan
from tests.support import calls
from tests.support.records import as_csv, record
from tests.support.service import Service

DONE, SAYS_NO, WRONG_USAGE, CANNOT_NOW = range(4)
Run = Callable[..., "Ended"]


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in this process, in an empty folder, with the demo's folders as settings."""
    monkeypatch.chdir(tmp_path)
    for name, value in _settings(service).items():
        monkeypatch.setenv(name, value)

    def run(*words: str, env: dict[str, str] | None = None) -> Ended:
        result = CliRunner().invoke(app, words, env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


def _settings(service: Service) -> dict[str, str]:
    return {
        "CERTSVC_DATA_DIR": str(service.folder / "data"),
        "CERTSVC_KEYS_DIR": str(service.folder / "keys"),
        "CERTSVC_URL": service.base_url,
        "CERTSVC_KEY": service.credentials["keys"]["insurer"],
        "COLUMNS": "200",
        "XDG_CACHE_HOME": str(service.folder / "cache"),
    }


def test_exit_codes_reach_the_shell(service: Service, tmp_path: Path) -> None:
    """As a process of its own: 0 for a valid code, 1 for an unknown one, 2 for a strange option, 3 where no
    service is.
    """
    code = service.examples[0]["code"]
    for words, wanted in (
        ([code], DONE),
        (["0000-0000-0000-0000"], SAYS_NO),
        (["--strange"], WRONG_USAGE),
        ([code, "--url", "http://127.0.0.1:9"], CANNOT_NOW),
    ):
        command = [sys.executable, "-m", "certsvc", "verify", *words]
        ended = subprocess.run(
            command, env=os.environ | _settings(service), capture_output=True, text=True, check=False
        )
        assert ended.returncode == wanted, ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_batch_from_submission_to_archive(run: Run, sample: Path, tmp_path: Path) -> None:
    """submit, status, results in three forms, archive. Rejected rows are exit code 1 for who waits."""
    tried = run("batch", "submit", str(sample / "f0_cases_vi.xlsx"), "--dry-run", "--wait", "--json")
    assert tried.returncode == SAYS_NO, tried.stderr
    assert json.loads(tried.stdout)["counts"]["rejected"] == 21
    sent = run("batch", "submit", str(sample / "f0_cases.csv"), "--wait", "--json")
    assert sent.returncode == SAYS_NO, sent.stderr
    batch = json.loads(sent.stdout)
    assert (batch["status"], batch["dry_run"], batch["counts"]["existing"]) == ("done", False, 264)
    status = run("batch", "status", batch["id"], "--json")
    assert (status.returncode, json.loads(status.stdout)) == (DONE, batch)
    assert batch["id"] in run("batch", "status", batch["id"]).stdout
    watched = run("batch", "watch", batch["id"], "--json")
    assert (watched.returncode, json.loads(watched.stdout)) == (SAYS_NO, batch)
    lines = [json.loads(line) for line in run("batch", "results", batch["id"], "--json").stdout.splitlines()]
    assert len(lines) == 400
    written = run("batch", "results", batch["id"], "--output", str(tmp_path / "results.csv"))
    assert written.returncode == DONE
    assert len((tmp_path / "results.csv").read_text(encoding="utf-8-sig").splitlines()) == 401
    table = run("batch", "results", batch["id"]).stdout
    assert all(line["case_id"] in table for line in lines[:20])
    assert run("batch", "archive", batch["id"], "--output", str(tmp_path / "all.zip")).returncode == DONE
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 265


def test_a_batch_without_rejections_is_done(run: Run, service: Service, tmp_path: Path) -> None:
    """Exit code 0, and the certificate is issued."""
    (tmp_path / "one.csv").write_bytes(as_csv(record(3001)))
    sent = run("batch", "submit", str(tmp_path / "one.csv"), "--wait", "--json")
    assert sent.returncode == DONE, sent.stderr
    assert json.loads(sent.stdout)["counts"]["issued"] == 2


def test_a_file_that_is_no_table_is_refused_in_words(run: Run, tmp_path: Path) -> None:
    """Exit code 1 with the problem's messages; a missing file is wrong usage."""
    (tmp_path / "cases.csv").write_bytes(b"%PDF-1.7 nothing")
    refused = run("batch", "submit", str(tmp_path / "cases.csv"))
    assert refused.returncode == SAYS_NO
    assert "PDF: hãy gửi bảng tính gốc" in refused.stderr
    assert run("batch", "submit", str(tmp_path / "none.csv")).returncode == WRONG_USAGE


def test_verify_says_yes_only_if_all_are_valid(run: Run, service: Service, tmp_path: Path) -> None:
    """Files and codes together; a code nobody issued, a changed file, a revoked one: exit code 1."""
    first, second = service.examples[0], service.examples[1]
    file, code = service.folder / first["pdf"], second["code"].lower().replace("-", " ")
    good = run("verify", str(file), code)
    assert good.returncode == DONE, good.stdout + good.stderr
    assert good.stdout.count("valid") == 2
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(file.read_bytes().replace(b"/N 3", b"/N 4", 1))
    said = run("verify", str(file), str(changed), "--json")
    assert said.returncode == SAYS_NO
    assert [report["verdict"] for report in json.loads(said.stdout)] == ["valid", "invalid"]
    assert run("verify", "0000-0000-0000-0000").returncode == SAYS_NO
    assert run("verify", "no-code").returncode == SAYS_NO
    with service.client() as client:
        revoked = calls.issue(client, record(3002))
        calls.good(client.post(f"/v1/certificates/{revoked['id']}/revoke", json={"reason": "fraud"}))
    assert run("verify", revoked["code"]).returncode == SAYS_NO


def test_verify_works_without_a_network(run: Run, service: Service, tmp_path: Path) -> None:
    """After one visit: QR texts and photos are answered, a file and a bare code cannot be; nothing kept is
    told in words.
    """
    file = service.folder / service.examples[0]["pdf"]
    qr, photo = scan(file.read_bytes()), photograph(file.read_bytes(), tmp_path)
    empty = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    nothing = run("verify", "--offline", qr, env=empty)
    assert (nothing.returncode, "khi có mạng" in nothing.stderr) == (CANNOT_NOW, True)
    assert run("verify", qr, env=empty).returncode == DONE
    assert run("verify", "--offline", qr, str(photo), env=empty).returncode == DONE
    said = run("verify", "--offline", str(file), service.examples[0]["code"], qr, "--json", env=empty)
    assert said.returncode == CANNOT_NOW
    outcomes = [(report["verdict"], report["reasons"][0]["code"]) for report in json.loads(said.stdout)]
    assert outcomes == [
        ("cannot_check", "offline_file"),
        ("cannot_check", "register_unreachable"),
        ("valid", "genuine"),
    ]
    assert (
        run("verify", "--offline", f"{qr[:-1]}{'A' if qr[-1] != 'A' else 'B'}", env=empty).returncode
        == SAYS_NO
    )
    kept = next((tmp_path / "cache").glob("certsvc/*/trust.json"))
    kept.write_bytes(kept.read_bytes().replace(f'"version":{VERSION}'.encode(), b'"version":99'))
    assert run("verify", "--offline", qr, env=empty).returncode == SAYS_NO


def test_what_cannot_be_reached_is_told(run: Run) -> None:
    """No service there, or a key that is none: exit code 3."""
    for words in (
        ("verify", "0000-0000-0000-0000", "--url", "http://127.0.0.1:9"),
        ("batch", "status", str(uuid.uuid4()), "--key", "certsvc_no_key"),
    ):
        answer = run(*words)
        assert answer.returncode == CANNOT_NOW, answer.stderr
        assert answer.stderr.strip()


def test_designs(run: Run, tmp_path: Path) -> None:
    """list names the three, preview writes a PNG, check passes ours and finds a fault's line."""
    listed = run("designs", "list").stdout
    assert all(
        design in listed for design in ("sick_leave/ct07-2017", "sick_leave/mau07-2025", "recovery/v1")
    )
    assert run("designs", "preview", "recovery/v1", "--output", str(tmp_path / "form.png")).returncode == DONE
    assert (tmp_path / "form.png").read_bytes().startswith(b"\x89PNG")
    assert (
        run("designs", "preview", "no/such", "--output", str(tmp_path / "no.png")).returncode == WRONG_USAGE
    )
    ours = Path(__file__).parents[2] / "certsvc" / "templates" / "designs" / "recovery" / "v1"
    assert run("designs", "check", str(ours)).returncode == DONE
    broken = tmp_path / "v2"
    broken.mkdir()
    for file in ours.iterdir():
        (broken / file.name).write_bytes(file.read_bytes().replace(b"issuer(parent,", b"issuer(patent,"))
    found = run("designs", "check", str(broken))
    assert found.returncode == SAYS_NO
    assert re.search(r"form\.html:\d+:", found.stdout)


def test_keys_are_shown_once_and_can_be_revoked(run: Run, service: Service) -> None:
    """A new key works at once, is listed by its prefix only, and is worthless once revoked."""
    created = run("keys", "create", "--role", "auditor")
    key = created.stdout.strip()
    assert key.startswith("certsvc_")
    with service.client(None) as client:
        headers = {"Authorization": f"Bearer {key}"}
        assert client.get("/v1/certificates", headers=headers).status_code == 200
        prefix = key[:16]
        listed = run("keys", "list").stdout
        assert prefix in listed
        assert key not in listed
        assert run("keys", "revoke", prefix).returncode == DONE
        assert client.get("/v1/certificates", headers=headers).status_code == 401
    assert run("keys", "create", "--role", "facility").returncode == WRONG_USAGE
    assert run("keys", "create", "--role", "facility", "--facility", "99999").returncode == SAYS_NO
    assert run("keys", "create", "--role", "king").returncode == WRONG_USAGE
    assert run("keys", "revoke", "certsvc_none").returncode == SAYS_NO


def test_keys_can_be_narrowed(run: Run, service: Service) -> None:
    """`--scopes` and `--expires` are held to and listed; what is no scope, beyond the role, or past is
    refused.
    """
    key = run(
        "keys", "create", "--role", "insurer", "--scopes", "read, withdraw", "--expires", "2099-12-31"
    ).stdout.strip()
    with service.client(None) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        assert client.get("/v1/certificates").status_code == 200
        refused = client.post("/v1/certificates", json={"kind": "sick_leave", "record": {}})
        assert (refused.status_code, refused.json()["code"], refused.json()["scope"]) == (
            403,
            "missing_scope",
            "issue",
        )
    line = next(line for line in run("keys", "list").stdout.splitlines() if key[:16] in line)
    assert "read withdraw" in line
    assert "2099-12-31 17:00" in line, "the last second of that day in Hanoi"
    assert run("keys", "create", "--role", "admin", "--scopes", "king").returncode == WRONG_USAGE
    assert run("keys", "create", "--role", "auditor", "--scopes", "issue").returncode == SAYS_NO
    assert run("keys", "create", "--role", "admin", "--expires", "2020-01-01").returncode == SAYS_NO
    assert run("keys", "create", "--role", "admin", "--expires", "mai").returncode == WRONG_USAGE


def test_accounts_are_made_listed_reset_and_disabled(run: Run, service: Service) -> None:
    """The link is shown once and works; a reset gives another; the state is listed."""
    created = run("accounts", "create", "Trạm 01801", "--role", "facility", "--facility", "01801")
    link = created.stdout.splitlines()[0]

    def status(address: str) -> int:
        with service.client(None) as client:
            return client.get(address.replace("http://127.0.0.1:8000", service.base_url)).status_code

    assert status(link) == 200
    assert "waits for its link" in run("accounts", "list").stdout
    again = run("accounts", "reset", "TRẠM 01801").stdout.splitlines()[0]
    assert (status(link), status(again)) == (404, 200)
    assert run("accounts", "disable", "trạm 01801").returncode == DONE
    assert status(again) == 404
    assert "disabled" in run("accounts", "list").stdout
    assert run("accounts", "create", "trạm 01801", "--role", "admin").returncode == SAYS_NO
    assert run("accounts", "create", "x", "--role", "facility").returncode == WRONG_USAGE
    assert run("accounts", "reset", "nobody").returncode == SAYS_NO


def test_identities_and_doctor(run: Run, service: Service, tmp_path: Path) -> None:
    """The seals are listed; all is well in the demo's folder, and a folder without a database is told in
    words.
    """
    listed = run("identities", "list").stdout
    assert "organisations/01801.p12" in listed
    well = run("doctor")
    assert well.returncode == DONE, well.stdout + well.stderr
    ill = run("doctor", env={"CERTSVC_DATA_DIR": str(tmp_path / "empty")})
    assert ill.returncode == CANNOT_NOW
    assert "certsvc migrate" in ill.stdout


def test_a_misspelt_setting_stops_the_start(run: Run) -> None:
    """Wrong usage, named; a wrong value likewise, and a secret is not printed."""
    misspelt = run("doctor", env={"CERTSVC_BASE_ULR": "http://x"})
    assert misspelt.returncode == WRONG_USAGE
    assert "CERTSVC_BASE_ULR" in misspelt.stderr
    weak = run("doctor", env={"CERTSVC_ENVIRONMENT": "production", "CERTSVC_SECRET": "canary-secret"})
    assert weak.returncode == WRONG_USAGE
    assert "canary-secret" not in weak.stdout + weak.stderr


def test_imports_update_what_is_there(run: Run, service: Service, sample: Path, tmp_path: Path) -> None:
    """The same files again change nothing; a bad row is refused with its line."""
    assert "11" in run("facilities", "import", str(sample / "facilities.csv")).stdout
    assert run("practitioners", "import", str(sample / "practitioners.csv")).returncode == DONE
    bad = tmp_path / "bad.csv"
    bad.write_text(
        (sample / "facilities.csv").read_text(encoding="utf-8-sig").replace("01802", "018O2"),
        encoding="utf-8",
    )
    refused = run("facilities", "import", str(bad))
    assert refused.returncode == SAYS_NO
    with service.client("admin") as client:
        assert "018O2" not in {each["code"] for each in calls.good(client.get("/v1/facilities"))["items"]}


def test_an_erased_pdf_is_gone(run: Run, service: Service) -> None:
    """The running service knows at once; a file in somebody's hands is judged as before."""
    with service.client() as client:
        certificate = calls.issue(client, record(8200))
        data = calls.pdf(client, certificate["id"])
        erased = run("certificates", "erase", certificate["id"], "--yes")
        assert (erased.returncode, erased.stdout.split()[0]) == (DONE, "1")
        gone = client.get(f"/v1/certificates/{certificate['id']}/pdf")
        assert (gone.status_code, gone.json()["code"]) == (404, "file_erased")
        assert calls.verdict(client, data) == "valid"


def test_a_file_with_titles_of_ones_own_comes_back_with_its_results(run: Run, tmp_path: Path) -> None:
    """A template to begin with; a mapping saved, named, removed; the file given back as a workbook."""
    assert run("template", "csv", "--output", str(tmp_path / "cases.csv")).returncode == DONE
    assert run("template", "--output", str(tmp_path / "cases.xlsx")).returncode == DONE
    (tmp_path / "own.csv").write_bytes(as_csv(record(3002, sex="x")).replace(b"full_name", "Tên BN".encode()))
    refused = run("batch", "submit", str(tmp_path / "own.csv"))
    assert refused.returncode == SAYS_NO
    assert "«Tên BN»" in refused.stderr
    assert run("mappings", "save", "own", "Tên BN=full_name").returncode == DONE
    assert "Tên BN" in run("mappings", "list").stdout
    sent = run("batch", "submit", str(tmp_path / "own.csv"), "--mapping", "own", "--wait", "--json")
    batch = json.loads(sent.stdout)
    assert (sent.returncode, batch["mapping"], batch["counts"]["rejected"]) == (SAYS_NO, "own", 1)
    assert run("batch", "results", batch["id"], "-o", str(tmp_path / "own.xlsx")).returncode == DONE
    assert zipfile.is_zipfile(tmp_path / "own.xlsx")
    assert run("mappings", "remove", "own").returncode == DONE
    assert run("mappings", "remove", "own").returncode == SAYS_NO
    assert run("mappings", "save", "own", "Tên BN").returncode == WRONG_USAGE
    wrong = run("mappings", "save", "own", "Tên BN=ten")
    assert (wrong.returncode, "columns.1" in wrong.stderr) == (SAYS_NO, True)


def test_exchange_files_go_out_and_come_in(run: Run, tmp_path: Path) -> None:
    """One certificate is an XML file, several and a batch are ZIPs; what was written is taken as a batch;
    wrong usage is told.
    """
    (tmp_path / "two.csv").write_bytes(as_csv(record(3101), record(3102)))
    batch = json.loads(run("batch", "submit", "two.csv", "--wait", "--json").stdout)["id"]
    lines = [json.loads(line) for line in run("batch", "results", batch, "--json").stdout.splitlines()]
    leaves = [line["certificate_id"] for line in lines if line["kind"] == "sick_leave"]
    assert (
        run("export", "--format", "ct07", "--certificate", leaves[0], "--out", "one.xml").returncode == DONE
    )
    many = [part for each in leaves for part in ("--certificate", each)]
    assert run("export", "--format", "ct07-2025", *many, "--output", "many.zip").stdout == "many.zip\n"
    with zipfile.ZipFile(tmp_path / "many.zip") as archive:
        assert [b"<SignatureValue>" in archive.read(name) for name in archive.namelist()] == [True, True]
    exported = run("export", "--format", "xml11", "--batch", batch)
    with zipfile.ZipFile(tmp_path / exported.stdout.strip()) as archive:
        assert len(archive.namelist()) == 3
    again = json.loads(run("batch", "submit", "one.xml", "--dry-run", "--wait", "--json").stdout)
    assert (again["counts"]["rows"], again["counts"]["certificates"]) == (1, 0)
    assert run("export", "--format", "ct07").returncode == WRONG_USAGE
    assert run("export", "--format", "ct07", "--certificate", str(uuid.uuid4())).returncode == SAYS_NO
    assert run("portal", "send", "--certificate", leaves[0]).returncode == CANNOT_NOW
    assert run("portal", "status", "--json").stdout == "[]\n"


def test_a_recall_by_two_keys(run: Run, service: Service, tmp_path: Path) -> None:
    """What would happen, what happens, who may not decide, and what came of it."""
    with service.client() as client:
        paper = calls.issue(client, record(8401))
    ids = tmp_path / "ids.txt"
    ids.write_text(f"{paper['id']}\n")
    words = ("recalls", "start", "wrong_data", "--ids", str(ids), "--needs-approval")
    assert "waiting" in run(*words, "--dry-run").stdout
    assert json.loads(run("recalls", "list", "--status", "waiting", "--json").stdout) == []
    recall = json.loads(run(*words, "--json").stdout)
    assert recall["id"] in run("recalls", "list").stdout
    own = run("recalls", "approve", recall["id"])
    assert (own.returncode, "không được tự duyệt" in own.stderr) == (SAYS_NO, True)
    second = {"CERTSVC_KEY": service.credentials["keys"]["admin"]}
    assert run("recalls", "approve", recall["id"], env=second).returncode == DONE
    assert json.loads(run("recalls", "show", recall["id"], "--json").stdout)["counts"]["revoked"] == 1
    late = run("recalls", "decline", recall["id"], "nhầm")
    assert (late.returncode, late.stdout) == (SAYS_NO, "")
