"""Logistic regression on embeddings, from nothing or from the labels' texts on."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.labels import LabelSet
from zsclip.learnt import STARTS, Learnt, Probe
from zsclip.logs import logger_for
from zsclip.needs import needed
from zsclip.scoring import softmax
from zsclip.wording import brief, in_a_row

__all__ = ["fit_probe", "require_probe", "require_shown"]

log = logger_for("zsclip")

# Where there are too few pictures to try out which C is best. From zero: the 0.316 of CLIP's own
# README, whose embeddings are about ten long; of length 1 that is a hundred times as much. From
# texts: one picture then moves the logit of a label by 1 at most.
DEFAULT_C = {"zero": 31.6, "text": 1.0}
EXPONENTS = (-2.0, 0.0, 2.0, 4.0)  # of ten, the C that are tried first
FINEST = 0.25  # and how near to each other the last ones are
FOLDS = 5
ITERATIONS = 1000

Fitted: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Weights (labels, d) and bias (labels,)."""


@dataclass(frozen=True)
class _Task:
    """What a probe is fitted on.

    Attributes:
        rows: Embeddings: float64 (n, d).
        true: Their labels: int64 (n,).
        text: The weights to start at: float64 (labels, d); None to start from zero.
        labels: How many labels there are.
    """

    rows: NDArray[np.float64]
    true: NDArray[np.int64]
    text: NDArray[np.float64] | None
    labels: int

    def part(self, chosen: NDArray[np.int64]) -> _Task:
        return _Task(self.rows[chosen], self.true[chosen], self.text, self.labels)

    def fit(self, c: float) -> Fitted:
        return _from_zero(self, c) if self.text is None else _from_text(self, self.text, c)


def require_probe(
    labelset: LabelSet, learnt: Learnt, *, multi_label: bool, start: str, c: object
) -> None:
    """Raise if no probe can be fitted with these labels, beside this, and in this way.

    Raises:
        MissingExtraError: scikit-learn or SciPy is not installed.
        ParameterError: It cannot.
        ParameterTypeError: `c` is no number.
    """
    with needed("A linear probe"):  # or pictures would be embedded in vain
        importlib.import_module("scipy.optimize" if start == "text" else "sklearn.linear_model")
        importlib.import_module("sklearn.model_selection")
    if multi_label:
        raise ParameterError(
            "`multi_label` must be False for a linear probe, which chooses one label for each "
            "picture. Make the classifier without it; thresholds for several labels are fitted by "
            "`calibrated`."
        )
    if len(labelset) < 2:
        raise ParameterError("A linear probe chooses among labels, and there is one. Add others.")
    if others := [name for name in learnt.parts() if name != "probe"]:
        raise ParameterError(
            f"This classifier learnt something from scores already ({in_a_row(others)}), which a "
            "probe would make wrong. Fit the probe on `zero_shot()`, and these on what comes of it."
        )
    if start not in STARTS:
        raise ParameterError(f"`start` must be 'zero' or 'text', got {brief(start)}.")
    if c is None:
        return
    if isinstance(c, bool) or not isinstance(c, Real):
        raise ParameterTypeError(f"`c` must be a number, got {brief(c)}.")
    if not 0 < float(c) < np.inf:
        raise ParameterError(f"`c` must be positive and finite, got {brief(c)}.")


def require_shown(truth: NDArray[np.int64], labelset: LabelSet, start: str) -> None:
    """Raise if there are no pictures; or from zero on, of some label none.

    Raises:
        ParameterError: There are none, or not of each label.
    """
    if not len(truth):
        raise ParameterError("`images` must hold pictures to learn from, got none.")
    counts = np.bincount(truth, minlength=len(labelset))
    if start == "zero" and not counts.all():
        without = [brief(labelset[int(i)].name) for i in np.flatnonzero(counts == 0)]
        raise ParameterError(
            f"`images` must show each label, and none shows {in_a_row(without)}. Add some, or "
            'learn with start="text", where a label without pictures keeps about its text.'
        )


