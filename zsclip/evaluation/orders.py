"""Whether what is said to be true fits far better in another order of the labels.

Classes in another order than those of the data set are the commonest reason for numbers that
cannot be had again. What is looked for is told apart from chance, from classifiers that give one
answer to everything, and from classes that are merely hard to tell apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.evaluation.comparison import mcnemar
from zsclip.labels import LabelSet
from zsclip.wording import brief, in_a_row

__all__ = ["find_better_order"]

Positions: TypeAlias = NDArray[np.int64]

UNLIKELY = 1e-4  # to be taken for chance
FAR = 3  # times the recall of the given order
FEWEST = 3  # labels, for an order by a rule: those that are alike are often neighbors
MOST = 0.8  # of the labels, for an order that is clear
MOST_LABELS = 2000  # for whom the best order of all is looked for: it takes their number's cube
SHOWN = 5


@dataclass(frozen=True)
class Gain:
    """What another order gains, over the labels that have pictures and that it moves.

    Attributes:
        given: The mean of the recalls as the truth is given.
        other: The same in the other order.
        moved: The positions of these labels.
        favorites: For how many of them the other order has the answer that their pictures get most.
        is_rare: Whether chance hardly lets that many more pictures be right (exact, one-sided).
    """

    given: float
    other: float
    moved: Positions
    favorites: int
    is_rare: bool

    @property
    def is_far(self) -> bool:
        """Whether it fits far better."""
        return self.other >= max(FAR * self.given, self.given + 0.1)

    @property
    def is_clear(self) -> bool:
        """Whether it fits as well as an order can."""
        most = self.favorites >= max(2, MOST * len(self.moved))
        return self.is_far and self.is_rare and most and self.other >= 0.5

    def is_unlikely(self, n: int) -> bool:
        """Whether an order that was chosen beforehand hardly has so many favorites by chance.

        The favorites of a classifier that does not know the names may be any of `n` labels. That
        the order has k of them for m labels has at most the probability of (m choose k) / n^k,
        told by its logarithm: of hundreds of labels the power is too large for a float.
        """
        m, k = len(self.moved), self.favorites
        ways = math.lgamma(m + 1) - math.lgamma(k + 1) - math.lgamma(m - k + 1)
        return self.is_far and ways - k * math.log(n) < math.log(UNLIKELY)


def find_better_order(truth: Positions, answers: Positions, labelset: LabelSet) -> str | None:
    """The sentences about an order of the labels in which the truth fits far better, if any.

    Orders that are common are tried first: those of the names' and ids' alphabet, numbers as
    texts, and counting from 1. For any other, the best is looked for with scipy's
    ``linear_sum_assignment`` (Kuhn 1955) over the recalls; it is found on one half of the pictures
    and judged on the other, both ways, and only labels count for which both halves agree.

    An order fits far better if its mean recall over the labels that it moves is three times that of
    the given one. That may be so by chance where a classifier does not know the names, or answers
    most pictures of a class alike. So an order by a rule must have the most frequent answer of more
    labels than chance allows; any other must have that of four fifths of all labels, and half of
    the pictures right.
    """
    n = len(labelset)
    gains = ((_gain(truth, answers, order, n), name) for name, order in _common_orders(labelset))
    found = [
        (gain, name)
        for gain, name in gains
        if gain.favorites >= FEWEST and (gain.is_unlikely(n) or gain.is_clear)
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


def _gain(truth: Positions, answers: Positions, order: Positions, n: int) -> Gain:
    """What an order gains.

    Args:
        truth: As it is given.
        answers: The best labels.
        order: Which label each position of the truth is in the other order.
        n: How many labels there are.
    """
    rows = np.flatnonzero(truth != order[truth])
    true, got = truth[rows], answers[rows]
    other = order[true]
    pictures = np.bincount(true, minlength=n)
    moved = np.flatnonzero(pictures)
    if not len(moved):
        return Gain(0, 0, moved, 0, is_rare=False)
    given, gained = (
        (np.bincount(true, got == x, minlength=n)[moved] / pictures[moved]).mean()
        for x in (true, other)
    )
    favorites = int((_favorites(true, got, n)[moved] == order[moved]).sum())
    more, fewer = int((got == other).sum()), int((got == true).sum())
    is_rare = more > fewer and mcnemar(more, fewer) / 2 < UNLIKELY
    return Gain(float(given), float(gained), moved, favorites, is_rare=is_rare)


def _favorites(truth: Positions, answers: Positions, n: int) -> Positions:
    """The answer that most pictures of each label get; -1 without pictures."""
    pairs, sizes = np.unique(truth * n + answers, return_counts=True)
    found = np.full(n, -1, np.int64)
    ascending = pairs[np.argsort(sizes, kind="stable")]
    found[ascending // n] = ascending % n  # the largest is written last
    return found


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
    gain = _gain(truth, answers, order, n)
    favorites = _favorites(truth, answers, n)
    fits = (favorites == order).sum() >= MOST * (favorites >= 0).sum()
    if not (gain.is_clear and fits):
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
