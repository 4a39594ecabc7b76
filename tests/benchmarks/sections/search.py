"""A folder searched in words: the first time, again, and for something else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.files import ROOT, Work
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import say

SIDE = 96
HOW = """\
`zsclip search FOLDER "a red circle" --model tiny-cartoon` over {count:,} PNGs of {side} x {side},
each time in a process of its own, from its start to its end: with an empty cache, so that the
folder is embedded; the same again; and for a text that is new, for which the text tower is loaded.
The model is the bundled one, which embeds a picture in a small part of the time that ViT-B/32
takes; out of the cache, one costs as much as the other."""


def run(work: Work, machine: object) -> Section:
    """Measure it."""
    del machine
    folder, cache = work.folder / "searched", work.folder / "search-cache"
    count = work.size(5000, 50)
    _make(folder, count)
    seconds: dict[str, list[float]] = {"again": [], "for a new text": [], "the first time": []}
    for i in range(work.turns(3)):
        shutil.rmtree(cache, ignore_errors=True)
        seconds["the first time"].append(_search(folder, cache, "a red circle"))
        if not i:
            time.sleep(2.1)  # so that the files are not as new as another change of them could be
            _search(folder, cache, "a red circle")
        seconds["again"].append(_search(folder, cache, "a red circle"))
        seconds["for a new text"].append(_search(folder, cache, f"a blue square {i}"))
        say(", ".join(f"{name}: {values[-1]:.2f} s" for name, values in seconds.items()))
    systems = [System(f"zsclip, {name}", values) for name, values in seconds.items()]
    return Section(
        "A folder searched in words",
        HOW.format(count=count, side=SIDE),
        [Table("", "s", False, systems)],
    )


def _make(folder: Path, count: int) -> None:
    """Pictures of noise, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        path = folder / f"{i // 500:02}" / f"{i:05}.png"
        if not path.is_file():
            path.parent.mkdir(exist_ok=True)
            coarse = np.random.default_rng(i).integers(0, 256, (6, 6, 3), np.uint8)
            Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(path)


def _search(folder: Path, cache: Path, text: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "zsclip", "search", folder, text, "--model", "tiny-cartoon"],
        env={**os.environ, "ZSCLIP_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    took = time.perf_counter() - start
    if done.returncode or len(done.stdout.splitlines()) != 21:
        raise SystemExit(f"zsclip search failed:\n{done.stderr}")
    return took
