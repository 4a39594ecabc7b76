"""Metrics of several labels at once, against scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
)

from zsclip.evaluation.several import (
    F1,
    AveragePrecision,
    average_precisions,
    f1_scores,
    mean_average_precision,
    precision_recall_f1,
)


def drawn(seed: int, n: int = 40, labels: int = 6) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Scores, some of them equal, and truth that they know something of; a label without any."""
    random = np.random.default_rng(seed)
    truth = random.random((n, labels)) < 0.3
    truth[:, 0] = False
    truth[0, 1] = True
    scores = (random.random((n, labels)) + 0.4 * truth).round(random.integers(1, 4))
    return scores.astype(np.float32), truth


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_average_precision_is_scikit_learn_s(seed: int, n: int) -> None:
    scores, truth = drawn(seed, n)
    found = average_precisions(scores, truth)
    there = np.flatnonzero(truth.any(axis=0))
    expected = [average_precision_score(truth[:, i], scores[:, i]) for i in there]
    np.testing.assert_allclose(found[there], expected, rtol=1e-9)
    assert np.isnan(np.delete(found, there)).all()
    assert mean_average_precision(scores, truth) == pytest.approx(np.mean(expected), rel=1e-9)


@given(st.integers(0, 10_000))
def test_a_resample_is_the_pictures_that_were_drawn(seed: int) -> None:
    scores, truth = drawn(seed)
    rows = np.random.default_rng(seed).integers(len(scores), size=len(scores))
    by_weight = AveragePrecision.of(scores, truth).of_labels(rows)
    np.testing.assert_allclose(by_weight, average_precisions(scores[rows], truth[rows]), rtol=1e-9)


@given(st.integers(0, 10_000))
def test_precision_recall_and_f1_are_scikit_learn_s(seed: int) -> None:
    scores, truth = drawn(seed)
    said = scores >= 0.7
    options = {"average": "micro", "zero_division": 0.0}
    expected = [f(truth, said, **options) for f in (precision_score, recall_score, f1_score)]
    np.testing.assert_allclose(precision_recall_f1(said, truth), expected, rtol=1e-12)
    micro, macro = f1_scores(said, truth)
    there = np.flatnonzero(truth.any(axis=0))
    by_label = f1_score(truth, said, labels=there, average="macro", zero_division=0.0)
    assert micro == pytest.approx(expected[2])
    assert macro == pytest.approx(by_label)
    rows = np.arange(7)
    assert F1(said, truth)(rows) == pytest.approx(f1_score(truth[:7], said[:7], **options))


def test_what_nothing_is_told_of_is_nan() -> None:
    truth = np.zeros((3, 2), bool)
    scores = np.ones((3, 2), np.float32)
    assert math.isnan(mean_average_precision(scores, truth))
    assert math.isnan(F1(truth, truth, "macro")())
    assert precision_recall_f1(truth, truth) == (0, 0, 0)
