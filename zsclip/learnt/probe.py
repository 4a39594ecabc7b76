"""`Probe`: a linear layer on the embeddings in the place of the labels' texts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from zsclip.learnt.value import LearntValue

__all__ = ["STARTS", "Probe"]

STARTS = ("zero", "text")
"""From where on a probe can be fitted."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Probe(LearntValue):
    """Logistic regression on embeddings of pictures (Radford et al. 2021, §3.2).

    Attributes:
        pictures: How many pictures it was fitted on.
        c: The inverse of the regularization, as scikit-learn's ``C``.
        start: ``"zero"``, or ``"text"`` if it was regularized towards the labels' texts.
        weights: float32 (labels, d).
        bias: float32 (labels,).
    """

    pictures: int
    c: float
    start: str
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def check(self) -> None:
        """As in `LearntValue.check`."""
        if self.start not in STARTS:
            raise ValueError(f"a probe starts at one of {STARTS}, and not at {self.start!r}")
        if not (math.isfinite(self.c) and self.c > 0):
            raise ValueError(f"`c` of a probe must be positive, and is {self.c}")
        if self.weights.ndim != 2 or self.bias.shape != self.weights.shape[:1]:
            raise ValueError("a probe has a row of weights and a bias for each label")
        if not (np.isfinite(self.weights).all() and np.isfinite(self.bias).all()):
            raise ValueError("the weights of a probe must be finite")

    def without_weights(self) -> Self:
        """What predictions carry of it: how it was fitted."""
        return replace(self, weights=self.weights[:0], bias=self.bias[:0])
