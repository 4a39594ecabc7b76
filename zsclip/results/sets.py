"""How many labels a prediction set holds, of a prediction whose classifier was calibrated."""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import CalibrationWarning, NotLearntError, ParameterError
from zsclip.learnt import Learnt
from zsclip.scoring import aps, lac, part_left_out

__all__ = ["labels_in_set"]


def labels_in_set(
    scores: NDArray[np.float32], learnt: Learnt, coverage: float, method: str, *, several: bool
) -> int:
    """How many of the best labels are in the set, on behalf of a method of a prediction.

    Args:
        scores: Those of the picture: (labels,).
        learnt: What its classifier learnt.
        coverage: How often sets have to hold the truth.
        method: ``"lac"`` or ``"aps"``.
        several: Whether a picture may have several labels.

    Raises:
        NotLearntError: It was not calibrated.
        ParameterError: A parameter has a value that it cannot have, or labels are several.
        ParameterTypeError: `coverage` is no number.
    """
    if several:
        raise ParameterError(
            "`prediction_set` is of one label among all, and here a picture may have several, each "
            "scored by itself. Use `above`, with the thresholds that `calibrated` fits."
        )
    if (calibration := learnt.calibration) is None:
        raise NotLearntError(
            "`prediction_set` needs a classifier that was calibrated, and this one was not. Give "
            "pictures with their truth to clf.calibrated(images, truth), and classify with what "
            "comes of it."
        )
    limit = calibration.quantile(coverage, method)
    if math.isinf(limit):
        warnings.warn(
            f"The set is every label: a coverage of {coverage} takes "
            f"{calibration.pictures_needed(coverage):,} pictures to calibrate on, and there were "
            f"{calibration.pictures:,}. Give `calibrated` more, or ask for less.",
            CalibrationWarning,
            stacklevel=3,
        )
        return len(scores)
    wide = scores.astype(np.float64)[None]
    strange = lac(wide) if method == "lac" else aps(wide, part_left_out(wide))
    return int((strange <= limit).sum())
