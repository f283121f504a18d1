"""Other programs on the same page, strings and key, on one core: `python -m tests.benchmarks.bench_peers`.

iText 5 (Debian's, on Java) and pdf-lib with @signpdf (npm, on Node.js); sources in `peers/`, what is built in
`var/bench/`. Where something is missing, the peer is not run, and the answer says why.
"""

import io
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw
import zxingcpp
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from PIL import Image

from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.faces import face_bytes
from certsvc.templates.outlines import advance
from certsvc.templates.slots import Base, TextSlot
from tests.benchmarks import workload
from tests.benchmarks.keys import PASSPHRASE, Keys, make_keys
from tests.benchmarks.measuring import Work, pinned, timed
from tests.benchmarks.raw import raw_signatures
from tests.benchmarks.workload import Paper, papers

BUILT = Path("var/bench/peers")
_SOURCES = Path(__file__).parent / "peers"
_JARS = tuple(
    Path("/usr/share/java") / name for name in ("itext5.jar", "bcprov.jar", "bcpkix.jar", "bcutil.jar")
)
_JAR_PACKAGES = "libitext5-java libbcprov-java libbcpkix-java"
_FORMS = 50
_SHARES = {"left": 0.0, "center": 0.5, "right": 1.0}
_SEAL_BOX = "300 160 425 270"


class NotRun(Exception):
    """Why a peer could not be measured."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program to measure: `build` makes it in a folder and returns the command, which takes a job file.

    Seconds are processor time.
    """

    build: Callable[[Path], list[str]]
    warm_up_s: float
    measure_s: float


