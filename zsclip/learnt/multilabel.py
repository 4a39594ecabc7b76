"""What several labels at once can learn: how scores of a prompt are spread, and thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsclip.learnt.value import LearntValue

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


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Thresholds(LearntValue):
    """From which score on each label is said of a picture.

    Attributes:
        target: What they were chosen for: ``"f1"``, or ``"precision 0.9"``.
        pictures: How many pictures they were fitted on.
        values: float64 (labels,), from 0 to 1; infinity for a label that is never said.
    """

    target: str
    pictures: int
    values: NDArray[np.float64]

    def check(self) -> None:
        """As in `LearntValue.check`."""
        if self.values.ndim != 1 or np.isnan(self.values).any():
            raise ValueError("a threshold is needed for each label")
