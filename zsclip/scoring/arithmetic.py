"""Scores out of cosines: the arithmetic alone, over arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "against_null",
    "aps",
    "lac",
    "logistic",
    "part_left_out",
    "softmax",
    "standard_logits",
]

_LEAST = 1e-45  # below the smallest float32
_TURNS = 64

# What a z-score makes of a label's odds: were scores normal, two deviations apart with and without
# the label, and one picture in eight had it, these would be the odds.
Z_SLOPE, Z_EVEN = 2.0, 2.0


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the rows: float64 (n, labels), each row summing up to 1."""
    shares: NDArray[np.float64] = logits - logits.max(axis=1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each number by itself, from 0 to 1, without overflow."""
    scores: NDArray[np.float64] = np.exp(-np.logaddexp(0, -logits))
    return scores


# Nonconformity: how strange each label would be as the truth of a picture. Labels in the order of
# their scores, best first, are ever stranger, so that a prediction set is the first few of them.
# The best one is not strange at all, so that no set is empty. If it were added to empty sets
# afterwards, quantiles would not know of it, and sets would hold the truth too often.


def lac(scores: NDArray[np.float64], *, empty: bool = False) -> NDArray[np.float64]:
    """One less the score of each label (Angelopoulos & Bates 2021, §1), but 0 for the best.

    Args:
        scores: float64 (n, labels).
        empty: Whether the best label is as any other, as in the paper, whose sets may be empty.

    Returns:
        float64 (n, labels).
    """
    strange: NDArray[np.float64] = 1 - scores
    if not empty:
        strange[np.arange(len(scores)), scores.argmax(axis=1)] = 0
    return strange


def aps(
    scores: NDArray[np.float64], u: NDArray[np.float64], *, empty: bool = False
) -> NDArray[np.float64]:
    """What labels down to each one have together (Angelopoulos & Bates 2021, §2.1); 0 for the best.

    Of the label itself a part is left out, which makes sets no larger than they have to be (Romano,
    Sesia & Candès 2020, §2).

    Args:
        scores: float64 (n, labels).
        u: Which part, from 0 to 1: float64 (n,), of each picture.
        empty: As in `lac`.

    Returns:
        float64 (n, labels).
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    falling = np.take_along_axis(scores, order, axis=1)
    down_to = np.cumsum(falling, axis=1) - u[:, None] * falling
    if not empty:
        down_to[:, 0] = 0
    strange = np.empty_like(down_to)
    np.put_along_axis(strange, order, down_to, axis=1)
    return strange


def part_left_out(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The number that `aps` takes for each picture, made of its own scores: float64 (n,).

    It is spread over 0 to 1 as random numbers are, and the same whenever the picture is. Whatever
    it is, sets keep their coverage: it is part of a measure that looks at a picture and nothing
    else. It follows the gap between the best two scores, and not a checksum, so that scores that
    differ by rounding, as those of a picture in another batch, give nearly the same number.
    """
    if scores.shape[1] < 2:
        return np.full(len(scores), 0.5)
    best = np.partition(scores, -2, axis=1)[:, -2:]
    gap = np.diff(np.log(np.maximum(best, _LEAST)), axis=1)[:, 0]
    part: NDArray[np.float64] = _TURNS * gap % 1
    return part


def against_null(logits: NDArray[np.float64], nulls: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much more a label says of a picture than what stands for none of them: log-odds.

    ``f_i - log(mean_j exp(g_j))``: its softmax against the null prompts, which share one vote, so
    that a copy of all of them changes nothing.

    Args:
        logits: Of the labels, ``f``: (n, labels).
        nulls: Of the null prompts, ``g``, by the same scale: (n, m), one or more.
    """
    highest = nulls.max(axis=1, keepdims=True)
    shared = highest + np.log(np.exp(nulls - highest).mean(axis=1, keepdims=True))
    found: NDArray[np.float64] = logits - shared
    return found


def standard_logits(
    cosines: NDArray[np.float64], mean: NDArray[np.float64], deviation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-odds out of z-scores, ``2 (z - 2)``: even two deviations above a label's mean.

    Args:
        cosines: (n, labels).
        mean: Of each label over pictures without labels: (labels,).
        deviation: The same.
    """
    found: NDArray[np.float64] = Z_SLOPE * ((cosines - mean) / deviation - Z_EVEN)
    return found
