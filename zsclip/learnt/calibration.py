"""`Calibration`: the temperature that makes scores probabilities, and what prediction sets need."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsclip.learnt.value import LearntValue

__all__ = ["Calibration"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Calibration(LearntValue):
    """One temperature, fitted by negative log-likelihood, and how much it helped.

    Attributes:
        temperature: What logits are divided by (Guo et al. 2017, §4.2); 1 changes nothing.
        pictures: How many pictures it was fitted on.
        ece_before: The expected calibration error before, from 0 to 1.
        ece_after: The same afterwards, cross-validated.
        brier_before: The Brier score before, from 0 to 2.
        brier_after: The same afterwards, cross-validated.
        lac: The nonconformity scores of the pictures that the temperature was not fitted on, as
            LAC takes them (Angelopoulos & Bates 2021, §1): float64 (m,), ascending.
        aps: The same as APS takes them (§2.1): float64 (m,), ascending.
    """

    temperature: float
    pictures: int
    ece_before: float
    ece_after: float
    brier_before: float
    brier_after: float
    lac: NDArray[np.float64]
    aps: NDArray[np.float64]

    def check(self) -> None:
        """As in `LearntValue.check`."""
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"a temperature must be positive, and is {self.temperature}")
        for name, values in self.arrays().items():
            if values.ndim != 1 or not np.isfinite(values).all() or (np.diff(values) < 0).any():
                raise ValueError(f"`{name}` must hold finite numbers in ascending order")
