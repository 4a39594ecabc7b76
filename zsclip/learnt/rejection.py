"""`Rejection`: when a picture is none of the labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsclip.learnt.value import LearntValue

__all__ = ["METHODS", "Rejection"]

METHODS = ("probability", "mcm", "energy", "margin", "null", "neglabel")
"""How sure one can be that a picture is one of the labels, each a number that grows with it."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Rejection(LearntValue):
    """A way to say how sure an answer is, and from where on it is accepted.

    Attributes:
        method: One of `METHODS`.
        threshold: The confidence from which on a picture is accepted.
        pictures: How many pictures the threshold was fitted on; 0 for one that was given.
        coverage: The part of the wanted pictures that was to be accepted; None if not asked for.
        max_error: The error among the accepted ones that was asked for; None if it was not.
        negatives: What is compared with beside the labels, of ``null`` and ``neglabel``: float32
            (m, d), L2-normalized; None of the others.
    """

    method: str
    threshold: float
    pictures: int = 0
    coverage: float | None = None
    max_error: float | None = None
    negatives: NDArray[np.float32] | None = None

    def check(self) -> None:
        """As in `LearntValue.check`."""
        if self.method not in METHODS:
            raise ValueError(f"there is no way to reject called {self.method!r}")
        if math.isnan(self.threshold):
            raise ValueError("a threshold must be a number")
