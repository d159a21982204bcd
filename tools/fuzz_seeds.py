"""Writes the fuzz targets' first corpus from the fixtures of all formats. `make fuzz-brief` runs it."""

import gzip
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "formats"
CORPUS = ROOT / "rust" / "fuzz" / "corpus"
# Those that read one format only, by the name of both.
SINGLE = ("otlp", "otlp_json")


def main() -> None:
    """See the module's own text."""
    for place, folder in enumerate(sorted(path for path in FIXTURES.iterdir() if path.is_dir())):
        for fixture in sorted(folder.glob("*.log")):
            data = fixture.read_bytes()
            seeds = {"formats": bytes([place, 128]) + data}  # the format by its place, cut in the middle
            if folder.name in SINGLE:
                seeds[folder.name] = data
                seeds["content"] = b"\0" + gzip.compress(data)  # the encoding by its place
            for target, seed in seeds.items():
                (CORPUS / target).mkdir(parents=True, exist_ok=True)
                (CORPUS / target / f"{folder.name}-{fixture.stem}").write_bytes(seed)


if __name__ == "__main__":
    main()
