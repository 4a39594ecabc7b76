"""Scores out of cosines: the arithmetic alone, over arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["logistic", "softmax"]


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the rows: float64 (n, labels), each row summing up to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each number by itself, from 0 to 1, without overflow."""
    scores: NDArray[np.float64] = np.exp(-np.logaddexp(0, -logits))
    return scores
