"""Random splits and draws of drawings, and small sums over many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["auroc", "cell", "draws", "fpr95", "halves", "interval", "mean", "percent", "table"]

Rows = NDArray[np.int64]


def halves(rows: Rows, count: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Random halves of the drawings: one to fit on, the other to test on."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        order = rng.permutation(rows)
        yield order[: len(order) // 2], order[len(order) // 2 :]


def draws(
    rows: Rows, classes: Sequence[str], each: int, count: int, seed: int
) -> Iterator[tuple[Rows, Rows]]:
    """So many random drawings of each class that has more, and all the others.

    Args:
        rows: The drawings.
        classes: The class of each.
        each: How many of a class.
        count: How many draws.
        seed: Of the randomness.
    """
    rng = np.random.default_rng(seed)
    of = np.array(classes)
    for _ in range(count):
        taken = [
            rng.choice(np.flatnonzero(of == name), each, replace=False)
            for name in sorted(set(classes))
            if (of == name).sum() > each
        ]
        drawn = np.concatenate(taken)
        yield rows[drawn], np.delete(rows, drawn)


def auroc(known: NDArray[np.floating], unknown: NDArray[np.floating]) -> float:
    """How often something known has the higher confidence of two; half of a draw counts."""
    order = np.sort(unknown)
    below = np.searchsorted(order, known, "left") + np.searchsorted(order, known, "right")
    return float(below.mean() / 2 / len(order))


def fpr95(known: NDArray[np.floating], unknown: NDArray[np.floating]) -> float:
    """Which part of the unknown is accepted where 95 % of the known is."""
    return float((unknown >= np.quantile(known, 0.05, method="lower")).mean())


def mean(values: Sequence[float] | NDArray[np.floating]) -> float:
    """The mean to four places, NaN left out; NaN of nothing."""
    some = np.asarray(values, np.float64)
    some = some[np.isfinite(some)]
    return round(float(some.mean()), 4) if some.size else float("nan")


def interval(values: Sequence[float] | NDArray[np.floating]) -> list[float]:
    """Between which two numbers the middle 95 % lie."""
    return [round(float(x), 4) for x in np.quantile(np.asarray(values), (0.025, 0.975))]


def percent(value: float) -> str:
    """As a percentage with one place."""
    return f"{100 * value:.1f} %"


def cell(found: tuple[float, Sequence[float]]) -> str:
    """A percentage and its interval."""
    middle, (low, high) = found
    return f"{100 * middle:.1f} ({100 * low:.0f} to {100 * high:.0f})"


def table(titles: Sequence[str], rows: Sequence[Sequence[object]], text: int = 1) -> str:
    """Markdown; all but the first columns are numbers.

    Args:
        titles: Of the columns.
        rows: The cells.
        text: How many columns hold text.
    """
    rule = "|---" * text + "|--:" * (len(titles) - text) + "|"
    lines = ["| " + " | ".join(titles) + " |", rule]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"
