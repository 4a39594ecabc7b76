"""Prediction sets beside those of MAPIE, which has them from the same papers.

Its sets may be empty, and so the measures are compared without what keeps ours from being so. With
that, and the same limit, sets are MAPIE's where those are not empty, and the best label elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("mapie")

from mapie.classification import SplitConformalClassifier
from mapie.conformity_scores import APSConformityScore, LACConformityScore
from sklearn.base import BaseEstimator, ClassifierMixin

from zsclip.fitting.conformal import strangeness
from zsclip.learnt import Calibration
from zsclip.scoring import aps, lac, softmax

Scores = NDArray[np.float64]
Positions = NDArray[np.int64]

CASES = [(11, 3, 0.9), (40, 3, 0.9), (200, 10, 0.8), (200, 10, 0.95), (157, 30, 0.5)]


class Known(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of scikit-learn's whose inputs are its scores."""

    def __init__(self, labels: int = 2) -> None:
        self.labels = labels
        self.classes_ = np.arange(labels)

    def fit(self, x: Scores, y: Positions) -> Known:
        return self

    def predict_proba(self, x: Scores) -> Scores:
        return x

    def predict(self, x: Scores) -> Positions:
        best: Positions = x.argmax(axis=1)
        return best

    def __sklearn_is_fitted__(self) -> bool:
        return True


def pictures(n: int, labels: int, seed: int) -> tuple[Scores, Positions]:
    """Scores that float32 holds, and truth of every label."""
    random = np.random.default_rng(seed)
    scores = softmax(random.normal(scale=2, size=(n, labels))).astype(np.float32)
    drawn = random.random((n, 1)) > scores.astype(np.float64).cumsum(axis=1)
    truth = np.minimum(drawn.sum(axis=1), labels - 1)
    truth[: min(n, labels)] = np.arange(labels)[:n]
    return scores.astype(np.float64), truth.astype(np.int64)


def theirs(
    measure: Any, known: tuple[Scores, Positions], new: Scores, coverage: float, **more: Any
) -> NDArray[np.bool_]:
    sets = SplitConformalClassifier(
        Known(new.shape[1]).fit(*known),
        confidence_level=coverage,
        conformity_score=measure,
        prefit=True,
        random_state=7,
    ).conformalize(*known)
    held: NDArray[np.bool_] = sets.predict_set(new, conformity_score_params=more)[1][:, :, 0]
    return held


def filled(sets: NDArray[np.bool_], scores: Scores) -> NDArray[np.bool_]:
    """Sets in which empty ones have the best label."""
    best = np.eye(scores.shape[1], dtype=bool)[scores.argmax(axis=1)]
    return np.where(sets.any(axis=1, keepdims=True), sets, best)


def calibration(found: tuple[Scores, Scores]) -> Calibration:
    return Calibration(
        temperature=1.0,
        bound="",
        pictures=2 * len(found[0]),
        ece_before=0.0,
        ece_after=0.0,
        brier_before=0.0,
        brier_after=0.0,
        lac=found[0],
        aps=found[1],
    )


@pytest.mark.parametrize(("n", "labels", "coverage"), CASES)
def test_lac_gives_the_same_sets(n: int, labels: int, coverage: float) -> None:
    known, (new, _) = pictures(n, labels, 0), pictures(300, labels, 1)
    made = calibration(strangeness(known[0].astype(np.float32), known[1], empty=True))
    limit = made.quantile(coverage, "lac")
    expected = theirs(LACConformityScore(), known, new, coverage)
    assert ((lac(new, empty=True) <= limit) == expected).all()
    assert ((lac(new) <= limit) == filled(expected, new)).all()


@pytest.mark.parametrize(("n", "labels", "coverage"), CASES)
def test_aps_gives_the_same_sets_by_the_same_random_numbers(
    n: int, labels: int, coverage: float
) -> None:
    known, (new, _) = pictures(n, labels, 0), pictures(300, labels, 1)
    u = np.random.RandomState(7).uniform(size=n)
    made = calibration(strangeness(known[0].astype(np.float32), known[1], u, empty=True))
    u = np.random.RandomState(7).uniform(size=300)
    limit = made.quantile(coverage, "aps")
    more = {"include_last_label": "randomized"}
    expected = theirs(APSConformityScore(), known, new, coverage, **more)
    assert ((aps(new, u, empty=True) <= limit) == expected).all()
    assert ((aps(new, u) <= limit) == filled(expected, new)).all()
