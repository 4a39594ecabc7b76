"""The six measures of confidence against plain loops, and what holds of each for any numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from zsclip.learnt import METHODS, Rejection
from zsclip.scoring import softmax
from zsclip.scoring.confidence import (
    GROUPS,
    confidence_of,
    energy,
    margin,
    mcm,
    neglabel,
    null_share,
    probability,
)

COSINES = st.integers(2, 8).flatmap(
    lambda k: arrays(np.float64, (3, k), elements=st.floats(-1, 1, width=32))
)


def near(rows: NDArray[Any]) -> Any:
    return pytest.approx(rows, rel=1e-9, abs=1e-12)


# ------------------------------------------------------------------------------ against plain loops


@given(COSINES)
def test_the_probability_is_the_highest_score(cosines: NDArray[np.float64]) -> None:
    scores = softmax(100 * cosines)
    assert probability(scores) == near(np.array([max(row) for row in scores.tolist()]))


@given(COSINES)
def test_the_margin_is_what_lies_between_the_two_highest_scores(
    cosines: NDArray[np.float64],
) -> None:
    scores = softmax(100 * cosines)
    expected = []
    for row in scores.tolist():
        first, second, *_ = sorted(row, reverse=True)
        expected.append(first - second)
    assert margin(scores) == near(np.array(expected))


@given(COSINES)
def test_mcm_is_the_highest_share_of_a_softmax_at_temperature_one(
    cosines: NDArray[np.float64],
) -> None:
    expected = []
    for row in cosines.tolist():
        powers = [math.exp(cosine) for cosine in row]
        expected.append(max(powers) / sum(powers))
    assert mcm(cosines) == near(np.array(expected))


@given(COSINES, st.floats(1, 120))
def test_energy_is_the_logarithm_of_the_sum_of_powers(
    cosines: NDArray[np.float64], scale: float
) -> None:
    logits = scale * cosines - 10
    expected = [math.log(sum(math.exp(logit) for logit in row)) for row in logits.tolist()]
    assert energy(logits) == near(np.array(expected))


@given(COSINES, COSINES, st.floats(1, 120))
def test_null_is_what_a_softmax_over_both_gives_to_the_labels(
    cosines: NDArray[np.float64], nulls: NDArray[np.float64], scale: float
) -> None:
    expected = []
    for own, other in zip(cosines.tolist(), nulls.tolist(), strict=True):
        labels = sum(math.exp(scale * cosine) for cosine in own)
        expected.append(labels / (labels + sum(math.exp(scale * cosine) for cosine in other)))
    assert null_share(cosines, nulls, scale) == near(np.array(expected))


@pytest.mark.parametrize("m", [1, 3, 99, 100, 101, 250, 1500])
def test_neglabel_is_the_mean_of_the_labels_share_over_groups(m: int) -> None:
    rng = np.random.default_rng(m)
    cosines, negatives = rng.uniform(0.1, 0.3, (4, 7)), rng.uniform(0.1, 0.3, (4, m))
    groups = min(GROUPS, m)
    starts = [group * m // groups for group in range(groups)] + [m]
    expected = []
    for own, other in zip(cosines.tolist(), negatives.tolist(), strict=True):
        shares = []
        for group in range(groups):
            labels = sum(math.exp(100 * cosine) for cosine in own)
            rest = sum(math.exp(100 * z) for z in other[starts[group] : starts[group + 1]])
            shares.append(labels / (labels + rest))
        expected.append(sum(shares) / len(shares))
    assert neglabel(cosines, negatives) == near(np.array(expected))
    sizes = np.diff(starts)
    assert sizes.min() >= 1
    assert sizes.max() - sizes.min() <= 1


# -------------------------------------------------------------------------------- what always holds


@given(COSINES, st.randoms())
def test_the_order_of_labels_changes_no_confidence(
    cosines: NDArray[np.float64], random: Any
) -> None:
    order = list(range(cosines.shape[1]))
    random.shuffle(order)
    other, negatives = cosines[:, order], np.linspace(-0.5, 0.5, 30).reshape(3, 10)
    for measure in (
        lambda c: probability(softmax(100 * c)),
        lambda c: margin(softmax(100 * c)),
        mcm,
        lambda c: energy(100 * c),
        lambda c: null_share(c, negatives, 100),
        lambda c: neglabel(c, negatives),
    ):
        assert measure(other) == near(measure(cosines))


@given(COSINES, st.floats(0.01, 0.5))
def test_what_compares_with_texts_grows_as_all_labels_come_nearer(
    cosines: NDArray[np.float64], step: float
) -> None:
    nulls = np.zeros((3, 5))
    assert (null_share(cosines + step, nulls, 20) >= null_share(cosines, nulls, 20)).all()
    assert (neglabel(cosines + step, nulls) >= neglabel(cosines, nulls)).all()
    assert (energy(cosines + step) > energy(cosines)).all()


@given(COSINES)
def test_shares_lie_between_nothing_and_everything(cosines: NDArray[np.float64]) -> None:
    n = cosines.shape[1]
    for shares in (mcm(cosines), null_share(cosines, -cosines, 100), neglabel(cosines, -cosines)):
        assert (shares >= 0).all()
        assert (shares <= 1).all()
    assert (mcm(cosines) >= 1 / n - 1e-12).all()


def test_numbers_that_overflow_as_powers_do_no_harm() -> None:
    logits = np.array([[5e4, -5e4], [-5e4, -5e4]])
    assert energy(logits).tolist() == [5e4, pytest.approx(-5e4 + math.log(2))]
    assert null_share(np.array([[1.0]]), np.array([[-1.0]]), 5e4).tolist() == [1]
    assert null_share(np.array([[-1.0]]), np.array([[1.0]]), 5e4).tolist() == [0]


# ----------------------------------------------------------------------------------- as a rejection


def geometry(seed: int = 0) -> tuple[NDArray[np.float32], ...]:
    """Labels, words far from them, pictures near a label, and pictures near none."""
    rng, d = np.random.default_rng(seed), 64

    def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
        made: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return made.astype(np.float32)

    labels = unit(rng.normal(size=(10, d)))
    words = unit(rng.normal(size=(200, d)))
    wanted = unit(labels[rng.integers(10, size=300)] + 0.25 * rng.normal(size=(300, d)))
    foreign = unit(words[rng.integers(200, size=300)] + 0.25 * rng.normal(size=(300, d)))
    return labels, words, wanted, foreign


@pytest.mark.parametrize("method", METHODS)
def test_wanted_pictures_are_told_from_foreign_ones(method: str) -> None:
    labels, words, wanted, foreign = geometry()
    pictures = np.concatenate([wanted, foreign])
    negatives = words if method in ("null", "neglabel") else None
    logits = 20 * (pictures @ labels.T).astype(np.float64)
    confidence = confidence_of(
        Rejection(method=method, threshold=0, negatives=negatives),
        pictures,
        labels,
        scores=softmax(logits).astype(np.float32),
        logits=logits,
        scale=20,
    )
    assert confidence.dtype == np.float32
    assert confidence.shape == (600,)
    least = {"null": 0.98, "neglabel": 0.98}.get(method, 0.75)
    assert roc_auc_score([1] * 300 + [0] * 300, confidence) > least


@settings(max_examples=20)
@given(st.integers(1, 40))
def test_each_picture_has_the_confidence_that_it_has_alone(n: int) -> None:
    labels, words, wanted, _ = geometry()
    rejection = Rejection(method="neglabel", threshold=0, negatives=words)

    def confidence(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        logits = 20 * (pictures @ labels.T).astype(np.float64)
        scores = softmax(logits).astype(np.float32)
        return confidence_of(rejection, pictures, labels, scores=scores, logits=logits, scale=20)

    alone = np.concatenate([confidence(wanted[i : i + 1]) for i in range(n)])
    assert confidence(wanted[:n]) == pytest.approx(alone, rel=1e-4)
