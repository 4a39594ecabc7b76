"""`zsclip batch` killed at random moments, again and again, until it has ended.

``python tests/support/killed_batches.py --runs 20`` is what ``.ci/long batch`` runs: whatever was
killed, each row is there once in the end, and all are as those of a run that nobody disturbed.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds

import zsclip.demo

LIMIT = 240  # seconds, for one command
ROWS = 16  # of a file


def processes_below(pid: int) -> dict[int, str]:
    """The processes that one started, and those that these did, by what they are called."""
    children: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text("utf-8", "replace")
            parent = int(status.rpartition(")")[2].split()[1])
            names[int(folder.name)] = (folder / "cmdline").read_text("utf-8", "replace")
        except (OSError, ValueError):
            continue  # it has ended
        children.setdefault(parent, []).append(int(folder.name))
    found: dict[int, str] = {}
    rest = [pid]
    while rest:
        for child in children.get(rest.pop(), []):
            found[child] = names.get(child, "")
            rest.append(child)
    return found


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def make_pictures(folder: Path, n: int) -> None:
    """Pictures of which some are the same under several names, and some are none."""
    drawings = zsclip.demo.load_drawings()
    folder.mkdir()
    for place in range(n):
        drawing = drawings[place % len(drawings)]
        (folder / f"{place:04d}.png").write_bytes(drawing.data)
    for name in ("broken", "empty"):
        (folder / f"{name}.png").write_bytes(b"no picture" if name == "broken" else b"")


def command(source: Path, sink: Path, address: str = "local") -> list[str]:
    """What is typed."""
    settings = ["--labels", "cat,dog,fish,bird", "--model", "tiny-cartoon", "--no-cache"]
    options = [*settings, "--rows-per-file", str(ROWS), "--address", address, "--exact"]
    return [sys.executable, "-m", "zsclip", "batch", str(source), str(sink), *options]


def rows_of(sink: Path) -> pd.DataFrame:
    """All rows, as somebody reads them who knows nothing of how they were written."""
    rows = pd.read_parquet(sink).sort_values("id", ignore_index=True)
    assert ds.dataset(sink).count_rows() == len(rows)
    return rows


def only(pattern: str) -> Callable[[int], list[int]]:
    """Finds a process of those below the command whose name begins so."""

    def find(pid: int) -> list[int]:
        below = processes_below(pid)
        found = [p for p, name in below.items() if re.match(pattern, name)]
        return [random.choice(found)] if found else []

    return find


def everything(pid: int) -> list[int]:
    """The command and all that it started."""
    return [pid, *processes_below(pid)]


def itself(pid: int) -> list[int]:
    """The command alone."""
    return [pid]


VICTIMS: dict[str, tuple[Callable[[int], list[int]], int]] = {
    "the command": (itself, signal.SIGKILL),
    "the command (SIGTERM)": (itself, signal.SIGTERM),
    "the command (SIGINT)": (itself, signal.SIGINT),
    "the command and its cluster": (everything, signal.SIGKILL),
    "an actor": (only("ray::MapWorker"), signal.SIGKILL),
    "a worker": (only("ray::"), signal.SIGKILL),
    "a worker (SIGTERM)": (only("ray::"), signal.SIGTERM),
    "the raylet": (only(r"\S*/raylet"), signal.SIGKILL),
}


def moments(rng: random.Random, sink: Path) -> Iterator[bool]:
    """Says, asked again and again, whether it is time: after some seconds, or some files."""
    files, start = rng.randint(0, 20), time.monotonic()
    seconds = rng.uniform(0, 25) if rng.random() < 0.4 else LIMIT
    checkpoints = Path(f"{sink}.job/checkpoints")
    before = len(list(checkpoints.glob("*")))
    while True:
        done = len(list(checkpoints.glob("*"))) - before
        yield time.monotonic() - start > seconds or (seconds == LIMIT and done > files)


def disturbed(source: Path, sink: Path, rng: random.Random, *, kills: int) -> list[str]:
    """Have the command run until it has ended well, and kill something so many times before.

    Returns:
        What was killed, and what became of the command.
    """
    told = []
    for turn in range(kills + 10):
        victim, (find, number) = rng.choice(list(VICTIMS.items()))
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(command(source, sink), stdout=output, stderr=output)
            moment = moments(rng, sink)
            end = time.monotonic() + LIMIT
            killed = turn >= kills
            while process.poll() is None and time.monotonic() < end:
                if not killed and next(moment) and (pids := find(process.pid)):
                    for pid in pids:
                        kill(pid, number)
                    killed = True
                time.sleep(0.02)
            if process.poll() is None:
                for pid in everything(process.pid):
                    kill(pid)
                raise AssertionError(f"It did not end in {LIMIT} s, after {victim} was killed.")
            output.seek(0)
            last = output.read().decode(errors="replace").strip().splitlines()[-1:]
        ended = (sink / "_SUCCESS").exists()
        what = victim if turn < kills else "nothing"
        told.append(f"{what}: exit {process.returncode}, {' '.join(last)[:200]}")
        if process.returncode == 1 and ended:  # two of the pictures are none
            return told
    raise AssertionError("\n".join(["It never ended well.", *told]))


def main() -> int:
    """Make a run in peace, and then disturbed ones that are compared with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--seed", type=int, default=21)
    given = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", RAY_USAGE_STATS_ENABLED="0")
    rng = random.Random(given.seed)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="zb-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ["RAY_TMPDIR"] = str(folder / "r")
        source = folder / "pictures"
        make_pictures(source, given.pictures)
        disturbed(source, folder / "peace", rng, kills=0)
        expected = rows_of(folder / "peace")
        assert expected["id"].tolist() == list(range(given.pictures + 2))
        for n in range(given.runs):
            sink = folder / f"run{n}"
            told = disturbed(source, sink, rng, kills=rng.randint(1, 3))
            try:
                pd.testing.assert_frame_equal(rows_of(sink), expected, check_exact=True)
                verdict = "each row once, all as undisturbed"
            except AssertionError as error:
                failed += 1
                verdict = f"FAILED: {error}"
            print(f"run {n + 1}: {verdict}", *told, sep="\n    ", flush=True)
            shutil.rmtree(sink)
    print(f"{given.runs - failed} of {given.runs} runs ended with each row once.")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
