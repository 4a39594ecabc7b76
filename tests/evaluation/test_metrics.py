"""Metrics against scikit-learn and against their definitions."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from zsclip.errors import ParameterError
from zsclip.evaluation import metrics

Data: TypeAlias = tuple[NDArray[np.float32], NDArray[np.int64]]


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def made(n: int = 400, labels: int = 7, seed: int = 0) -> Data:
    """Scores that are right about half of the time, and truth that lacks the last label."""
    random = np.random.default_rng(seed)
    truth = random.integers(labels - 1, size=n)
    logits = random.normal(size=(n, labels)) * 2
    logits[np.arange(n), truth] += 2
    return softmax(logits).astype(np.float32), truth


def test_accuracy_and_recall_are_those_of_scikit_learn() -> None:
    scores, truth = made()
    best = scores.argmax(axis=1)
    assert metrics.accuracy(scores, truth) == pytest.approx(sk.accuracy_score(truth, best))
    there = np.unique(truth)
    recall = sk.recall_score(truth, best, average="macro", labels=there, zero_division=0)
    assert metrics.mean_per_class_recall(scores, truth) == pytest.approx(recall)


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_the_best_k_are_those_of_scikit_learn(k: int) -> None:
    scores, truth = made()
    expected = sk.top_k_accuracy_score(truth, scores, k=k, labels=np.arange(7))
    assert metrics.top_k(scores, truth, k) == pytest.approx(expected)


def test_of_equal_scores_the_first_label_goes_before() -> None:
    scores = np.full((3, 3), 1 / 3, np.float32)
    truth = np.array([0, 1, 2])
    assert metrics.ranks(scores, truth).tolist() == [0, 1, 2]
    assert metrics.accuracy(scores, truth) == pytest.approx(1 / 3)


def test_more_pictures_than_one_block_are_ranked_alike() -> None:
    scores, truth = made(n=metrics.BLOCK + 5)
    order = np.argsort(-scores, axis=1, kind="stable")
    expected = (order == truth[:, None]).argmax(axis=1)
    assert metrics.ranks(scores, truth).tolist() == expected.tolist()
    assert metrics.brier(scores, truth) == pytest.approx(
        float(((scores - np.eye(7)[truth]) ** 2).sum(axis=1).mean())
    )


def test_confusion_is_that_of_scikit_learn() -> None:
    scores, truth = made()
    ours = metrics.confusion(scores, truth)
    assert ours.dtype == np.int64
    best = scores.argmax(axis=1)
    assert ours.tolist() == sk.confusion_matrix(truth, best, labels=np.arange(7)).tolist()


def test_log_loss_is_that_of_scikit_learn_in_fp64() -> None:
    scores, truth = made()
    shares = scores.astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    shares[0] = np.eye(7)[(truth[0] + 1) % 7]  # wrong, and quite sure
    expected = sk.log_loss(truth, shares, labels=np.arange(7))
    assert metrics.log_loss(shares, truth) == pytest.approx(expected, rel=1e-12)


def test_classes_that_are_not_sorted_need_sorted_columns_in_scikit_learn_and_not_here() -> None:
    names = np.array(["cow", "ant", "dog", "bee", "fox", "eel", "cat"])
    scores, truth = made()
    shares = scores.astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    order = np.argsort(names)
    expected = sk.log_loss(names[truth], shares[:, order], labels=names[order])
    assert metrics.log_loss(shares, truth) == pytest.approx(expected)
    with pytest.warns(UserWarning, match="lexicographically"):
        assert sk.log_loss(names[truth], shares, labels=names) != pytest.approx(expected)


def test_brier_is_the_sum_of_those_of_each_label() -> None:
    scores, truth = made()
    each = [sk.brier_score_loss(truth == j, scores[:, j]) for j in range(7)]
    assert metrics.brier(scores, truth) == pytest.approx(sum(each))
    assert metrics.brier(np.eye(2)[[1, 0]], np.array([0, 1])) == 2


def test_ece_is_that_of_scikit_learns_calibration_curve() -> None:
    scores, truth = made(n=2000)
    sure, right = scores.max(axis=1).astype(float), scores.argmax(axis=1) == truth
    heights, means = calibration_curve(right, sure, n_bins=15, strategy="uniform")
    counts, _ = np.histogram(sure, np.linspace(0, 1, 16))
    expected = (counts[counts > 0] / len(truth)) @ np.abs(heights - means)
    assert metrics.ece(scores, truth) == pytest.approx(expected)


@pytest.mark.parametrize("bins", [1, 2, 15])
def test_ece_is_what_its_formula_says(bins: int) -> None:
    scores, truth = made(n=300)
    sure, right = scores.max(axis=1).astype(float), scores.argmax(axis=1) == truth
    expected = 0.0
    for m in range(bins):
        inside = (sure > m / bins) & (sure <= (m + 1) / bins)
        if inside.any():
            gap = abs(right[inside].mean() - sure[inside].mean())
            expected += inside.sum() / len(truth) * gap
    assert metrics.ece(scores, truth, bins) == pytest.approx(expected)


def test_a_score_at_the_end_of_a_bin_belongs_to_it() -> None:
    # 0.5 ends the first bin of two; in the second it would be beside 0.7, and cancel less
    scores = np.array([[0.5, 0.5], [0.7, 0.3]])
    assert metrics.ece(scores, np.array([0, 1]), 2) == pytest.approx((0.5 + 0.7) / 2)


@pytest.mark.parametrize("metric", [metrics.brier, metrics.log_loss])
def test_scores_that_are_no_shares_have_no_brier_and_no_log_loss(metric: object) -> None:
    assert callable(metric)
    with pytest.raises(ParameterError, match=r"picture 1 sum up to 1\.2"):
        metric(np.array([[0.5, 0.5], [0.3, 0.9]]), np.array([0, 1]))


@given(st.integers(1, 60), st.integers(2, 9), st.integers(0, 1000))
def test_metrics_stay_between_their_bounds(n: int, labels: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = softmax(random.normal(size=(n, labels)) * 3)
    truth = random.integers(labels, size=n)
    right = metrics.accuracy(scores, truth)
    assert 0 <= right <= metrics.top_k(scores, truth, 2) <= 1
    assert metrics.top_k(scores, truth, labels) == 1
    assert 0 <= metrics.mean_per_class_recall(scores, truth) <= 1
    assert 0 <= metrics.ece(scores, truth) <= 1
    assert 0 <= metrics.brier(scores, truth) <= 2
    assert metrics.confusion(scores, truth).sum() == n
    assert metrics.confusion(scores, truth).trace() == round(right * n)
