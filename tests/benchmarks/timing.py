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
    """Items a second of each job in each round: A B C, C B A, A B C, ...

    In turn, so that drift hits all alike; back and forth, because what ran just before leaves its
    mark on memory: in one fixed order, two names for the same code have differed by 1.8 times.
    """
    for job in jobs:
        (job.warm or job.run)()
    rates: dict[str, list[float]] = {job.name: [] for job in jobs}
    for i in range(rounds):
        for job in jobs[:: -1 if i % 2 else 1]:
            seconds = seconds_of(job.run)
            rates[job.name].append(job.items / seconds)
            say(f"round {i + 1}: {job.name}: {job.items / seconds:.4g}/s in {seconds:.2f} s")
    return rates


def growth_in_turn(
    pairs: Sequence[tuple[Job, Job]], rounds: int, *, warm: bool = True
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Items a second beyond what every run begins with, and the seconds of that beginning.

    Args:
        pairs: For each system, the job over few items and the one over many.
        rounds: How often every system has its turn; back and forth, as in `rates_in_turn`.
        warm: Whether each does its few items once before the first round.
    """
    for few, _ in pairs if warm else ():
        (few.warm or few.run)()
    rates: dict[str, list[float]] = {few.name: [] for few, _ in pairs}
    starts: dict[str, list[float]] = {few.name: [] for few, _ in pairs}
    for i in range(rounds):
        for few, many in pairs[:: -1 if i % 2 else 1]:
            rate, start = growth(
                (few.items, seconds_of(few.run)), (many.items, seconds_of(many.run))
            )
            rates[few.name].append(rate)
            starts[few.name].append(start)
            say(f"round {i + 1}: {few.name}: {rate:.4g}/s after {start:.2f} s")
    return rates, starts


def growth(few: tuple[int, float], many: tuple[int, float]) -> tuple[float, float]:
    """Items a second, and seconds before the first, from two runs: (items, seconds) of each.

    Where more items took no longer there are too few of them to tell, and the beginning counts.

    Examples:
        >>> growth((10, 6.0), (50, 10.0))
        (10.0, 5.0)
        >>> growth((10, 6.0), (50, 5.0))
        (10.0, 0.0)
    """
    if many[1] <= few[1]:
        return many[0] / many[1], 0.0
    rate = (many[0] - few[0]) / (many[1] - few[1])
    return rate, max(0.0, few[1] - few[0] / rate)


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
