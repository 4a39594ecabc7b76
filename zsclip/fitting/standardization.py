"""How the cosines of each label are spread over pictures that nobody labelled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError
from zsclip.head import Head
from zsclip.learnt import Standardization
from zsclip.wording import in_a_row

__all__ = ["FEWEST", "fit_standardization", "require_first"]

FEWEST = 10  # pictures; the deviation of so few is off by a quarter
NARROWEST = 1e-6  # a deviation of cosines: less is rounding, of one picture again and again


LATER = ("probe", "calibration", "thresholds", "rejection")
"""What stands on scores that standardizing would change."""


def require_first(head: Head) -> None:
    """Raise if scores of these labels cannot be standardized, or not any more.

    Raises:
        ParameterError: One label is chosen among all, or something that was learnt stands on the
            scores as they are.
    """
    if not head.multi_label:
        raise ParameterError(
            "`standardized` is for several labels at once, and this classifier chooses one. Make "
            "it with multi_label=True."
        )
    if stale := [name for name in head.learnt.parts() if name in LATER]:
        raise ParameterError(
            f"What was learnt ({in_a_row(stale)}) stands on scores that standardizing would "
            "change. Standardize the classifier first: zero_shot().standardized(images)."
        )


def fit_standardization(cosines: NDArray[np.float64]) -> Standardization:
    """The mean and the deviation of each label's cosines.

    Scores of CLIP have biases of each prompt, and standardizing removes them (SPARC: Miller et al.
    2025, CVPR). Of its two standardizations, over pictures and over prompts, this is the first
    alone: the second would have a label's score depend on which other labels there are.

    Args:
        cosines: Of pictures like those to come: float64 (n, labels).

    Raises:
        ParameterError: There are fewer than ten pictures, or they are all the same one.
    """
    n = len(cosines)
    if n < FEWEST:
        raise ParameterError(
            f"`images` must be {FEWEST} pictures or more to standardize scores by, got {n}. They "
            "need no labels: give any of the kind that is to be classified."
        )
    mean, deviation = cosines.mean(axis=0), cosines.std(axis=0)
    if (deviation < NARROWEST).any():
        raise ParameterError(
            "`images` must differ from each other, and are one picture to the model, so that "
            "nothing can be told of how scores are spread. Give different pictures."
        )
    return Standardization(pictures=n, mean=mean, deviation=deviation)
