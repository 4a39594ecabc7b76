"""How the cosines of each label are spread over pictures that nobody labelled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError
from zsclip.learnt import Standardization

__all__ = ["FEWEST", "fit_standardization"]

FEWEST = 10  # pictures; the deviation of so few is off by a quarter
NARROWEST = 1e-6  # a deviation of cosines: less is rounding, of one picture again and again


def fit_standardization(cosines: NDArray[np.float64]) -> Standardization:
    """The mean and the deviation of each label's cosines.

    A prompt is near to all pictures or to none, by its words more than by what they mean. What a
    label says of a picture shows when its cosine is compared with its own over others, as SPARC
    does (2025, on standardizing the scores of each prompt over a data set); here the two numbers
    are kept, so that a picture can be scored by itself.

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
