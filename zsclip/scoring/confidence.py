"""How sure one can be that a picture is one of the labels: six measures, over arrays alone.

Each is a number for each picture that grows with confidence. Which of them a classifier asks, and
from where on it accepts a picture, says its `Rejection`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.learnt import Rejection
from zsclip.scoring.arithmetic import logistic

__all__ = [
    "confidence_of",
    "energy",
    "margin",
    "mcm",
    "neglabel",
    "null_share",
    "probability",
]

GROUPS = 100  # of negatives, of `neglabel`
SCALE = 100.0  # of cosines, of `neglabel`: a temperature of 0.01, whatever the model's own is

Floats: TypeAlias = NDArray[np.floating[Any]]


def probability(scores: Floats) -> Floats:
    """The highest score.

    The maximum softmax probability (Hendrycks & Gimpel 2017, §2): ``max_i p_i``. Where labels are
    scored each by itself, it is the score of the likeliest one.

    Args:
        scores: Of the labels, from 0 to 1: (n, labels).

    Returns:
        (n,), from 0 to 1.
    """
    highest: Floats = scores.max(axis=1)
    return highest


def margin(scores: Floats) -> Floats:
    """The highest score less the second highest: ``p_(1) - p_(2)`` (Scheffer et al. 2001, §3).

    Args:
        scores: Of the labels, from 0 to 1: (n, labels), of two labels or more.

    Returns:
        (n,), from 0 to 1.
    """
    best: Floats = np.partition(scores, -2, axis=1)
    lead: Floats = best[:, -1] - best[:, -2]
    return lead


def mcm(cosines: Floats) -> NDArray[np.float64]:
    """The highest share in a softmax of the cosines themselves.

    Maximum concept matching (Ming et al. 2022, §3): ``max_i exp(s_i/t) / sum_j exp(s_j/t)`` with
    ``t = 1``, which depends on how near the labels are, and not only on which is the nearest. Its
    values lie a little above one over the number of labels.

    Args:
        cosines: With the labels' texts: (n, labels).

    Returns:
        float64 (n,), from 0 to 1.
    """
    wide = cosines.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = 1 / powers.sum(axis=1)
    return shares


def energy(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The negative free energy: ``log sum_i exp(f_i)`` (Liu et al. 2020, §3.1, with ``T = 1``).

    Args:
        logits: Of the labels, as the model has them: (n, labels).

    Returns:
        float64 (n,), any number.
    """
    highest = logits.max(axis=1)
    total: NDArray[np.float64] = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return total


def null_share(cosines: Floats, nulls: Floats, scale: float) -> NDArray[np.float64]:
    """The labels' share against prompts that stand for "none of these".

    ``sum_i exp(k s_i) / (sum_i exp(k s_i) + sum_j exp(k z_j))``, at the model's own scale ``k``:
    what a softmax over labels and null prompts together gives to the labels.

    Args:
        cosines: With the labels' texts, ``s``: (n, labels).
        nulls: With the null prompts, ``z``: (n, m).
        scale: The model's ``logit_scale``.

    Returns:
        float64 (n,), from 0 to 1.
    """
    return logistic(
        energy(scale * cosines.astype(np.float64)) - energy(scale * nulls.astype(np.float64))
    )


def neglabel(cosines: Floats, negatives: Floats, groups: int = GROUPS) -> NDArray[np.float64]:
    """The labels' share against groups of words that are far from all labels; the mean over these.

    NegLabel with its grouping strategy (Jiang et al. 2024, §3.2): of each group of negatives ``z``
    ``sum_i exp(s_i/t) / (sum_i exp(s_i/t) + sum_j exp(z_j/t))`` with ``t = 0.01``, and the mean of
    these shares.

    Args:
        cosines: With the labels' texts, ``s``: (n, labels).
        negatives: With the negatives' texts, in random order: (n, m). Those that follow each other
            are a group; all groups have the same size, or one more.
        groups: How many groups; `m` if that is fewer.

    Returns:
        float64 (n,), from 0 to 1.
    """
    m = negatives.shape[1]
    groups = min(groups, m)
    starts = np.arange(groups) * m // groups
    logits = SCALE * negatives.astype(np.float64)
    highest = logits.max(axis=1, keepdims=True)  # of cosines, which are too near to underflow
    sums = highest + np.log(np.add.reduceat(np.exp(logits - highest), starts, axis=1))
    labels = energy(SCALE * cosines.astype(np.float64))
    shares: NDArray[np.float64] = logistic(labels[:, None] - sums).mean(axis=1)
    return shares


def confidence_of(
    rejection: Rejection,
    embeddings: NDArray[np.float32],
    class_matrix: NDArray[np.float32],
    *,
    scores: NDArray[np.float32],
    logits: NDArray[np.float64],
    scale: float,
) -> NDArray[np.float32]:
    """The confidence that a rejection asks for.

    Args:
        rejection: What is asked.
        embeddings: Those of the pictures: float32 (n, d), L2-normalized.
        class_matrix: Those of the labels' texts: float32 (labels, d), L2-normalized. What compares
            with texts compares with these, also beside a probe.
        scores: What the classifier answers: (n, labels).
        logits: What these were made of, before a temperature: (n, labels).
        scale: The model's ``logit_scale``.

    Returns:
        float32 (n,).
    """
    found: Floats
    if rejection.method == "probability":
        found = probability(scores)
    elif rejection.method == "margin":
        found = margin(scores)
    elif rejection.method == "energy":
        found = energy(logits)
    else:
        cosines = embeddings @ class_matrix.T
        if rejection.method == "mcm":
            found = mcm(cosines)
        else:
            assert rejection.negatives is not None
            against = embeddings @ rejection.negatives.T
            is_null = rejection.method == "null"
            found = null_share(cosines, against, scale) if is_null else neglabel(cosines, against)
    return found.astype(np.float32)
