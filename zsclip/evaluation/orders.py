"""Whether what is said to be true fits far better in another order of the labels.

Classes in another order than those of the data set are the commonest reason for numbers that
cannot be had again. What is looked for is told apart from chance, from classifiers that give one
answer to everything, and from classes that are merely hard to tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.labels import LabelSet
from zsclip.wording import brief, in_a_row

__all__ = ["find_better_order"]

Positions: TypeAlias = NDArray[np.int64]

UNLIKELY = 1e-4  # to be taken for chance
GAIN = 3  # times as many right at least
MOST_LABELS = 2000  # for whom the best order of all is looked for: it takes their number's cube
SHOWN = 5


@dataclass(frozen=True)
class Gain:
    """What another order gains, over the labels that it moves: means of their recalls."""

    given: float
    other: float
    moved: Positions
    is_sure: bool

    @property
    def is_large(self) -> bool:
        """Whether it fits far better."""
        return self.is_sure and self.other >= max(GAIN * self.given, self.given + 0.1)


def find_better_order(truth: Positions, answers: Positions, labelset: LabelSet) -> str | None:
    """The sentences about an order of the labels in which the truth fits far better, if any.

    Orders that are common are tried first: those of the names' and ids' alphabet, numbers as
    texts, and counting from 1. For any other, the best is looked for with scipy's
    ``linear_sum_assignment`` (Kuhn 1955) over the recalls; it is found on one half of the pictures
    and judged on the other, both ways, and only labels count for which both halves agree.

    An order fits far better if its mean recall over the labels that it moves is three times that of
    the given one; if at least two labels, and half of those it moves, gain; and if chance would let
    it have as many more pictures right in one of 10,000 cases (exact, one-sided). One that follows
    from no rule must have half of the pictures right besides, or a fifth and ten times as many: a
    classifier that tells classes apart without knowing their names is no sign of another order.
    """
    found = [
        (gain, name)
        for name, order in _common_orders(labelset)
        if (gain := _gain(truth, answers, order[truth], len(labelset))).is_large
    ]
    if found:
        gain, name = max(found, key=lambda one: one[0].other)
        return (
            f"The truth fits far better if {name}: {_recalls(gain)}. Say it by the labels' names "
            "or ids, or number it in the order of `classes_`."
        )
    return _unruly(truth, answers, labelset)


def _common_orders(labelset: LabelSet) -> Iterator[tuple[str, Positions]]:
    """Orders that truth is often numbered in: which label each number is then."""
    n = len(labelset)
    ids, names = labelset.ids, labelset.names
    alphabets: list[tuple[str, Callable[[int], Any]]] = [
        ("its numbers follow the alphabet of the labels' ids", lambda i: ids[i]),
        ("its numbers follow the alphabet of the labels' names", lambda i: names[i]),
        (
            "its numbers follow the alphabet of the labels' names in small letters",
            lambda i: names[i].casefold(),
        ),
        ("its numbers follow the numbers in the labels' ids", lambda i: _natural(ids[i])),
        ("its numbers were sorted as texts, 0 1 10 2", str),
        ("its numbers were counted from 1 and sorted as texts, 1 10 2", lambda i: str(i + 1)),
    ]
    for name, key in alphabets:
        order = np.array(sorted(range(n), key=key), np.int64)
        yield name, order
    every = np.arange(n)
    yield "its numbers are counted from 1 and not from 0", (every - 1) % n
    yield "its numbers are one too small", (every + 1) % n


def _natural(text: str) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]{1,18})", text)
    return [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)]


def _gain(truth: Positions, answers: Positions, other: Positions, n: int) -> Gain:
    """What an order gains.

    Args:
        truth: As it is given.
        answers: The best labels.
        other: What would be true in the other order.
        n: How many labels there are.
    """
    rows = np.flatnonzero(truth != other)
    given, gained = answers[rows] == truth[rows], answers[rows] == other[rows]
    pictures = np.bincount(truth[rows], minlength=n)
    moved = np.flatnonzero(pictures)
    if len(moved) < 2:
        return Gain(0, 0, moved, is_sure=False)
    recalls = [
        np.bincount(truth[rows], right, minlength=n)[moved] / pictures[moved]
        for right in (given, gained)
    ]
    better = int((recalls[1] > recalls[0]).sum())
    is_sure = better >= max(2, len(moved) / 2) and _chance(int(gained.sum()), int(given.sum()))
    return Gain(float(recalls[0].mean()), float(recalls[1].mean()), moved, is_sure=is_sure)


def _chance(more: int, fewer: int) -> bool:
    """Whether one thing happens so much more often than another that it is no chance."""
    from zsclip.evaluation.comparison import mcnemar

    return more > fewer and mcnemar(more, fewer) / 2 < UNLIKELY


def _unruly(truth: Positions, answers: Positions, labelset: LabelSet) -> str | None:
    """The sentences about an order that follows from no rule."""
    n = len(labelset)
    if n > MOST_LABELS or len(truth) < 2 * n:
        return None
    half = np.random.default_rng(0).permutation(len(truth)) < len(truth) // 2
    orders = [_best_order(truth[rows], answers[rows], n) for rows in (half, ~half)]
    if orders[0] is None or orders[1] is None:
        return None
    order = np.where(orders[0] == orders[1], orders[0], np.arange(n))
    gain = _gain(truth, answers, order[truth], n)
    if not gain.is_large or gain.other < (0.5 if gain.other < 10 * gain.given else 0.2):
        return None
    names = labelset.names
    pairs = [
        f"pictures of {brief(names[i])} get {brief(names[order[i]])}" for i in gain.moved[:SHOWN]
    ]
    return (
        f"The truth fits far better with other labels: {in_a_row(pairs, of=len(gain.moved))}; "
        f"{_recalls(gain)}. Look whether classes were mixed up in the truth or in the label set, "
        "or folders sorted otherwise; or else the names mean something else to the model."
    )


def _best_order(truth: Positions, answers: Positions, n: int) -> Positions | None:
    """The assignment of labels to what is true with the largest sum of recalls."""
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        return None
    cells = np.bincount(truth * n + answers, minlength=n * n).reshape(n, n)
    recalls = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    order: Positions = linear_sum_assignment(recalls, maximize=True)[1].astype(np.int64)
    return order


def _recalls(gain: Gain) -> str:
    labels = f"the {len(gain.moved):,} labels that this moves"
    return f"the mean recall of {labels} is then {gain.other:.0%}, and {gain.given:.0%} as given"
