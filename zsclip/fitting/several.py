"""What several labels at once learn from pictures with truth: probabilities, and thresholds.

Few pictures have to do for many labels. So log-odds become probabilities by two numbers that all
labels share, and only a label with enough pictures has a threshold of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.evaluation.several import precision_recall_f1
from zsclip.learnt import Thresholds
from zsclip.scoring import logistic
from zsclip.wording import brief

__all__ = ["OWN", "Target", "best_threshold", "fit_logistic", "fit_several"]

OWN = 10  # pictures that have a label, from which on it has a threshold of its own, for F1
FOLDS = 5
FLATTEST = 0.01  # what log-odds are multiplied by at least: higher ones mean no less
STEPS = 100

Logits: TypeAlias = NDArray[np.float64]
Truth: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Target:
    """What thresholds are chosen for.

    Attributes:
        kind: ``"f1"`` or ``"precision"``.
        precision: The precision that is wanted; without meaning for ``"f1"``.

    Raises:
        ParameterError: There is no such kind, or the precision is not between 0 and 1.
        ParameterTypeError: The precision is no number.
    """

    kind: Literal["f1", "precision"] = "f1"
    precision: float = 0.9

    def __post_init__(self) -> None:
        if self.kind not in ("f1", "precision"):
            raise ParameterError(f"`target` must be 'f1' or 'precision', got {brief(self.kind)}.")
        if isinstance(self.precision, bool) or not isinstance(self.precision, int | float):
            raise ParameterTypeError(
                f"`precision` must be a number between 0 and 1, got {brief(self.precision)}."
            )
        if not 0 < self.precision < 1:
            raise ParameterError(
                f"`precision` must be between 0 and 1, got {brief(self.precision)}. No number of "
                "pictures can show that there is never a mistake."
            )

    @classmethod
    def of(cls, kind: Literal["f1", "precision"] | None, precision: float | None) -> Target:
        """What a user asks for; F1 if nothing is, and a precision of 0.9 if only its name is."""
        if kind is None:
            kind = "f1" if precision is None else "precision"
        if kind == "f1" and precision is not None:
            raise ParameterError(
                f"`precision` is {brief(precision)}, and `target` is 'f1', which asks for none. "
                "Leave one of them out."
            )
        return cls(kind) if precision is None else cls(kind, precision)

    @property
    def own(self) -> int:
        """From how many pictures that have a label on its own threshold can be told.

        For a precision, so many that three mistakes among as many would still be few enough.
        """
        if self.kind == "f1":
            return OWN
        return max(OWN, math.ceil(3 / (1 - self.precision) - 1e-9))

    def __str__(self) -> str:
        return self.kind if self.kind == "f1" else f"precision {self.precision:g}"


def fit_several(logits: Logits, truth: Truth, target: Target, *, seed: int = 0) -> Thresholds:
    """Fit what makes log-odds probabilities, and a threshold for each label.

    What is told of how good it is comes from five folds of the pictures, each judged by what the
    others gave.

    Args:
        logits: Log-odds of each label: float64 (n, labels).
        truth: Which labels each picture has: bool (n, labels).
        target: What thresholds are chosen for.
        seed: Which pictures are in which fold.

    Raises:
        ParameterError: There are fewer than two pictures, or none has a label, or all have all; or
            no threshold has the wanted precision on these pictures.
    """
    n = len(logits)
    if n < 2:
        raise ParameterError(f"`images` must be two pictures or more to fit on, got {n}.")
    if truth.all() or not truth.any():
        all_or_none = "every picture has every label" if truth.any() else "no picture has a label"
        raise ParameterError(
            f"`truth` must tell what has a label from what has not, and {all_or_none}. Give "
            "pictures of both kinds."
        )
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    after = np.zeros(logits.shape)
    said = np.zeros(logits.shape, bool)
    for k in range(min(FOLDS, n)):
        rest, held = fold != k, fold == k
        slope, bias, values, _ = _fit(logits[rest], truth[rest], target)
        after[held] = _probabilities(logits[held], slope, bias)
        said[held] = after[held] >= values
    slope, bias, values, own = _fit(logits, truth, target)
    if not np.isfinite(values).any():
        raise ParameterError(
            f"No threshold has a precision of {target.precision:g} on these {n:,} pictures: among "
            "the highest scores there are too many mistakes, or there are too few pictures to "
            "tell. Give more of them, ask for a lower precision, or pass target='f1'."
        )
    precision, recall, f1 = precision_recall_f1(said, truth)
    return Thresholds(
        target=str(target),
        pictures=n,
        temperature=1 / slope,
        bias=bias,
        brier_before=float(np.square(logistic(logits) - truth).mean()),
        brier_after=float(np.square(after - truth).mean()),
        precision=precision,
        recall=recall,
        f1=f1,
        values=values,
        own=own.astype(np.float64),
    )


def _fit(
    logits: Logits, truth: Truth, target: Target
) -> tuple[float, float, NDArray[np.float64], NDArray[np.bool_]]:
    """Slope, bias, the threshold of each label, and whether it is the label's own."""
    slope, bias = fit_logistic(logits.ravel(), truth.ravel())
    scores = _probabilities(logits, slope, bias)
    shared = best_threshold(scores.ravel(), truth.ravel(), target)
    own = truth.sum(axis=0) >= target.own
    values = np.full(truth.shape[1], shared)
    for i in np.flatnonzero(own):
        values[i] = best_threshold(scores[:, i], truth[:, i], target)
    return slope, bias, values, own


