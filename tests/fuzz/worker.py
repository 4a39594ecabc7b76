"""The process in which examples run: it says which one it is at, and looks at what each leaves.

    python -m tests.fuzz.worker TASK

It is started by `engine.py`, which ends it when an example does not end, and reads what it prints:
a line of JSON for each finding and for each hundred examples.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import mmap
import os
import resource
import signal
import struct
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.catalogue import Examples, find_target
from tests.fuzz.guard import Guard

__all__ = ["GROWTH", "NOTE", "Task"]

GROWTH = 1024**3  # bytes
_ROOM = 3 * GROWTH  # of addresses, beyond which there is no memory
_PAUSE = 2.0  # seconds that a thread has to see that it is no longer wanted
NOTE = struct.Struct("<qddQ")
"""Which example runs, when it began by the clock and by the time it computed, peak memory."""


@dataclass(frozen=True)
class Task:
    """What a worker is to do.

    Attributes:
        target: A target's name.
        seed: Which examples.
        first: The number of the first example.
        last: The number behind the last one.
        until: When to stop, by `time.monotonic`.
        folder: Where its trace, its note on what it is at, and its temporary files are.
        file: A file to run in place of examples.
    """

    target: str
    seed: int
    first: int
    last: int
    until: float
    folder: str
    file: str = ""


def main() -> None:
    """Run examples until the time is up or all are run."""
    task = Task(**json.loads(sys.argv[1]))
    folder = Path(task.folder)
    trace = (folder / "trace").open("w")
    faulthandler.enable(trace)
    faulthandler.register(signal.SIGUSR1, trace, all_threads=True)
    warnings.simplefilter("ignore")
    temporary = folder / "temporary"
    temporary.mkdir()
    os.chdir(temporary)
    with (folder / "note").open("r+b") as file:
        note = mmap.mmap(file.fileno(), NOTE.size)
    worker = _Worker(task, note)
    for number in range(task.first, task.last):
        if time.monotonic() > task.until or not worker.run(number):
            break
    worker.tell_counts()


class _Worker:
    def __init__(self, task: Task, note: mmap.mmap) -> None:
        self._task, self._note = task, note
        self._target = find_target(task.target)
        self._examples = Examples(task.target, self._target, task.seed)
        self._outcomes: Counter[str] = Counter()
        self._guard = Guard(Path.cwd())
        well = self._examples[0][1]
        with suppress(*self._target.expected):
            self._target.run(well)  # loads what is loaded once
        gc.collect()
        size, self._memory = _memory()
        resource.setrlimit(resource.RLIMIT_AS, (size + _ROOM, size + _ROOM))
        self._before = _held()
        self._guard.start()

    def run(self, number: int) -> bool:
        """Run one; False if what it left behind would be laid to the next one's charge."""
        if self._task.file:
            name, data = "file", Path(self._task.file).read_bytes()
        else:
            name, data = self._examples[number]
        self._note[:] = NOTE.pack(number, time.monotonic(), _computed(), 0)
        problems: list[tuple[str, str, str]] = []
        try:
            outcome = self._target.run(data)
        except self._target.expected as error:
            outcome = type(error).__name__
        except Exception as error:
            outcome = "raised"
            problems.append(("raised", _place(error), traceback.format_exc(limit=-12)))
        seconds = _computed() - NOTE.unpack(self._note[:])[2]
        self._note[:] = NOTE.pack(number, time.monotonic() + 1e9, 0, 0)  # what follows has time
        peak = _memory()[1] - self._memory
        if peak > GROWTH:
            problems.append(("growth", name, f"{peak / 1e6:,.0f} MB more than before"))
        if seconds > 2:
            problems.append(("hang", name, f"it took {seconds:.1f} s, and {outcome}"))
        problems += [("escape", what, what) for what in self._guard.taken()]
        problems += [("leak", what.partition(" ")[0], what) for what in self._leaks()]
        for kind, place, detail in problems:
            _tell(finding={"kind": kind, "where": place, "number": number, "seed_file": name,
                           "detail": detail})  # fmt: skip
        self._outcomes[f"{name}: {outcome}"] += 1
        if (number + 1) % 100 == 0:
            self.tell_counts(number)
        return not problems or {kind for kind, _, _ in problems} == {"raised"}

    def tell_counts(self, number: int | None = None) -> None:
        _tell(outcomes=dict(self._outcomes), peak=_memory()[1] - self._memory)
        self._outcomes.clear()

    def _leaks(self) -> list[str]:
        if _held() == self._before:
            return []
        gc.collect()
        end = time.monotonic() + _PAUSE
        while (held := _held()) != self._before and time.monotonic() < end:
            time.sleep(0.01)
        before = asdict(self._before)
        return [
            f"{what} left: {now} in place of {before[what]}"
            for what, now in asdict(held).items()
            if now != before[what] and not (isinstance(now, int) and now < before[what])
        ]


@dataclass(frozen=True)
class _Held:
    """What an example may not leave behind."""

    threads: int
    descriptors: int
    files: str


def _held() -> _Held:
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    files = " ".join(sorted(path.name for path in Path.cwd().iterdir()))
    return _Held(threading.active_count(), descriptors, files)


def _computed() -> float:
    """Seconds of the processor, without the system's: what it takes to give memory is growth."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def _memory() -> tuple[int, int]:
    """The size in addresses, and the most memory that was ever held, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return tuple(1024 * int(found[key].split()[0]) for key in ("VmSize", "VmHWM"))  # type: ignore[return-value]


def _place(error: BaseException) -> str:
    """The class of an error, and the innermost line of zsclip's that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/zsclip/" in frame.filename.replace(os.sep, "/")]
    frame = (ours or frames)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}:{frame.name}"


def _tell(**what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
