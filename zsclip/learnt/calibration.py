"""`Calibration`: the temperature that makes scores probabilities, and what prediction sets need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.learnt.value import LearntValue
from zsclip.wording import brief

__all__ = ["Calibration"]

BOUNDS = ("", "lower", "upper")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Calibration(LearntValue):
    """One temperature, fitted by negative log-likelihood and a weak prior, and how much it helped.

    Half of the pictures gave the temperature, and the other half what prediction sets need.

    Attributes:
        temperature: What logits are divided by (Guo et al. 2017, §4.2); 1 changes nothing.
        bound: ``"lower"`` where no picture was mistaken, so that the colder, the likelier;
            ``"upper"`` where scores knew the truth no better than chance. The prior alone says then
            how far the temperature goes. Empty otherwise.
        pictures: How many pictures there were, of both halves.
        ece_before: The expected calibration error before, from 0 to 1.
        ece_after: The same afterwards, each picture judged by the temperature of the other half.
        brier_before: The Brier score before, from 0 to 2; None if each label is scored by itself.
        brier_after: The same afterwards, as `ece_after`.
        lac: How strange the truth was in the pictures that the temperature was not fitted on, as
            LAC takes it (Angelopoulos & Bates 2021, §1): float64 (m,), ascending.
        aps: The same as APS takes it (§2.1): float64 (m,), ascending.
    """

    temperature: float
    bound: str
    pictures: int
    ece_before: float
    ece_after: float
    brier_before: float | None
    brier_after: float | None
    lac: NDArray[np.float64]
    aps: NDArray[np.float64]

    @staticmethod
    def pictures_needed(coverage: float) -> int:
        """How many pictures `calibrated` needs before prediction sets of a coverage leave any out.

        Raises:
            ParameterError: `coverage` is not between 0 and 1.
            ParameterTypeError: `coverage` is no number.

        Examples:
            >>> Calibration.pictures_needed(0.9)  # nine, and half as many again for the temperature
            17
        """
        share = _share(coverage)
        return 2 * math.ceil(share / (1 - share)) - 1

    def quantile(self, coverage: float, method: str = "lac") -> float:
        """How strange a label may be and still belong to a prediction set.

        It is the ``ceil((m + 1) * coverage)``-th smallest number of m (Angelopoulos & Bates 2021,
        §1); infinity where m is less than that, so that sets hold every label.

        Args:
            coverage: How often sets have to hold the truth, between 0 and 1.
            method: ``"lac"`` or ``"aps"``.

        Raises:
            ParameterError: `coverage` is not between 0 and 1, or `method` is another.
            ParameterTypeError: `coverage` is no number.
        """
        if method not in ("lac", "aps"):
            raise ParameterError(f'`method` must be "lac" or "aps", got {brief(method)}.')
        strange = self.lac if method == "lac" else self.aps
        rank = math.ceil((len(strange) + 1) * _share(coverage))
        return float(strange[rank - 1]) if rank <= len(strange) else math.inf

    def check(self) -> None:
        """As in `LearntValue.check`."""
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"a temperature must be positive, and is {self.temperature}")
        if self.bound not in BOUNDS:
            raise ValueError(f"a temperature has no bound called {self.bound!r}")
        for name in ("ece_before", "ece_after", "brier_before", "brier_after"):
            value = getattr(self, name)
            if not (math.isfinite(value) if value is not None else name.startswith("brier")):
                raise ValueError(f"`{name}` must be a finite number")
        for name, values in self.arrays().items():
            if values.ndim != 1 or not np.isfinite(values).all() or (np.diff(values) < 0).any():
                raise ValueError(f"`{name}` must hold finite numbers in ascending order")
            if (values < 0).any():  # less than any label has, so that sets would be empty
                raise ValueError(f"`{name}` must hold no number below 0")
        if not len(self.lac) == len(self.aps) <= self.pictures:
            raise ValueError(
                "`lac` and `aps` must be of the same pictures, and of no more than all"
            )


def _share(coverage: object) -> Fraction:
    """A coverage as it is written: 0.07 is seven hundredths, and not a little more."""
    if isinstance(coverage, bool | np.bool_) or not isinstance(
        coverage, int | float | np.integer | np.floating
    ):
        raise ParameterTypeError(f"`coverage` must be a number, got {brief(coverage)}.")
    number = float(coverage)
    if not 0 < number < 1:
        raise ParameterError(
            f"`coverage` must be between 0 and 1, got {brief(coverage)}. It is the part of "
            "pictures whose set is to hold the truth; sets that always do hold every label."
        )
    return Fraction(str(number))
