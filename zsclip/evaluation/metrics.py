"""How good scores are, over arrays: scores float (n, labels), truth int64 (n,) of positions.

Each is a plain function, and has a statistic beside it, of which intervals are made.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError
from zsclip.evaluation.statistic import Additive

__all__ = [
    "BINS",
    "accuracy",
    "brier",
    "brier_statistic",
    "confusion",
    "ece",
    "ece_statistic",
    "log_loss",
    "log_loss_statistic",
    "mean_per_class_recall",
    "ranks",
    "recall_statistic",
    "reliability_bins",
    "top_k",
    "top_k_statistic",
]

Scores: TypeAlias = NDArray[np.floating[Any]]
Positions: TypeAlias = NDArray[np.int64]

BINS = 15
BLOCK = 4096  # pictures at a time, so that what is computed needs little beside the scores
SUM = 1e-3  # how far the sum of a picture's scores may be from 1


# ------------------------------------------------------------------------------------- how many


def accuracy(scores: Scores, truth: Positions) -> float:
    """The part of the pictures whose best label is the true one; also called top-1."""
    return top_k(scores, truth, 1)


def top_k(scores: Scores, truth: Positions, k: int) -> float:
    """The part of the pictures whose true label is among the best `k`, ties in the set's order."""
    return top_k_statistic(ranks(scores, truth), k)()


def mean_per_class_recall(scores: Scores, truth: Positions) -> float:
    """The mean over labels of the part of their pictures that is right.

    Labels without a picture are left out. Also called balanced accuracy.
    """
    return recall_statistic(ranks(scores, truth), truth)()


def confusion(scores: Scores, truth: Positions) -> NDArray[np.int64]:
    """How many pictures of each label (row) got each label as the best (column).

    Returns:
        int64 (labels, labels).
    """
    n = scores.shape[1]
    cells = np.bincount(truth * n + scores.argmax(axis=1), minlength=n * n)
    return cells.reshape(n, n).astype(np.int64, copy=False)


def ranks(scores: Scores, truth: Positions) -> Positions:
    """The place of the true label among all, from 0 on; of equal scores, the first goes before.

    Returns:
        int64 (n,).
    """
    found = np.empty(len(scores), np.int64)
    before = np.arange(scores.shape[1])
    for start in range(0, len(scores), BLOCK):
        part, true = scores[start : start + BLOCK], truth[start : start + BLOCK, None]
        own: Scores = np.take_along_axis(part, true, axis=1)
        ahead = (part > own) | ((part == own) & (before < true))
        found[start : start + BLOCK] = ahead.sum(axis=1)
    return found


def top_k_statistic(ranked: Positions, k: int) -> Additive:
    """`top_k` of what `ranks` gives."""
    return Additive((ranked < k).astype(np.float64))


def recall_statistic(ranked: Positions, truth: Positions) -> Additive:
    """`mean_per_class_recall` of what `ranks` gives."""
    return Additive((ranked < 1).astype(np.float64), truth)


# ------------------------------------------------------------------------------------- how sure


def ece(scores: Scores, truth: Positions, bins: int = BINS) -> float:
    """The expected calibration error (Guo et al. 2017, eq. 3).

    Pictures are put into bins of equal width by their highest score, each with its upper end. In
    each bin the mean of these scores is compared with the part that is right; the differences are
    averaged with the numbers of pictures as weights.

    Args:
        scores: The scores.
        truth: What is true.
        bins: How many there are between 0 and 1.
    """
    return ece_statistic(scores, truth, bins)()


def ece_statistic(scores: Scores, truth: Positions, bins: int = BINS) -> Additive:
    """As `ece`."""
    right, sure, groups = _binned(scores, truth, bins)
    return Additive(right - sure, groups, "distance")


def reliability_bins(
    scores: Scores, truth: Positions, bins: int = BINS
) -> tuple[Positions, NDArray[np.float64], NDArray[np.float64]]:
    """What a reliability diagram shows of the bins of `ece`, from 0 to 1.

    Returns:
        Of each bin: how many pictures it has, int64 (bins,); the mean of their highest scores, and
        the part of them that is right, float64 (bins,), NaN where there are none.
    """
    right, sure, groups = _binned(scores, truth, bins)
    counts = np.bincount(groups, minlength=bins)
    with np.errstate(invalid="ignore"):
        means, rights = (np.bincount(groups, x, minlength=bins) / counts for x in (sure, right))
    return counts, means, rights


def _binned(
    scores: Scores, truth: Positions, bins: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64], Positions]:
    """Of each picture: whether it is right, its highest score, and the bin of that."""
    sure = scores.max(axis=1).astype(np.float64)
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    return scores.argmax(axis=1) == truth, sure, np.searchsorted(edges, sure)


def brier(scores: Scores, truth: Positions) -> float:
    """The mean of the squared distances between scores and truth (Brier 1950), from 0 to 2.

    Raises:
        ParameterError: The scores of a picture do not sum up to 1.
    """
    return brier_statistic(scores, truth)()


def brier_statistic(scores: Scores, truth: Positions) -> Additive:
    """As `brier`."""
    _require_shares(scores, "brier")
    squares = np.empty(len(scores))
    for start in range(0, len(scores), BLOCK):
        part = scores[start : start + BLOCK].astype(np.float64)
        part[np.arange(len(part)), truth[start : start + BLOCK]] -= 1
        squares[start : start + BLOCK] = np.einsum("ij,ij->i", part, part)
    return Additive(squares)


def log_loss(scores: Scores, truth: Positions) -> float:
    """The mean of the negative logarithms of the true labels' scores, in fp64.

    Scores are cut off at 2.2e-16 from 0 and 1, as scikit-learn's ``log_loss`` cuts those in fp64.

    Raises:
        ParameterError: The scores of a picture do not sum up to 1.
    """
    return log_loss_statistic(scores, truth)()


def log_loss_statistic(scores: Scores, truth: Positions) -> Additive:
    """As `log_loss`."""
    _require_shares(scores, "log_loss")
    own = scores[np.arange(len(scores)), truth].astype(np.float64)
    least = np.finfo(np.float64).eps
    return Additive(-np.log(np.clip(own, least, 1 - least)))


def _require_shares(scores: Scores, metric: str) -> None:
    sums = scores.sum(axis=1, dtype=np.float64)
    if (wrong := np.abs(sums - 1) > SUM).any():
        row = int(wrong.argmax())
        raise ParameterError(
            f"`{metric}` is of scores that sum up to 1 over the labels, and those of picture "
            f"{row:,} sum up to {sums[row]:.4g}: each label was scored by itself. Use `ece`, which "
            "looks at the best label alone."
        )
