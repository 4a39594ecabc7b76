"""From nothing to the first answer: time and memory of fresh processes."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.files import ROOT, Work
from tests.benchmarks.pictures import make_small
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.starts.marks import LABELS, TEMPLATE
from tests.benchmarks.timing import say

HOW = """\
A fresh process imports the system, loads the model from a file that is in the system's memory,
and tells which of ten labels fits one small picture: the time from its start to that line, and the
most memory that it held until then, files mapped and touched included (`VmHWM` on Linux). Every
system loads the kind of file that it is published with: openai/CLIP a TorchScript archive in fp16,
open_clip a state dict in fp16, the pipeline a folder with safetensors in fp32, zsclip the
safetensors in fp16 that its first load keeps of the archive. One template for all. With a warm
cache, zsclip has embedded these labels before, and not this picture. bf16 is what zsclip computes
in by default where that is faster; it is named here to tell how much memory that takes."""


def run(work: Work, machine: object) -> Section:
    """Measure it."""
    del machine
    weights = work.weights
    [picture, other] = make_small(work.folder / "start", 2)
    commands: dict[str, tuple[str, Path, dict[str, Any]]] = {
        "openai/CLIP": ("openai", weights.archive, {}),
        "open_clip": ("openclip", weights.state, {}),
        "HF pipeline": ("huggingface", weights.huggingface, {}),
    }
    for name, options in _variants(work, other).items():
        commands[f"zsclip, {name}"] = ("zsclip", weights.zsclip, options)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    memory: dict[str, list[float]] = {name: [] for name in commands}
    steps: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    rounds = work.turns(3)
    before = work.size(1, 0)  # to have the files in memory
    for i in range(-before, rounds):
        for name, (module, files, options) in commands.items():
            if options.get("cache"):
                _forget_picture(work)
            arguments = [str(files), str(picture)] + ([json.dumps(options)] if options else [])
            took, told = first_line(module, arguments)
            if i >= 0:
                seconds[name].append(took)
                memory[name].append(told["peak"])
                steps[name].append(told["steps"])
                say(f"round {i + 1}: {name}: {took:.2f} s, {told['peak']:.0f} MB")
    first = [name for name in commands if name.startswith("zsclip")]
    return Section(
        "Start",
        HOW,
        [
            Table(
                "Time",
                "s",
                False,
                [System(name, values, shares(steps[name])) for name, values in seconds.items()],
                first,
            ),
            Table(
                "Peak memory",
                "MB",
                False,
                [System(name, values) for name, values in memory.items()],
                first,
            ),
        ],
    )


def _variants(work: Work, other: Path) -> dict[str, dict[str, Any]]:
    """The ways in which zsclip starts, and the files that two of them need."""
    warmed, cache, saved = _warmed(work), _cache(work), work.folder / "start.zsclip"
    shutil.rmtree(warmed, ignore_errors=True)
    warm = ours.make(work.weights, LABELS, templates=[TEMPLATE], cache=warmed, **ours.AUTO)
    warm.classify(other)
    ours.save(warm, saved)
    return {
        "exact, no cache": {"exact": True, "precision": "fp32", "cache": False},
        "bf16, no cache": {"precision": "bf16", "cache": False},
        "no cache": {"cache": False},
        "warm cache": {"cache": str(cache)},
        "saved classifier": {"file": str(saved), "cache": False},
    }


def _warmed(work: Work) -> Path:
    return work.folder / "start-warmed"


def _cache(work: Work) -> Path:
    return work.folder / "start-cache"


def _forget_picture(work: Work) -> None:
    """Take the cache back to what it was before a start added the picture to it."""
    shutil.rmtree(_cache(work), ignore_errors=True)
    shutil.copytree(_warmed(work), _cache(work))


def first_line(module: str, arguments: list[str]) -> tuple[float, Any]:
    """Seconds until a program's first line, and the line."""
    command = [sys.executable, "-m", f"tests.benchmarks.starts.{module}", *arguments]
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout
        assert child.stderr
        line = child.stdout.readline()
        took = time.perf_counter() - start
        _, errors = child.communicate()
    if child.returncode or not line:
        raise SystemExit(f"{' '.join(command)} failed:\n{errors}")
    return took, json.loads(line)


def shares(rounds: list[dict[str, float]]) -> dict[str, str]:
    """The median of each step."""
    return {step: f"{statistics.median(one[step] for one in rounds):.2f} s" for step in rounds[0]}
