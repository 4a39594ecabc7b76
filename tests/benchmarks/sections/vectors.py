"""Embeddings that one has already: a million scored, with the best five labels of each."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks import ours
from tests.benchmarks.files import Work
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import Job, rates_in_turn

WIDTH, LABELS, BEST = 512, 1000, 5
BLOCK = 4096  # vectors at a time, in both
OURS, PLAIN = "zsclip, score_embeddings", "numpy"
HOW = """\
{count:,} random vectors of width {width}, scored against {labels:,} labels, {block:,} at a time,
and the best {best} of each taken. NumPy: the product in fp32, its softmax with the maximum taken
off, and `argpartition`. zsclip: `score_embeddings` of each block, which also looks at every vector
(NaN, length) and computes the softmax in fp64, and the same `argpartition`. The memory is what each
needs at most beside the vectors and the answers."""

Rows = NDArray[np.float32]


def run(work: Work, machine: object) -> Section:
    """Measure it."""
    del machine
    count = work.size(1_000_000, 2 * BLOCK)
    random = np.random.default_rng(0)
    rows = random.standard_normal((count, WIDTH), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    names = [f"label {i}" for i in range(LABELS)]
    clf = ours.make(work.weights, names, templates=["a photo of {}."])
    clf.score_embeddings(rows[:1])  # the labels are embedded then
    matrix, scale = ours.class_embeddings(clf), np.float32(clf.model_info.logit_scale)
    ways: dict[str, Callable[[Rows], Rows]] = {
        PLAIN: partial(plain, matrix=matrix, scale=scale),
        OURS: clf.score_embeddings,
    }
    _require_agreement(ways, rows[:BLOCK])
    jobs = [
        Job(name, partial(_all, score, rows), items=count, warm=partial(_all, score, rows[:BLOCK]))
        for name, score in ways.items()
    ]
    rates = rates_in_turn(jobs, work.turns(3))
    systems = [
        System(name, rates[name], {"memory": f"{_peak(score, rows[: 2 * BLOCK]) / 1e6:.0f} MB"})
        for name, score in ways.items()
    ]
    how = HOW.format(count=count, width=WIDTH, labels=LABELS, block=BLOCK, best=BEST)
    table = Table("", "vectors/s", True, systems, [OURS])
    return Section("Vectors one has already", how, [table])


def plain(rows: Rows, matrix: Rows, scale: np.float32) -> Rows:
    """Scores by NumPy alone."""
    scores: Rows = scale * (rows @ matrix.T)
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def best(scores: Rows) -> NDArray[np.int64]:
    """The positions of the best labels of each row, best first: int64 (n, 5)."""
    few = np.argpartition(scores, -BEST, axis=1)[:, -BEST:]
    order = np.argsort(-np.take_along_axis(scores, few, axis=1), axis=1)
    return np.take_along_axis(few, order, axis=1)


def _blocks(rows: Rows) -> Iterator[Rows]:
    return (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))


def _all(score: Callable[[Rows], Rows], rows: Rows) -> NDArray[np.int64]:
    return np.concatenate([best(score(block)) for block in _blocks(rows)])


def _peak(score: Callable[[Rows], Rows], rows: Rows) -> int:
    """Bytes; of two blocks, which is as much as of any number."""
    tracemalloc.start()
    try:
        _all(score, rows)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _require_agreement(ways: dict[str, Callable[[Rows], Rows]], rows: Rows) -> None:
    first, second = (score(rows) for score in ways.values())
    difference: Any = np.abs(first - second).max()
    if difference > 1e-4:
        raise SystemExit(f"The scores differ by {difference}.")
