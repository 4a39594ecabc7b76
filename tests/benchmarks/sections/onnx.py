"""An exported classifier beside the same one over torch: start, memory, rate, what is installed."""

from __future__ import annotations

import importlib.metadata
import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import ours
from tests.benchmarks.columns import differences
from tests.benchmarks.files import ROOT, Work
from tests.benchmarks.pictures import make_small
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.sections.start import first_line, shares
from tests.benchmarks.starts.marks import LABELS, TEMPLATE
from tests.benchmarks.timing import say

TORCH, LINES = "torch", "25 lines"
PRECISIONS = ("fp32", "fp16", "int8")
BATCH = 32

HOW = """\
The same random ViT-B/32 with ten labels: saved and loaded over torch in fp32, and exported to one
ONNX file in each precision. A fresh process loads it and classifies one small picture: the time
from its start to that line, and the most memory that it held until then. The 25 lines are those of
[the page](onnx.md), without zsclip. The rate is that of {batch} prepared pictures at once, all in
turn, in one process. Installed is what the distributions take that each way needs, as their records
list it, Python and pip not counted."""


def run(work: Work, machine: object) -> Section:
    """Measure it."""
    del machine
    folder = work.folder / "onnx"
    folder.mkdir(exist_ok=True)
    made = ours.make(work.weights, LABELS, templates=[TEMPLATE], precision="fp32")
    saved = folder / "labels.zsclip"
    ours.save(made, saved)
    files = {precision: folder / f"{precision}.onnx" for precision in PRECISIONS}
    for precision, file in files.items():
        ours.export(made, file, precision)
    [picture] = make_small(work.folder / "start", 1)
    seconds, memory = _starts(work, saved, files, picture)
    return Section(
        "Without torch",
        HOW.format(batch=BATCH),
        [
            Table("First answer", "s", False, seconds, _exported()),
            Table("Peak memory", "MB", False, memory, _exported()),
            Table("Rate", "pictures/s", True, _rates(work, made, files), _exported()),
            Table("Installed", "MB", False, _installed(), [f"{TORCH} left out"]),
        ],
        [f"Files: {', '.join(_told(name, file) for name, file in files.items())}."],
    )


def _exported() -> list[str]:
    return [f"exported, {precision}" for precision in PRECISIONS]


def _told(name: str, file: Path) -> str:
    return f"{name} {file.stat().st_size / 1e6:.0f} MB"


def _starts(
    work: Work, saved: Path, files: dict[str, Path], picture: Path
) -> tuple[list[System], list[System]]:
    """The time and the memory of fresh processes."""
    downloads = str(work.weights.zsclip)

    def loading(file: Path, **options: Any) -> tuple[str, list[str]]:
        told = json.dumps({"file": str(file), "cache": False, **options})
        return "zsclip", [downloads, str(picture), told]

    commands = {TORCH: loading(saved, precision="fp32")}
    commands |= {f"exported, {name}": loading(file) for name, file in files.items()}
    commands[LINES] = ("lines", [str(files["fp32"]), str(picture)])
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    memory: dict[str, list[float]] = {name: [] for name in commands}
    steps: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for i in range(-work.size(1, 0), work.turns(5)):
        for name, (module, arguments) in commands.items():
            took, told = first_line(module, arguments)
            if i >= 0:
                seconds[name].append(took)
                memory[name].append(told["peak"])
                steps[name].append(told["steps"])
                say(f"round {i + 1}: {name}: {took:.2f} s, {told['peak']:.0f} MB")
    return (
        [System(name, values, shares(steps[name])) for name, values in seconds.items()],
        [System(name, values) for name, values in memory.items()],
    )


def _rates(work: Work, made: Any, files: dict[str, Path]) -> list[System]:
    """Prepared pictures a second, and how far embeddings are from those of torch."""
    classifiers = {TORCH: made} | {
        f"exported, {name}": ours.load(file) for name, file in files.items()
    }
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, 224, 224, 3), np.uint8)
    expected = ours.image_embeddings(made, pixels)
    rates: dict[str, list[float]] = {name: [] for name in classifiers}
    extras = {
        name: differences(ours.image_embeddings(clf, pixels), expected)
        for name, clf in classifiers.items()
    }
    for _ in range(work.turns(7)):
        for name, clf in classifiers.items():
            start = time.perf_counter()
            ours.image_embeddings(clf, pixels)
            rates[name].append(BATCH / (time.perf_counter() - start))
            say(f"{name}: {rates[name][-1]:.1f} pictures/s")
    return [System(name, values, extras[name]) for name, values in rates.items()]


# ----------------------------------------------------------------------------------- installed


def _installed() -> list[System]:
    """What the three ways need, of what is installed here."""
    page = (ROOT / "docs" / "onnx.md").read_text("utf-8")
    [typed] = re.findall(r"^\$ pip install (click .*)$", page, re.M)
    ways = {
        "with torch": ["zsclip"],
        f"{TORCH} left out": ["-zsclip", *typed.split()],
        LINES: ["numpy", "onnxruntime", "pillow"],
    }
    systems = []
    for name, roots in ways.items():
        found = _closure(roots)
        size = sum(map(_size, found)) / 1e6
        largest = sorted(found, key=_size, reverse=True)[:3]
        told = ", ".join(f"{one} {_size(one) / 1e6:.0f}" for one in largest)
        systems.append(System(name, [size], {"largest": told}))
    return systems


def _closure(roots: Iterable[str]) -> set[str]:
    """Distributions with all that they need, extras left out; "-name" is one by itself."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        asked = waiting.pop()
        name = asked.removeprefix("-").lower().replace("_", "-")
        if name in found:
            continue
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # of another system or Python
            continue
        found.add(name)
        if asked == name:
            words = (re.match(r"[\w.-]+", need) for need in needs if "extra ==" not in need)
            waiting += [word[0] for word in words if word]
    return found


def _size(name: str) -> int:
    files = importlib.metadata.files(name) or []
    paths = (Path(str(file.locate())) for file in files)
    size = sum(path.stat().st_size for path in paths if path.is_file())
    if name == "zsclip":  # which may be a working copy, with a record that lists none of it
        size = sum(p.stat().st_size for p in (ROOT / "zsclip").rglob("*") if p.is_file())
    return size
