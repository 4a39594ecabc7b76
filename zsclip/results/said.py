"""Which labels are said of a picture that may have several: those that reach a threshold."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import NotLearntError, ParameterError, ParameterTypeError
from zsclip.learnt import Learnt
from zsclip.wording import brief

__all__ = ["labels_above"]


def labels_above(
    scores: NDArray[np.float32], learnt: Learnt, threshold: float | None
) -> NDArray[np.bool_]:
    """Which labels reach a threshold, or each its own: bool (labels,); see `Prediction.above`."""
    limits: NDArray[np.float64] | float
    if threshold is not None:
        limits = _fraction("threshold", threshold)
    elif learnt.thresholds is not None:
        limits = learnt.thresholds.values
    else:
        raise NotLearntError(
            "No thresholds were fitted. Pass one, as in above(0.5), or fit them on pictures "
            "whose labels are known: ZeroShotClassifier(..., multi_label=True).calibrated("
            "images, truth)."
        )
    said: NDArray[np.bool_] = scores.astype(np.float64) >= limits
    return said


def _fraction(param: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ParameterTypeError(f"`{param}` must be a number from 0 to 1, got {brief(value)}.")
    number = float(value)
    if not 0 <= number <= 1:
        raise ParameterError(f"`{param}` must be from 0 to 1, got {brief(value)}.")
    return number
