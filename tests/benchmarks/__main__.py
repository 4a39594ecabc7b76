"""Compare zsclip with other systems, side by side, and write docs/benchmarks.md.

On a GPU, with ``--device cuda``, it writes docs/benchmarks-cuda.md.

Run it from the root of the repository, in the environment that README.md in this folder describes.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.catalogue import AGREEMENT, ON_GPU, SECTIONS
from tests.benchmarks.child import MACHINE, WEIGHTS
from tests.benchmarks.files import ROOT, Work
from tests.benchmarks.machine import versions
from tests.benchmarks.report import render


def main() -> None:
    """Run what was asked for."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="zsclip-benchmarks-") as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        labels = 20 if options.quick else options.labels
        work = Work(folder, options.quick, options.rounds, labels, options.device)
        _run(work, options.only or list(ON_GPU if work.on_gpu else SECTIONS))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="try everything out; prints the page, writes nothing"
    )
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, help="measure these, and keep the rest of the page"
    )
    parser.add_argument("--rounds", type=int, help="how often every system has its turn")
    parser.add_argument(
        "--labels", type=int, default=1000, help="of ImageNet, that zsclip embeds; all if not given"
    )
    parser.add_argument(
        "--folder", type=Path, help="keep weights and pictures here for the next time"
    )
    parser.add_argument(
        "--device", choices=["cpu", "cuda"], default="cpu", help="where everybody computes"
    )
    return parser.parse_args()


def kept_file(device: str) -> Path:
    """Where what was measured on a device is kept; the page lies beside it."""
    return ROOT / "docs" / ("benchmarks.json" if device == "cpu" else f"benchmarks-{device}.json")


def _run(work: Work, wanted: list[str]) -> None:
    names = list(dict.fromkeys([AGREEMENT, *wanted]))  # first, whatever else is asked for
    if work.quick:
        _steps(work, WEIGHTS, MACHINE, *names)
        sections = {name: _measured(work, name) for name in names}
        print(render({"machine": _read(work, MACHINE), "sections": sections}))
        return
    kept: dict[str, Any] = {"sections": {}}
    file = kept_file(work.device)
    if file.is_file():
        kept = json.loads(file.read_text("utf-8"))
    _steps(work, WEIGHTS)
    _steps(work, MACHINE)
    kept["machine"] = _read(work, MACHINE)
    for name in names:
        _steps(work, name)
        found = {**kept["sections"], name: _measured(work, name)}
        kept["sections"] = {key: found[key] for key in SECTIONS if key in found}
        # after each, so that an hour is not lost to the last one
        file.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        file.with_suffix(".md").write_text(render(kept), "utf-8")


def _steps(work: Work, *names: str) -> None:
    """Run some steps in one new process."""
    options = json.dumps(asdict(work) | {"folder": str(work.folder)})
    command = [sys.executable, "-m", "tests.benchmarks.child", options, *names]
    # what the systems leave in the folder of temporary files goes with ours
    environment = {**os.environ, "TMPDIR": str(work.folder)}
    if subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode:
        raise SystemExit(f"It stopped at {' or '.join(names)}.")


def _read(work: Work, step: str) -> Any:
    return json.loads((work.folder / f"{step}.json").read_text("utf-8"))


def _measured(work: Work, name: str) -> dict[str, Any]:
    """A section, and what it was measured with."""
    return {
        **_read(work, name),
        "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _read(work, MACHINE)["processor"],
        "versions": versions(),
    }


if __name__ == "__main__":
    main()
