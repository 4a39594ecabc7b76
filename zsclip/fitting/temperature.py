"""One temperature that makes scores probabilities, by the likelihood of pictures with truth.

The loss is convex in the inverse of the temperature, and its slope there is what the scores expect
of the logits less what the truth has of them. A weak prior, convex as well, holds it near 1 where
pictures are few. Where the slope is zero is found by Newton's method kept within brackets: to the
last digits, and whatever the logits are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.scoring import logistic, softmax

__all__ = ["PRIOR", "Bound", "bound_of", "fit_temperature"]

Bound: TypeAlias = Literal["", "lower", "upper"]

PRIOR = 4.0
"""How firmly the inverse of a temperature is held near 1: as if it was 1 by a deviation of 1/2."""

WIDEST = 1e4  # how far a temperature may be from what makes logits spread by 1, either way
_NEAR = 1e-12
_STEPS = 500  # five are the rule
_CELLS = 1 << 16  # logits at a time: half a megabyte, which stays near the processor

_Slope: TypeAlias = Callable[[float], tuple[float, float]]


def bound_of(
    logits: NDArray[np.floating], truth: NDArray[np.int64], *, alone: bool = False
) -> Bound:
    """Why the likelihood of these pictures has no temperature of its own, if it has none.

    Takes what `fit_temperature` does.

    Returns:
        ``"lower"`` where no label goes before the truth in any picture, so that colder is always
        likelier; ``"upper"`` where the truth is on average no higher than any label, so that hotter
        is; empty where there is a best one.
    """
    wide = np.asarray(logits, np.float64)
    true = wide[np.arange(len(wide)), truth]
    if alone:  # each label by itself: the truth is above zero, and all others are below
        others = wide.copy()
        others[np.arange(len(wide)), truth] = -np.inf
        never = bool((true >= 0).all() and (others <= 0).all())
        by_chance = float((true - wide.sum(axis=1) / 2).mean())
    else:
        never = bool((true >= wide.max(axis=1)).all())
        by_chance = float((true - wide.mean(axis=1)).mean())
    if never:
        return "lower"
    return "upper" if by_chance <= 0 else ""


def fit_temperature(
    logits: NDArray[np.floating],
    truth: NDArray[np.int64],
    *,
    alone: bool = False,
    prior: float = PRIOR,
) -> float:
    """The likeliest temperature T (Guo et al. 2017, §4.2), held near 1 by a weak prior.

    What is least is ``-sum(log p(truth)) + prior * (1 / T + log(T))``. The second part is a gamma
    prior on ``1 / T`` of mean 1 and deviation ``1 / sqrt(prior)``, taken over ``log(T)``, where it
    is highest at T = 1; a gamma keeps the loss convex, and holds T from below more than from above.
    It is ours: Guo et al. have none, and fit on thousands of pictures. A few pictures may have none
    or twice of the mistakes that all would have, and without a prior T follows them anywhere. Over
    simulated models that were too sure, right and not sure enough, 4 left a third or less of the
    harm that 8 pictures do to scores that were right, and a third or more of the gain where they
    were wrong (2 did more harm, 10 helped less), and from 100 on it changed next to nothing.

    Args:
        logits: What scores are made of: (n, labels), of one picture or more.
        truth: The position of the label of each picture: int64 (n,).
        alone: Whether each label is scored by itself, as by a sigmoid: the likelihood is then that
            of each label of each picture, which is or is not there.
        prior: How firmly T is held near 1; with 0 it is the likeliest one, as scikit-learn's. Some
            pictures have no likeliest one (`bound_of`), and it is then a 10,000th of the spread of
            the logits or 10,000 times that.

    Returns:
        What to divide logits by.

    Examples:
        >>> logits = np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]])
        >>> truth = np.array([0, 1, 1])  # right two times out of three
        >>> round(fit_temperature(logits, truth, prior=0), 4)
        2.8854
        >>> round(fit_temperature(logits, truth), 4)
        1.2484
    """
    wide = np.asarray(logits, np.float64)
    center = 0.0 if alone else wide.mean(axis=1, keepdims=True)
    spread = float(np.sqrt(np.mean((wide - center) ** 2)))
    if spread == 0:
        return 1.0  # all scores are equal, at any temperature
    low, high = 1 / (spread * WIDEST), WIDEST / spread
    if prior:
        low, high = min(low, 1.0), max(high, 1.0)
    return 1 / _root(_slope(wide, truth, alone=alone, prior=prior), low, high)


def _root(rising: _Slope, low: float, high: float) -> float:
    """Where a function that rises has its zero; the nearest end if it has none between the ends.

    Args:
        rising: Gives a value and its slope.
        low: One end, above 0.
        high: The other.
    """
    at = float(np.sqrt(low * high))
    for _ in range(_STEPS):
        value, slope = rising(at)
        step = value / slope if slope > 0 else np.inf
        if abs(step) <= np.sqrt(_NEAR) * at:  # the next one would be as near as digits go
            return at - step
        low, high = (low, at) if value > 0 else (at, high)
        if high / low <= 1 + _NEAR:
            break
        at = at - step if low < at - step < high else float(np.sqrt(low * high))
    return at


def _slope(
    wide: NDArray[np.float64], truth: NDArray[np.int64], *, alone: bool, prior: float
) -> _Slope:
    """Of the loss by the inverse temperature, and the slope of that."""

    def slope(inverse: float) -> tuple[float, float]:
        first, second = prior * (1 - 1 / inverse), prior / inverse**2
        for part, true in _parts(wide, truth):
            if alone:
                shares = logistic(inverse * part)
                first += float((shares * part).sum() - true.sum())
                second += float((shares * (1 - shares) * part**2).sum())
            else:
                off = part - true[:, None]  # so that nothing large is taken from something large
                shares = softmax(inverse * off)
                expected = np.einsum("ij,ij->i", shares, off)
                first += float(expected.sum())
                spread = off - expected[:, None]
                second += float(np.einsum("ij,ij,ij->", shares, spread, spread))
        return first / len(wide), second / len(wide)

    return slope


def _parts(
    wide: NDArray[np.float64], truth: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Some rows at a time, with the logit of the truth in each."""
    rows = max(1, _CELLS // wide.shape[1])
    for start in range(0, len(wide), rows):
        part = wide[start : start + rows]
        yield part, part[np.arange(len(part)), truth[start : start + rows]]
