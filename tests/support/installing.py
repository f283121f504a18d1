"""Building the wheel and installing it outside the checkout, offline."""

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SITE = Path(sysconfig.get_path("purelib"))
KEY = "-----BEGIN PRIVATE KEY-----"


def tracked_files() -> list[str]:
    """The files that Git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def build_wheel(tree: Path, out: Path) -> Path:
    """From a copy of the tree, without leftovers of earlier builds, but with keys in it."""
    for name in tracked_files():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)
    for place in ("keys_dev/generated", "certsvc/sample"):
        (tree / place).mkdir(exist_ok=True)
        (tree / place / "root.key.pem").write_text(KEY)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", out, tree)
    [built] = out.iterdir()
    return built


def install(wheel: Path, folder: Path, *, packages: Path = SITE) -> Path:
    """Make an environment and return the folder of its programs.

    `packages` are searched after what is installed. Hooks in there, such as that of the editable install, are
    not run.
    """
    output_of(sys.executable, "-m", "venv", "--without-pip", folder, cwd=ROOT)
    _pip("--python", folder / "bin" / "python", "install", "--no-deps", "--no-index", "--no-compile", wheel)
    [site] = folder.glob("lib/python*/site-packages")
    (site / "packages.pth").write_text(f"{packages}\n")
    return folder / "bin"


def link_requirements(name: str, folder: Path) -> Path:
    """A folder of exactly the packages that a distribution requires without extras."""
    folder.mkdir()
    for part in {Path(file).parts[0] for each in _closure(name) for file in each.files or ()} - {".."}:
        (folder / part).symlink_to(SITE / part)
    return folder


def _closure(name: str) -> list[Distribution]:
    found: dict[str, Distribution] = {}
    waiting = [name]
    while waiting:
        for requirement in map(Requirement, distribution(waiting.pop()).requires or ()):
            if requirement.name not in found and (
                requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            ):
                found[requirement.name] = distribution(requirement.name)
                waiting.append(requirement.name)
    return list(found.values())


def output_of(*words: str | Path, cwd: Path) -> str:
    """A program's output; if it fails, so does this, with its errors."""
    ended = run(*words, cwd=cwd)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def run(*words: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Our environment without what would lead into the checkout."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300)


def _pip(*words: str | Path) -> None:
    output_of(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words, cwd=ROOT)