def fit_probe(
    embeddings: NDArray[np.float32],
    truth: NDArray[np.int64],
    text: NDArray[np.float64],
    labelset: LabelSet,
    *,
    start: str = "zero",
    c: float | None = None,
    seed: int = 0,
) -> Probe:
    """Logistic regression on embeddings of pictures, as CLIP's authors probed theirs.

    Radford et al. 2021, §3.2 and appendix A.3: multinomial, with an L2 penalty, by L-BFGS in 1,000
    iterations at most. Their strength of the penalty is the best of a sweep on validation pictures,
    by accuracy, in which the interval around the peak is halved; here C is found likewise by
    cross-validation, by likelihood, because few pictures leave many C equal in accuracy and because
    scores are to mean something. From texts on, the smallest C is taken that is not clearly worse
    than the best one, so that a few pictures that do not agree leave zero shots about as they were.

    Args:
        embeddings: float32 (n, d), L2-normalized.
        truth: int64 (n,), the positions of their labels; from zero on, each label occurs.
        text: The labels' texts times the scale of logits, float64 (labels, d): weights that give
            the scores of zero shots.
        labelset: The labels.
        start: ``"zero"``: the penalty is the squared length of the weights, and the bias is free.
            ``"text"``: it is that of their difference from `text`, so that without pictures the
            scores are those of zero shots, and a label without pictures keeps about its text; there
            is no bias. (Bayesian: a normal prior around the texts; LP++, Huang et al. 2024, starts
            there without the penalty.)
        c: The inverse of the strength of the penalty; found out if None, and two labels or more
            occur, each with two pictures or more; otherwise `DEFAULT_C`.
        seed: Which pictures are in which fold.

    Raises:
        ParameterError: There are no pictures; or from zero on, of some label none.
        MissingExtraError: scikit-learn or SciPy is not installed.
    """
    require_shown(truth, labelset, start)
    counts = np.bincount(truth, minlength=len(labelset))
    rows = np.asarray(embeddings, np.float64)
    task = _Task(rows, truth, text if start == "text" else None, len(text))
    there = counts[counts > 0]
    fewest = int(there.min()) if len(there) > 1 else 1
    if c is None:
        c = DEFAULT_C[start] if fewest < 2 else _best_c(task, min(FOLDS, fewest), seed)
    weights, bias = task.fit(c)
    return Probe(
        pictures=len(truth),
        c=float(c),
        start=start,
        weights=weights.astype(np.float32),
        bias=bias.astype(np.float32),
    )


# ----------------------------------------------------------------------------------- the strength


def _best_c(task: _Task, folds: int, seed: int) -> float:
    """The C under which pictures that are left out are likeliest."""
    with needed("A linear probe"):
        from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    parts = list(splitter.split(task.rows, task.true))

    def losses(exponent: float) -> NDArray[np.float64]:
        found = np.empty(len(task.true))
        for fitted, left_out in parts:
            weights, bias = task.part(fitted).fit(10.0**exponent)
            rest = task.part(left_out)
            found[left_out] = _losses(rest.rows @ weights.T + bias, rest.true)
        return found

    return float(10.0 ** _search(losses, cautious=task.text is not None))


def _search(losses: Callable[[float], NDArray[np.float64]], *, cautious: bool) -> float:
    """The exponent with the lowest mean loss, which is taken to fall and then to rise.

    From the lowest on until it rises; then around the best, with the interval halved repeatedly.

    Args:
        losses: Those of the pictures with an exponent: float64 (n,).
        cautious: Take the lowest exponent that is not clearly worse: whose mean loss is higher by
            no more than a standard error of the difference (Breiman et al. 1984, §3.4.3).
    """
    tried: dict[float, NDArray[np.float64]] = {}
    before = np.inf
    for exponent in EXPONENTS:
        tried[exponent] = losses(exponent)
        if tried[exponent].mean() > before:
            break  # past the best, where fits take ever longer
        before = float(tried[exponent].mean())
    step = EXPONENTS[1] - EXPONENTS[0]
    while True:
        best = min(tried, key=lambda exponent: (tried[exponent].mean(), exponent))
        if step <= FINEST:
            break
        step /= 2
        for exponent in (best - step, best + step):
            tried[exponent] = losses(exponent)
    if not cautious:
        return best
    more = {exponent: losses - tried[best] for exponent, losses in tried.items()}
    root = len(tried[best]) ** 0.5
    return min(e for e, losses in more.items() if losses.mean() <= losses.std() / root)


# ---------------------------------------------------------------------------------------- the fit


def _from_zero(task: _Task, c: float) -> Fitted:
    with needed("A linear probe"):
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, max_iter=ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told below, and no fault
        # what scikit-learn says of labels with one picture each
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        model.fit(task.rows, task.true)
    _tell(bool((model.n_iter_ >= ITERATIONS).any()), c)
    weights, bias = model.coef_, model.intercept_
    if task.labels == 2:  # one row, that of the second label against the first
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return weights, bias


def _from_text(task: _Task, text: NDArray[np.float64], c: float) -> Fitted:
    with needed("A linear probe"):
        from scipy.optimize import minimize

    rows, n = task.rows, len(task.true)
    given = rows @ text.T  # the logits of zero shots, which the change is added to
    which = np.arange(n)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        change = flat.reshape(text.shape)
        logits = given + rows @ change.T
        value = _losses(logits, task.true).mean() + (flat @ flat) / (2 * c * n)
        error = softmax(logits)
        error[which, task.true] -= 1
        gradient = (error.T @ rows + change / c) / n
        return float(value), gradient.ravel()

    options = {"maxiter": ITERATIONS, "ftol": 64 * np.finfo(np.float64).eps, "gtol": 1e-6}
    found = minimize(objective, np.zeros(text.size), jac=True, method="L-BFGS-B", options=options)
    _tell(found.nit >= ITERATIONS, c)
    return text + found.x.reshape(text.shape), np.zeros(task.labels)


def _losses(logits: NDArray[np.float64], true: NDArray[np.int64]) -> NDArray[np.float64]:
    """Minus the logarithm of each true label's share: float64 (n,)."""
    highest = logits.max(axis=1)
    total = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    losses: NDArray[np.float64] = total - logits[np.arange(len(true)), true]
    return losses


def _tell(stopped: bool, c: float) -> None:
    if stopped:
        log.info("With C=%.3g the probe was still moving after %d iterations.", c, ITERATIONS)
