"""One temperature that makes scores probabilities, by the likelihood of pictures with truth.

The loss is convex in the inverse of the temperature, and its slope there is what the scores expect
of the logits less what the truth has of them. Where the slope is zero is found by Newton's method
kept within brackets: to the last digits, and whatever the logits are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.scoring import logistic, softmax

__all__ = ["Bound", "bound_of", "fit_temperature"]

Bound: TypeAlias = Literal["", "lower", "upper"]

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
    logits: NDArray[np.floating], truth: NDArray[np.int64], *, alone: bool = False
) -> float:
    """The temperature with the least negative log-likelihood (Guo et al. 2017, §4.2).

    Some pictures have no such temperature (`bound_of`). Where none is mistaken, the colder, the
    likelier, and n pictures without a mistake cannot tell how far to go. There it is the one at
    which the truth has a score of (n + 1) / (n + 2) on average, what Laplace's rule of succession
    says of n successes out of n; but never more than 1, since such pictures are no reason to be
    less sure than the model is. Where scores know the truth no better than chance, it is 10,000
    times the spread of the logits, at which all scores are equal.

    Args:
        logits: What scores are made of: (n, labels), of one picture or more.
        truth: The position of the label of each picture: int64 (n,).
        alone: Whether each label is scored by itself, as by a sigmoid: the likelihood is then that
            of each label of each picture, which is or is not there.

    Returns:
        What to divide logits by. If they are multiplied by something, so is it, but for the limit
        of 1.

    Examples:
        >>> logits = np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]])
        >>> round(fit_temperature(logits, np.array([0, 1, 1])), 4)  # right two times out of three
        2.8854
    """
    wide = np.asarray(logits, np.float64)
    center = 0.0 if alone else wide.mean(axis=1, keepdims=True)
    spread = float(np.sqrt(np.mean((wide - center) ** 2)))
    if spread == 0:
        return 1.0  # all scores are equal, at any temperature
    bound = bound_of(wide, truth, alone=alone)
    if bound == "upper":
        return spread * WIDEST
    if bound == "lower":
        return min(1.0, 1 / _root(_shortfall(wide, truth, alone=alone), spread))
    return 1 / _root(_slope(wide, truth, alone=alone), spread)


def _root(rising: _Slope, spread: float) -> float:
    """Where a function that rises has its zero; the nearest end if it has none between the ends.

    Args:
        rising: Gives a value and its slope.
        spread: That of the logits, which the ends are relative to.
    """
    low, high = 1 / (spread * WIDEST), WIDEST / spread
    at = 1 / spread
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


def _slope(wide: NDArray[np.float64], truth: NDArray[np.int64], *, alone: bool) -> _Slope:
    """Of the loss by the inverse temperature, and the slope of that."""

    def slope(inverse: float) -> tuple[float, float]:
        first = second = 0.0
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


def _shortfall(wide: NDArray[np.float64], truth: NDArray[np.int64], *, alone: bool) -> _Slope:
    """By how much the mean score of the truth is above what as many successes make likely.

    Where several labels share the first place it can come no nearer to 1 than they let it.
    """
    n = len(wide)

    def mean(inverse: float) -> float:
        parts = _parts(wide, truth)
        return sum(float(_share(inverse, *part, alone=alone).sum()) for part in parts) / n

    due = mean(np.inf) * (n + 1) / (n + 2)
    return lambda inverse: (mean(inverse) - due, 0.0)  # without a slope, brackets are halved


def _share(
    inverse: float, part: NDArray[np.float64], true: NDArray[np.float64], *, alone: bool
) -> NDArray[np.float64]:
    """The score of the truth where none is higher."""
    off = -true[:, None] if alone else part - true[:, None]
    powers = off == 0 if np.isinf(inverse) else np.exp(inverse * off)
    shares: NDArray[np.float64] = 1 / (powers.sum(axis=1) + alone)
    return shares


def _parts(
    wide: NDArray[np.float64], truth: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Some rows at a time, with the logit of the truth in each."""
    rows = max(1, _CELLS // wide.shape[1])
    for start in range(0, len(wide), rows):
        part = wide[start : start + rows]
        yield part, part[np.arange(len(part)), truth[start : start + rows]]
