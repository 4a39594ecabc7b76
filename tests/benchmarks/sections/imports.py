"""What imports, the command line and label sets cost before any model is there."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.benchmarks.files import ROOT, Work
from tests.benchmarks.record import Section, System, Table
from zsclip.labels import list_labelsets

BARE = "bare Python"
PROGRAMS = {
    BARE: ["-c", "pass"],
    "import zsclip": ["-c", "import zsclip"],
    "zsclip --help": ["-m", "zsclip", "--help"],
    "import clip": ["-W", "ignore", "-c", "import clip"],
    "import open_clip": ["-W", "ignore", "-c", "import open_clip"],
    "from transformers import pipeline": [
        "-W",
        "ignore",
        "-c",
        "from transformers import pipeline",
    ],
}
STATEMENTS = {
    "list_labelsets()": ("import zsclip.labels as l", "l.list_labelsets()"),
    "list_labelsets(), with every error": (
        "import zsclip.labels as l",
        "[i.error for i in l.list_labelsets()]",
    ),
    "load_labelset('imagenet')": ("import zsclip.labels as l", "l.load_labelset('imagenet')"),
    "every label set": (
        "import zsclip.labels as l",
        "[l.load_labelset(i.name) for i in l.list_labelsets()]",
    ),
}
PROGRAM = """
import time
{setup}
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""
HOW = """\
Whole processes in turn, from start to end; bare Python stands for what none of them can be faster
than. Label sets: one call in a fresh process after the import, {count} label sets installed."""


def run(work: Work, machine: object) -> Section:
    """Measure it."""
    del machine
    rounds = work.turns(11)
    whole: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    calls: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    before = work.size(1, 0)  # to have the files in memory
    for i in range(-before, rounds):
        for name, arguments in PROGRAMS.items():
            start = time.perf_counter()
            _run(arguments)
            if i >= 0:
                whole[name].append(1000 * (time.perf_counter() - start))
        for name, (setup, statement) in STATEMENTS.items():
            told = _run(["-c", PROGRAM.format(setup=setup, statement=statement)])
            if i >= 0:
                calls[name].append(1000 * float(told))
    added = {
        name: [with_it - bare for with_it, bare in zip(values, whole[BARE], strict=True)]
        for name, values in whole.items()
        if name != BARE
    }
    tables = [
        Table(title, "ms", False, [System(name, values) for name, values in measured.items()])
        for title, measured in (
            ("Whole processes", whole),
            ("The same less bare Python, pair by pair", added),
            ("Label sets", calls),
        )
    ]
    return Section("Before the model", HOW.format(count=len(list_labelsets())), tables)


def _run(arguments: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(f"python {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout
