"""Writes every attack as a file below tests/assets/tampered/: for a look with another reader. Keys are new at
every run.
"""

from pathlib import Path

from tests.tampering.registry import manifest, variants

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "tampered"
MANIFEST = FOLDER / "attacks.csv"


def main() -> None:
    MANIFEST.write_text(manifest(), encoding="utf-8")
    for variant in variants():
        file = FOLDER / variant.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(variant.make())


if __name__ == "__main__":
    main()