def _need(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise NotRun(f"{program} is not installed")
    return found


def _run(command: list[str], **more: Any) -> str:
    try:
        return str(subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout)
    except subprocess.CalledProcessError as error:
        raise NotRun(f"{Path(command[0]).name} failed: {error.stderr.strip()[-300:]}") from error


def _itext5(folder: Path) -> list[str]:
    java, javac = _need("java"), _need("javac")
    if missing := [path.name for path in _JARS if not path.exists()]:
        raise NotRun(f"{', '.join(missing)} missing: apt-get install {_JAR_PACKAGES}")
    jars = ":".join(map(str, _JARS))
    _run(
        [
            javac,
            "-encoding",
            "UTF-8",
            "-cp",
            jars,
            "-d",
            str(folder),
            str(_SOURCES / "itext5" / "SignForms.java"),
        ]
    )
    return [java, "-XX:+UseSerialGC", "-Xshare:auto", "-cp", f"{jars}:{folder}", "SignForms"]


def _signpdf(folder: Path) -> list[str]:
    node, npm = _need("node"), _need("npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_SOURCES / "signpdf" / name, folder / name)
    _run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)
    return [node, str(_SOURCES / "signpdf" / "sign_forms.mjs")]


PEERS = {
    "itext5": Peer(_itext5, warm_up_s=15, measure_s=6),
    "signpdf": Peer(_signpdf, warm_up_s=3, measure_s=6),
}


def run(keys: Keys) -> dict[str, Any]:
    """For each peer: milliseconds, certificates per second, the raw signature's share; or why not."""
    with tempfile.TemporaryDirectory(prefix="certsvc-peers-") as folder:
        job = _job(keys, Path(folder))
        found: dict[str, Any] = {}
        for name, peer in PEERS.items():
            try:
                found[name] = _measured(name, peer, job, Path(folder), yardstick=raw_signatures(keys.raw_rsa))
            except NotRun as reason:
                found[name] = {"not_run": str(reason)}
        return found


def _measured(name: str, peer: Peer, job: str, folder: Path, *, yardstick: Work) -> dict[str, Any]:
    built = BUILT.resolve() / name
    built.mkdir(parents=True, exist_ok=True)
    command = peer.build(built)
    out, path = folder / f"{name}.pdf", folder / f"{name}.job"
    path.write_text(
        f"{job}out\t{out}\nmodules\t{built}\nwarm_up_s\t{peer.warm_up_s}\nmeasure_s\t{peer.measure_s}\n",
        "utf-8",
    )
    before = [timed(yardstick).ms for _ in range(5)]
    told = json.loads(_run([*command, str(path)]).splitlines()[-1])
    after = [timed(yardstick).ms for _ in range(5)]
    _check(out)
    shutil.copy(out, BUILT / f"{name}.pdf")
    ms = statistics.median(told["cpu_ms"])
    return {
        "ms": round(ms, 3),
        "per_s": round(1000 / ms, 1),
        "wall_ms": round(statistics.median(told["wall_ms"]), 3),
        "share_of_raw": statistics.median(before + after) / ms,
        "certificates": len(told["cpu_ms"]) * told["batch"],
        "runtime": told["runtime"],
        "file_bytes": out.stat().st_size,
    }


def _check(pdf: Path) -> None:
    """A peer counts only if it makes a signed PDF."""
    report = _run([_need("pdfsig"), "-nocert", str(pdf)])
    if "Signature is Valid." not in report or "Total document signed" not in report:
        raise NotRun(f"its file is not validly signed: {report[-300:]}")


def _job(keys: Keys, folder: Path) -> str:
    """What both programs read: lines of words separated by tabs; texts with the position of each line."""
    base = compile_base(workload.design(), head_examined=False, is_reissue=False, slots=())
    (folder / "base.pdf").write_bytes(base.blank.pdf)
    lines = [
        f"base\t{folder / 'base.pdf'}",
        f"pkcs12\t{keys.pkcs12}",
        f"passphrase\t{PASSPHRASE.decode()}",
        f"qr_box\t{_qr_box(base)}",
        f"seal_box\t{_SEAL_BOX}",
    ]
    for face in sorted({slot.face for slot in base.texts}):
        (folder / face).write_bytes(_vietnamese(face))
        lines.append(f"font\t{face}\t{folder / face}")
    for number, paper in enumerate(islice(papers(seed=2), _FORMS)):
        lines += [f"form\t{_qr_png(paper, folder / f'{number}.png')}", *_texts(base, paper)]
    return "\n".join(lines) + "\n"


def _vietnamese(face: str) -> bytes:
    """The face with Vietnamese letters only, so that there is little to embed.

    pdf-lib, which loses letters when it makes a subset itself, embeds it whole.
    """
    options = Options(layout_features=["kern", "mark"], notdef_outline=True)
    subsetter, font = Subsetter(options), TTFont(io.BytesIO(face_bytes(face)))
    subsetter.populate(unicodes=[*range(0x20, 0x250), *range(0x1EA0, 0x1EFA), *range(0x2010, 0x2027)])
    subsetter.subset(font)
    with io.BytesIO() as out:
        font.save(out)
        return out.getvalue()


def _qr_box(base: Base) -> str:
    """The form's QR: left, bottom, right, top in points."""
    with pypdfium2.PdfDocument(base.blank.pdf) as document:
        [image] = document[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
        return " ".join(f"{edge:.3f}" for edge in image.get_bounds())


def _qr_png(paper: Paper, path: Path) -> Path:
    """The symbol as a file, so that peers need not make their own."""
    drawn: Any = zxingcpp.create_barcode(
        paper.values["verify_url"], zxingcpp.BarcodeFormat.QRCode, ec_level="M"
    ).to_image(scale=1, add_quiet_zones=False)
    height, width = drawn.shape
    Image.frombytes("L", (width, height), memoryview(drawn).tobytes()).convert("1").save(path, "PNG")
    return path


def _texts(base: Base, paper: Paper) -> Iterator[str]:
    for slot in base.texts:
        text = paper.values[slot.field].upper() if slot.is_upper else paper.values[slot.field]
        for line, y in zip(_lines(slot, text), slot.baselines, strict=False):
            x = slot.x + (slot.width - _width(slot, line)) * _SHARES[slot.align]
            yield f"text\t{slot.face}\t{slot.size:.3f}\t{x:.3f}\t{y:.3f}\t{line}"


def _lines(slot: TextSlot, text: str) -> list[str]:
    """Broken greedily at spaces."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        lines.append("")
        for word in paragraph.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and _width(slot, longer) > slot.width:
                lines.append(word)
            else:
                lines[-1] = longer
    return lines


def _width(slot: TextSlot, line: str) -> float:
    return advance(line, face=slot.face) * slot.size


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="certsvc-bench-") as folder, pinned():
        found = run(make_keys(Path(folder)))
    sys.stdout.write(json.dumps({"benchmark": "peers", "peers": found}) + "\n")


if __name__ == "__main__":
    main()
