"""A number over pictures, made of what each of them adds, so that resampling them is quick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError
from zsclip.values import whole_number
from zsclip.wording import brief

__all__ = ["Additive", "Statistic", "bootstrap"]

Statistic: TypeAlias = Callable[[NDArray[np.intp] | None], float]
"""A number over some pictures, given by their positions, some of them several times; None is all.

NaN where these pictures do not tell.
"""


@dataclass(frozen=True, eq=False)
class Additive:
    """A statistic that is put together from the sums of groups of pictures.

    Attributes:
        values: What each picture adds: float64 (n,).
        groups: Where it adds it: int64 (n,), from 0 on; None for one group of all.
        combine: ``"mean"`` of the groups' means, over the groups that have pictures;
            ``"distance"``, the sum of the groups' absolute sums over the number of pictures;
            or ``"last"``, the mean of group 1 alone.
    """

    values: NDArray[np.float64]
    groups: NDArray[np.int64] | None = None
    combine: Literal["mean", "distance", "last"] = "mean"

    def __call__(self, rows: NDArray[np.intp] | None = None) -> float:
        """The statistic of pictures at these positions, or of all."""
        values = self.values if rows is None else self.values[rows]
        if not len(values):
            return float("nan")
        if self.groups is None:
            return float(values.mean())
        groups = self.groups if rows is None else self.groups[rows]
        sums = np.bincount(groups, values, minlength=2)
        if self.combine == "distance":
            return float(np.abs(sums).sum() / len(values))
        counts = np.bincount(groups, minlength=2)
        if self.combine == "last":
            return float(sums[1] / counts[1]) if counts[1] else float("nan")
        there = counts > 0
        return float((sums[there] / counts[there]).mean())


def bootstrap(
    statistic: Statistic, n: int, *, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The percentile interval of a statistic (Efron & Tibshirani 1993, §13.3).

    Args:
        statistic: The number.
        n: How many pictures there are.
        level: How often such an interval is to hold the true number.
        resamples: How often the pictures are drawn anew, with replacement.
        seed: Of the draws.

    Returns:
        Its ends; NaN if no resample tells.

    Raises:
        ParameterError: `level` is not between 0 and 1, or `resamples` not positive.
        ParameterTypeError: `resamples` or `seed` is no whole number.
    """
    if not isinstance(level, int | float | np.floating) or not 0 < level < 1:
        raise ParameterError(f"`level` must be between 0 and 1, got {brief(level)}.")
    resamples, seed = whole_number("resamples", resamples), whole_number("seed", seed, least=0)
    random = np.random.default_rng(seed)
    drawn = np.array([statistic(random.integers(n, size=n)) for _ in range(resamples)])
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, [(1 - float(level)) / 2, (1 + float(level)) / 2])
    return float(low), float(high)