def _probabilities(logits: Logits, slope: float, bias: float) -> Logits:
    """As a head gives them, in float32: a threshold is one of them, and is compared with them."""
    return logistic(logits / (1 / slope) + bias).astype(np.float32).astype(np.float64)


def fit_logistic(logits: Logits, truth: Truth) -> tuple[float, float]:
    """The slope and the bias that make log-odds probabilities (Platt 1999, §2).

    By maximum likelihood with Platt's targets ``(N+ + 1) / (N+ + 2)`` and ``1 / (N- + 2)`` in
    place of 1 and 0 (§2.2), which keep it finite where few pictures are separated without a
    mistake; by Newton's method in fp64.

    Args:
        logits: float64 (n,).
        truth: bool (n,).

    Returns:
        The slope, at least 0.01, and the bias.
    """
    positives = int(truth.sum())
    low, high = 1 / (len(truth) - positives + 2), (positives + 1) / (positives + 2)
    wanted = np.where(truth, high, low)
    spread = float(logits.std()) or 1.0
    centre = float(logits.mean())
    x = np.stack([(logits - centre) / spread, np.ones(len(logits))], axis=1)
    weights = np.array([0.0, np.log(wanted.mean() / (1 - wanted.mean()))])
    loss = _loss(x @ weights, wanted)
    for _ in range(STEPS):
        p = logistic(x @ weights)
        slope = x.T @ (p - wanted)
        curve = (x * (p * (1 - p))[:, None]).T @ x + 1e-12 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while (new := _loss(x @ (weights - size * step), wanted)) > loss and size > 1e-10:
            size /= 2
        if loss - new <= 1e-14 * max(loss, 1.0):
            break
        weights, loss = weights - size * step, new
    a = float(weights[0]) / spread
    if a < FLATTEST:  # then the bias alone is to be right
        a = FLATTEST
        return a, _bias_of(a * logits, wanted)
    return a, float(weights[1]) - a * centre


def _loss(logits: Logits, wanted: NDArray[np.float64]) -> float:
    return float((np.logaddexp(0, logits) - wanted * logits).mean())


def _bias_of(logits: Logits, wanted: NDArray[np.float64]) -> float:
    """The bias with which probabilities are right on average, by bisection."""
    low, high = -1000.0 - logits.max(), 1000.0 - logits.min()
    for _ in range(STEPS):
        middle = (low + high) / 2
        if logistic(logits + middle).mean() < wanted.mean():
            low = middle
        else:
            high = middle
    return float((low + high) / 2)


def best_threshold(scores: NDArray[np.float64], truth: Truth, target: Target) -> float:
    """From which score on a label is to be said.

    For F1 the one with the highest; for a precision the lowest at which the part of what is said
    that is true is high enough by the lower end of Wilson's interval (1927) at one standard
    deviation, 84 % one-sided: n pictures without a mistake show a precision of ``n / (n + 1)``.

    Args:
        scores: float64 (n,).
        truth: bool (n,), one of them true.
        target: What it is chosen for.

    Returns:
        One of the scores; infinity if none will do.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    right = np.cumsum(truth[order])
    count = np.arange(1, len(ranked) + 1)
    last = np.append(ranked[1:] < ranked[:-1], True)
    if target.kind == "f1":
        f1 = np.where(last, 2 * right / (count + right[-1]), -1.0)
        return float(ranked[int(f1.argmax())])
    enough = last & (_lower_end(right / count, count) >= target.precision - 1e-12)
    return float(ranked[np.flatnonzero(enough)[-1]]) if enough.any() else float("inf")


def _lower_end(part: NDArray[np.float64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    """That of Wilson's interval for a part of n, at one standard deviation."""
    spread = np.sqrt(part * (1 - part) / n + 1 / (4 * n**2))
    found: NDArray[np.float64] = (part + 1 / (2 * n) - spread) / (1 + 1 / n)
    return found
