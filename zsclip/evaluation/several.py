"""How good scores of several labels at once are: over scores float (n, labels), truth bool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "F1",
    "AveragePrecision",
    "average_precisions",
    "f1_scores",
    "mean_average_precision",
    "precision_recall_f1",
]


def average_precisions(
    scores: NDArray[np.floating[Any]], truth: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The average precision of each label: ``sum_k (R_k - R_(k-1)) P_k`` over its scores.

    As scikit-learn's ``average_precision_score``: not interpolated, and pictures of equal scores
    are taken together.

    Args:
        scores: float (n, labels).
        truth: Which labels each picture has: bool (n, labels).

    Returns:
        float64 (labels,), NaN of a label that no picture has.
    """
    return AveragePrecision.of(scores, truth).of_labels(None)


def mean_average_precision(scores: NDArray[np.floating[Any]], truth: NDArray[np.bool_]) -> float:
    """The mean of `average_precisions` over the labels that pictures have; NaN of none."""
    return AveragePrecision.of(scores, truth)(None)


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """Mean average precision as a statistic of which pictures are taken, sorted once.

    Attributes:
        order: The pictures of each label from the highest score on: int64 (n, labels).
        true: Whether each of them has the label: bool (n, labels).
        last: Whether the next one has a lower score: bool (n, labels).
    """

    order: NDArray[np.int64]
    true: NDArray[np.bool_]
    last: NDArray[np.bool_]

    @classmethod
    def of(cls, scores: NDArray[np.floating[Any]], truth: NDArray[np.bool_]) -> AveragePrecision:
        """That of scores and truth."""
        order = np.argsort(-scores, axis=0, kind="stable")
        ranked = np.take_along_axis(scores, order, axis=0)
        last = np.ones(scores.shape, bool)
        last[:-1] = ranked[1:] < ranked[:-1]
        return cls(order, np.take_along_axis(truth, order, axis=0), last)

    def of_labels(self, rows: NDArray[np.intp] | None) -> NDArray[np.float64]:
        """The average precision of each label over some pictures, each as often as it is named."""
        n = len(self.order)
        often = np.ones(n) if rows is None else np.bincount(rows, minlength=n).astype(np.float64)
        taken = often[self.order]
        right = np.cumsum(taken * self.true, axis=0)
        said = np.cumsum(taken, axis=0)
        found = np.full(self.order.shape[1], np.nan)
        for i in np.flatnonzero(right[-1] > 0 if n else np.zeros(0)):
            at = np.flatnonzero(self.last[:, i] & (said[:, i] > 0))
            hits = right[at, i]
            gained = np.diff(hits, prepend=0.0)
            found[i] = float((gained * hits / said[at, i]).sum() / hits[-1])
        return found

    def __call__(self, rows: NDArray[np.intp] | None = None) -> float:
        """Their mean over the labels that these pictures have; NaN of none."""
        found = self.of_labels(rows)
        there = ~np.isnan(found)
        return float(found[there].mean()) if there.any() else float("nan")


@dataclass(frozen=True, eq=False)
class F1:
    """Precision, recall or F1 as a statistic of which pictures are taken.

    Attributes:
        said: Which labels were said of each picture: bool (n, labels).
        truth: Which it has: bool (n, labels).
        average: ``"micro"`` over all pairs of picture and label, ``"macro"`` as the mean over the
            labels that pictures have.
        metric: Which of the three.
    """

    said: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    average: str = "micro"
    metric: str = "f1"

    def __call__(self, rows: NDArray[np.intp] | None = None) -> float:
        """The number over these pictures; 0 where nothing is right, NaN where nothing is true."""
        said, truth = (x if rows is None else x[rows] for x in (self.said, self.truth))
        hits = (said & truth).sum(axis=0).astype(np.float64)
        counts = said.sum(axis=0), truth.sum(axis=0)
        if self.average == "micro":
            return float(_RATIOS[self.metric](hits.sum(), counts[0].sum(), counts[1].sum()))
        there = counts[1] > 0
        if not there.any():
            return float("nan")
        found = _RATIOS[self.metric](hits[there], counts[0][there], counts[1][there])
        return float(found.mean())


def _ratio(part: Any, whole: Any) -> NDArray[np.float64]:
    """A part of a whole; 0 of nothing."""
    return np.asarray(part / np.maximum(whole, 1), np.float64)


_RATIOS: dict[str, Callable[[Any, Any, Any], NDArray[np.float64]]] = {
    "precision": lambda hits, said, true: _ratio(hits, said),
    "recall": lambda hits, said, true: _ratio(hits, true),
    "f1": lambda hits, said, true: _ratio(2 * hits, said + true),
}


def precision_recall_f1(
    said: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Precision, recall and F1 over all pairs of picture and label; 0 where nothing is right."""
    precision, recall, f1 = (F1(said, truth, metric=name)() for name in _RATIOS)
    return precision, recall, f1


def f1_scores(said: NDArray[np.bool_], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Micro and macro F1; macro over the labels that pictures have."""
    return F1(said, truth)(), F1(said, truth, "macro")()
