"""Logits whose right temperature is known, and truths that keep to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zsclip.scoring import softmax

__all__ = ["drawn"]


def drawn(
    n: int, labels: int = 5, *, temperature: float = 1.0, spread: float = 3.0, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits (n, labels), and a truth of each drawn by their softmax at a temperature."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=spread, size=(n, labels))
    shares = softmax(logits / temperature).cumsum(axis=1)
    truth = (random.random((n, 1)) > shares).sum(axis=1)
    return logits, np.minimum(truth, labels - 1).astype(np.int64)
