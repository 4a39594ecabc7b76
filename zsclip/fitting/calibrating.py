"""A temperature and what prediction sets need, out of halves of some pictures with truth."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import CalibrationWarning, ParameterError
from zsclip.evaluation.metrics import brier, ece
from zsclip.fitting.conformal import strangeness
from zsclip.fitting.temperature import bound_of, fit_temperature
from zsclip.learnt import Calibration, Learnt
from zsclip.learnt.rejection import ON_SCORES
from zsclip.scoring import logistic, softmax
from zsclip.wording import brief

__all__ = [
    "FEWEST",
    "calibrate",
    "halves",
    "require_before_rejecting",
    "require_one_label",
    "warn_of_bound",
]

FEWEST = 4  # two pictures of each of two labels

_BOUNDS = {
    "lower": "No picture that the temperature was fitted on is mistaken, and such pictures cannot "
    "tell how sure is too sure. It is {:.4g}, as cold as a weak prior lets so many of them make "
    "it, and scores may still be too low or too high. Add pictures that are hard.",
    "upper": "The truth has no higher scores than other labels, and the temperature, {:.4g}, makes "
    "scores as equal as a weak prior lets so many pictures make them. Look whether `truth` is in "
    "the order of the pictures, and whether the model knows such pictures at all.",
}


def require_before_rejecting(learnt: Learnt) -> None:
    """Raise if what is rejected would change with the temperature.

    Raises:
        ParameterError: It would.
    """
    if learnt.rejection is not None and learnt.rejection.method in ON_SCORES:
        raise ParameterError(
            f"This classifier rejects by {brief(learnt.rejection.method)}, which a temperature "
            "changes, so that its threshold would mean something else. Calibrate the classifier "
            "first, and call `rejecting` on what comes of it."
        )


def require_one_label(target: object, precision: object) -> None:
    """Raise if thresholds are asked for, of a classifier that chooses one label.

    Raises:
        ParameterError: They are.
    """
    if target is not None or precision is not None:
        raise ParameterError(
            "`target` and `precision` are of thresholds for several labels, and this classifier "
            "chooses one label. Leave them out, or make it with multi_label=True."
        )


def warn_of_bound(calibration: Calibration) -> None:
    """Warn, on behalf of a method of a classifier, if the prior alone bounds the temperature."""
    if calibration.bound:
        message = _BOUNDS[calibration.bound].format(calibration.temperature)
        warnings.warn(message, CalibrationWarning, stacklevel=3)


def calibrate(
    logits: NDArray[np.float64],
    truth: NDArray[np.int64],
    *,
    alone: bool = False,
    seed: int = 0,
) -> Calibration:
    """Fit a temperature on one half, and take from the other how strange the truth can be.

    Args:
        logits: What scores are made of, before a temperature: float64 (n, labels).
        truth: The position of the label of each picture: int64 (n,).
        alone: Whether each label is scored by itself, as by a sigmoid.
        seed: Which halves.

    Raises:
        ParameterError: There are fewer than four pictures.
    """
    n = len(logits)
    if n < FEWEST:
        raise ParameterError(
            f"`images` must be {FEWEST} pictures or more to calibrate on, got {n}. The temperature "
            "is fitted on one half of them and judged on the other; fifty in all are a start."
        )
    fitted, held = halves(truth, seed)
    temperature = fit_temperature(logits[fitted], truth[fitted], alone=alone)
    other = fit_temperature(logits[held], truth[held], alone=alone)
    before = _scores(logits, 1.0, alone=alone)
    after = np.empty_like(before)
    after[held] = _scores(logits[held], temperature, alone=alone)
    after[fitted] = _scores(logits[fitted], other, alone=alone)
    lac, aps = strangeness(after[held], truth[held])
    return Calibration(
        temperature=temperature,
        bound=bound_of(logits[fitted], truth[fitted], alone=alone),
        pictures=n,
        ece_before=ece(before, truth),
        ece_after=ece(after, truth),
        brier_before=None if alone else brier(before, truth),
        brier_after=None if alone else brier(after, truth),
        lac=lac,
        aps=aps,
    )


def halves(truth: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two halves of the pictures with as many of each label, one more or less apart.

    Returns:
        The positions of the first and of the second half, which has one more if n is odd: int64,
        ascending.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(truth))
    # Labels in an order of their own, so that those of a single picture fall on either side.
    places = random.permutation(int(truth.max()) + 1)
    dealt = order[np.argsort(places[truth[order]], kind="stable")]
    return np.sort(dealt[1::2]), np.sort(dealt[0::2])


def _scores(logits: NDArray[np.float64], temperature: float, *, alone: bool) -> NDArray[np.float32]:
    """As a head makes them, rounding included: what prediction sets are taken from."""
    with np.errstate(all="ignore"):  # a score may be too small for a number
        scores = (logistic if alone else softmax)(logits / temperature)
        return scores.astype(np.float32)
