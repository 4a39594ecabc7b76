"""Systems in turn, round by round, and what to make of the numbers."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """What one system does in one round.

    Attributes:
        name: The system.
        run: Does it once.
        items: How many things `run` works through; a rate is items a second.
        warm: Done once before the first round, in place of `run`.
    """

    name: str
    run: Callable[[], object]
    items: int
    warm: Callable[[], object] | None = None


def rates_in_turn(jobs: Sequence[Job], rounds: int) -> dict[str, list[float]]:
    """Items a second of each job in each round: A B C, A B C, ..., so that drift hits all alike."""
    for job in jobs:
        (job.warm or job.run)()
    rates: dict[str, list[float]] = {job.name: [] for job in jobs}
    for i in range(rounds):
        for job in jobs:
            seconds = seconds_of(job.run)
            rates[job.name].append(job.items / seconds)
            say(f"round {i + 1}: {job.name}: {job.items / seconds:.4g}/s in {seconds:.2f} s")
    return rates


def seconds_of(run: Callable[[], object]) -> float:
    """How long one call takes, started without another one's garbage."""
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ratios(
    ours: Sequence[float], theirs: Sequence[float], *, more_is_better: bool
) -> tuple[float, float, float]:
    """How many times better ours is: by the medians, and in the worst and the best round."""
    a, b = (ours, theirs) if more_is_better else (theirs, ours)
    pairs = [x / y for x, y in zip(a, b, strict=True)]
    return statistics.median(a) / statistics.median(b), min(pairs), max(pairs)


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(f"  {text}", file=sys.stderr, flush=True)
