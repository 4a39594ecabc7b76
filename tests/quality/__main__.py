"""Measure how good answers are, and write docs/how-good.md.

Run it from the root of the repository, as README.md in this folder says.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.quality.catalogue import SECTIONS
from tests.quality.embedded import Pictures, load
from tests.quality.report import render
from tests.quality.sources import STYLES
from zsclip.version import __version__

KEPT = Path(__file__).parents[2] / "docs" / "how-good.json"


def main() -> None:
    """Run what was asked for."""
    options = _parse()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    pictures = load(folder)
    kept: dict[str, Any] = {"sections": {}}
    if KEPT.is_file():
        kept = json.loads(KEPT.read_text("utf-8"))
    kept["model"] = {
        "name": pictures.clf.model_info.name,
        "weights_sha256": pictures.clf.origin.weights_sha256,
    }
    kept["drawings"] = _counts(pictures)
    for name in options.only or SECTIONS:
        print(f"{name}:", flush=True)
        start = time.monotonic()
        found = {
            "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "zsclip": __version__,
            "found": json.loads(json.dumps(SECTIONS[name].measure(pictures))),
        }
        print(f"  {time.monotonic() - start:.0f} s", flush=True)
        every = {**kept["sections"], name: found}
        kept["sections"] = {key: every[key] for key in SECTIONS if key in every}
        # after each, so that minutes are not lost to the last one
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        KEPT.with_suffix(".md").write_text(render(kept), "utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--folder",
        type=Path,
        required=True,
        help="where drawings and their embeddings are kept, outside of the repository",
    )
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, help="measure these, and keep the rest of the page"
    )
    return parser.parse_args()


def _counts(pictures: Pictures) -> dict[str, dict[str, int]]:
    """How many drawings of each kind each style has."""
    counts = Counter((drawing.style, drawing.kind) for drawing in pictures.drawings)
    kinds = sorted({kind for _, kind in counts})
    return {style.name: {kind: counts[style.name, kind] for kind in kinds} for style in STYLES}


if __name__ == "__main__":
    main()
