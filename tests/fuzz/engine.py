"""Runs a target for a while in workers, ends those that hang, and keeps what was found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.catalogue import Examples, find_target
from tests.fuzz.worker import NOTE, Task

__all__ = ["Found", "State", "fuzz"]

ROOT = Path(__file__).parents[2]
HANG = 2.0  # seconds of the processor, without the system's
WAIT = 20.0  # seconds of the clock: other work on the machine is not to be taken for a hang
START = 120.0  # seconds that a worker has to begin


@dataclass
class Found:
    """One fault, by the examples that show it.

    Attributes:
        kind: ``crash``, ``hang``, ``growth``, ``raised``, ``leak`` or ``escape``.
        where: What tells it from others: the error and its place, or the seed.
        numbers: The first examples that show it.
        count: How many did.
        detail: The end of its trace, or what was seen.
        confirmed: Whether the first of them shows it alone in a new process as well.
    """

    kind: str
    where: str
    numbers: list[int]
    detail: str
    count: int = 1
    confirmed: bool = False


@dataclass
class State:
    """What is known of a target; kept in a file, so that the next run goes on from it."""

    target: str
    seed: int
    next: int = 0
    seconds: float = 0.0
    peak: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, target: str, seed: int) -> State:
        """The state in a file; a new one where there is none."""
        if not path.is_file():
            return cls(target, seed)
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
        kept["found"] = [Found(**one) for one in kept["found"]]

        return cls(**kept)

    def write(self, path: Path) -> None:
        """Keep it, whole or not at all."""
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")
        new.replace(path)


def fuzz(
    name: str, *, folder: Path, seed: int = 0, seconds: float = 600, examples: int | None = None
) -> State:
    """Run a target, from where it stopped before.

    Args:
        name: The target.
        folder: Where its state and the examples that show faults are kept.
        seed: Which examples.
        seconds: How long.
        examples: How many at most; where the state says that they have been run, none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{seed}.json"
    state = State.read(path, name, seed)
    start = time.monotonic()
    last = 2**62 if examples is None else examples
    seconds_before = state.seconds
    while state.next < last and (now := time.monotonic()) < start + seconds:
        task = Task(name, seed, state.next, last, start + seconds, "")
        for found in _work(task, state):
            _keep(found, state, folder)
        state.seconds = seconds_before + time.monotonic() - start
        state.write(path)
        if time.monotonic() - now < 0.05:
            raise SystemExit(f"A worker of {name} ended before it began.")
    return state


def try_alone(
    name: str, *, seed: int = 0, number: int = 0, file: Path | None = None
) -> list[Found]:
    """Run one example, or one file, in a worker of its own."""
    given = str(file.resolve()) if file else ""
    task = Task(name, seed, number, number + 1, time.monotonic() + 600, "", given)
    return _work(task, State(name, seed))


def _keep(found: Found, state: State, folder: Path) -> None:
    """Add a finding to those that are known; see of a new one whether it shows alone."""
    for known in state.found:
        if (known.kind, known.where) == (found.kind, found.where):
            known.count += 1
            known.numbers = [*known.numbers, *found.numbers][:5]
            return
    [number] = found.numbers
    _, data = Examples(state.target, find_target(state.target), state.seed)[number]
    again = try_alone(state.target, seed=state.seed, number=number)
    found.confirmed = found.kind in {one.kind for one in again}
    state.found.append(found)
    kept = folder / "findings"
    kept.mkdir(exist_ok=True)
    (kept / f"{state.target}-{state.seed}-{number}.bin").write_bytes(data)


def _work(task: Task, state: State) -> list[Found]:
    """Run one worker until it ends or has to be ended; `state` then says where to go on."""
    with tempfile.TemporaryDirectory(prefix="zsclip-fuzz-") as folder:
        note = Path(folder) / "note"
        note.write_bytes(NOTE.pack(task.first - 1, time.monotonic() + START, 0, 0))
        given = json.dumps({**asdict(task), "folder": folder})
        with (Path(folder) / "out").open("w+") as out, (Path(folder) / "err").open("w+") as err:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.worker", given],
                cwd=ROOT, env=_environment(folder), stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip
            try:
                hung = _watch(worker, note, time.monotonic() + START)
            finally:
                _end(worker)
            out.seek(0)
            lines = [json.loads(line) for line in out if line.endswith("\n")]
            err.seek(0)
            said = err.read()[-2000:]
        number = NOTE.unpack(note.read_bytes())[0]
        trace = (Path(folder) / "trace").read_text("utf-8", "replace")[-4000:]
    found = []
    for line in lines:
        if "finding" in line:
            one = line["finding"]
            found.append(Found(one["kind"], one["where"], [one["number"]], one["detail"]))
        else:
            state.outcomes = dict(Counter(state.outcomes) + Counter(line["outcomes"]))
            state.peak = max(state.peak, line["peak"])
    if hung and number >= task.first:
        found.append(Found("hang", _innermost(trace), [number], f"{hung}\n{trace}"))
    elif worker.returncode:
        if number < task.first:
            raise SystemExit(f"A worker of {task.target} could not begin:\n{said}")
        where = f"{_ending(worker.returncode)} {_innermost(trace)}"
        found.append(Found("crash", where, [number], f"{said}\n{trace}"))
    state.next = number + 1
    return found


def _watch(worker: subprocess.Popen[bytes], note: Path, begin: float) -> str:
    """Wait for a worker; what to say of the example that it hangs in, if it does."""
    while worker.poll() is None:
        time.sleep(0.05)
        number, started, processor, _ = NOTE.unpack(note.read_bytes())
        waited = time.monotonic() - started
        if waited > HANG and (spent := _processor_time(worker.pid) - processor) > HANG:
            why = f"it computed for more than {spent:.1f} s"
        elif waited > WAIT:
            why = f"it waited for more than {WAIT:g} s"
        else:
            continue
        if number == NOTE.unpack(note.read_bytes())[0] and worker.poll() is None:
            worker.send_signal(signal.SIGUSR1)
            time.sleep(0.2)
            return why
    return ""


def _processor_time(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")  # without the system's, as the worker


def _end(worker: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def _environment(folder: str) -> dict[str, str]:
    """Nothing of this machine's helps, and nothing is sent from it."""
    hidden = {
        "PYTHONWARNINGS",
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "all_proxy",
    }
    own = {
        "HOME": folder, "TMPDIR": f"{folder}/temporary", "XDG_CACHE_HOME": f"{folder}/cache",
        "ZSCLIP_CACHE": f"{folder}/cache", "ZSCLIP_OFFLINE": "1", "OMP_NUM_THREADS": "1",
        "no_proxy": "*", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    return {key: value for key, value in os.environ.items() if key not in hidden} | own


def _ending(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def _innermost(trace: str) -> str:
    """Where the main thread was, by its trace."""
    threads = trace.split("\n\n")
    lines = [line.strip() for line in threads[-1].splitlines() if line.startswith("  File")]
    ours = [line for line in lines if "/zsclip/" in line] or lines
    if not ours:
        return "where it was is not known"
    path, _, rest = ours[0].removeprefix('File "').partition('"')
    return f"in {Path(path).name}:{rest.rpartition(' in ')[2]}"
