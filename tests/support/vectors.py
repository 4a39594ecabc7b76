"""Vectors of length 1, each known by its number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["unit"]


def unit(i: int, width: int = 512) -> NDArray[np.float32]:
    """The vector of a number: float32 (width,); the same in every process."""
    vector = np.ones(width, np.float32)
    vector[0] = i
    made: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return made
