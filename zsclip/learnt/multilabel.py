"""What several labels at once can learn: how scores of a prompt are spread, and thresholds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from zsclip.learnt.value import LearntValue
from zsclip.wording import shown

__all__ = ["Standardization", "Thresholds"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Standardization(LearntValue):
    """Mean and deviation of each label's cosines over pictures without labels.

    Attributes:
        pictures: How many pictures these were.
        mean: float64 (labels,).
        deviation: float64 (labels,), positive.
    """

    pictures: int
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    def check(self) -> None:
        """As in `LearntValue.check`."""
        if self.mean.ndim != 1 or self.mean.shape != self.deviation.shape:
            raise ValueError("a mean and a deviation are needed for each label")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.deviation).all()):
            raise ValueError("means and deviations must be finite")
        if not (self.deviation > 0).all():
            raise ValueError("deviations must be positive")

    def without_values(self) -> Self:
        """What predictions carry of it: of how many pictures it is."""
        return replace(self, mean=self.mean[:0], deviation=self.deviation[:0])


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Thresholds(LearntValue):
    """From which score on each label is said of a picture, and what makes scores probabilities.

    Attributes:
        target: What they were chosen for: ``"f1"``, or ``"precision 0.9"``.
        pictures: How many pictures they were fitted on.
        temperature: What log-odds are divided by, of all labels together (Platt 1999).
        bias: What is added to them then.
        brier_before: The mean of (score - truth) squared over pictures and labels, before.
        brier_after: The same afterwards, cross-validated.
        precision: The part of what was said that is true, over all labels, cross-validated.
        recall: The part of what is true that was said, likewise.
        f1: The harmonic mean of these two.
        values: float64 (labels,), from 0 to 1; infinity for a label that is never said.
        own: 1 for a label with a threshold of its own, 0 for one with too few pictures for that,
            which has that of all labels together: float64 (labels,).
    """

    target: str
    pictures: int
    temperature: float
    bias: float
    brier_before: float
    brier_after: float
    precision: float
    recall: float
    f1: float
    values: NDArray[np.float64]
    own: NDArray[np.float64]

    def check(self) -> None:
        """As in `LearntValue.check`."""
        if self.values.ndim != 1 or self.own.shape != self.values.shape:
            raise ValueError("a threshold is needed for each label")
        if np.isnan(self.values).any():
            raise ValueError("thresholds must be numbers")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"a temperature must be positive, and is {self.temperature}")
        if not math.isfinite(self.bias):
            raise ValueError(f"a bias must be finite, and is {self.bias}")

    def __repr__(self) -> str:
        return (
            f"<Thresholds for {shown(self.target)}, of {self.pictures:,} pictures: precision "
            f"{self.precision:.3f}, recall {self.recall:.3f}, F1 {self.f1:.3f}, cross-validated>"
        )
