"""Writes the sample that the checker rehearses with: `python -m tests.support.rehearsal`.

Keys are new on every run, and not kept.
"""

import datetime as dt
import json

from certsvc.verify.pdf.rehearsing import FOLDER
from keys_dev.make import KeyType
from tests.unit.verify import samples


def main() -> None:
    data, trust = samples.genuine(3, key_type=KeyType.RSA_2048), samples.trust(KeyType.RSA_2048)
    document = json.loads(trust.to_bytes()) | {
        "at": samples.now().astimezone(dt.UTC).isoformat(timespec="milliseconds")
    }
    (FOLDER / "three.pdf").write_bytes(data)
    (FOLDER / "trust.json").write_text(
        json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
