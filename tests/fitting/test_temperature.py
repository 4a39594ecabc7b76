"""One temperature: the likeliest, as scikit-learn finds it, and near 1 where pictures are few."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logits import drawn
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator

from zsclip.fitting import temperature as module
from zsclip.fitting.temperature import PRIOR, bound_of, fit_temperature
from zsclip.scoring import logistic, softmax

Logits = NDArray[np.float64]
Positions = NDArray[np.int64]

seeds = st.integers(0, 2**32 - 1)


class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of scikit-learn's whose inputs are its logits."""

    def fit(self, x: Logits, y: Positions) -> Given:
        self.classes_ = np.arange(x.shape[1])
        return self

    def decision_function(self, x: Logits) -> Logits:
        return (x[:, 1] - x[:, 0]) / 2 if x.shape[1] == 2 else x

    def predict(self, x: Logits) -> Positions:
        best: Positions = x.argmax(axis=1)
        return best


def scikit_learn(logits: Logits, truth: Positions) -> Any:
    given_logits = FrozenEstimator(Given().fit(logits, truth))
    return CalibratedClassifierCV(given_logits, method="temperature", cv=2).fit(logits, truth)


def loss(logits: Logits, truth: Positions, temperature: float, *, alone: bool = False) -> float:
    rows = np.arange(len(logits))
    if alone:
        signs = np.full(logits.shape, -1.0)
        signs[rows, truth] = 1
        return float(np.logaddexp(0, -signs * logits / temperature).mean())
    scaled = logits / temperature
    return float((np.logaddexp.reduce(scaled, axis=1) - scaled[rows, truth]).mean())


@pytest.mark.parametrize("labels", [2, 3, 10, 100])
@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_it_is_the_one_that_scikit_learn_finds(labels: int, temperature: float) -> None:
    logits, truth = drawn(400, labels, temperature=temperature, seed=labels)
    truth[: 2 * labels] = np.tile(np.arange(labels), 2)  # scikit-learn wants all of them
    theirs = scikit_learn(logits, truth)
    mine = fit_temperature(logits, truth, prior=0)
    beta = theirs.calibrated_classifiers_[0].calibrators[0].beta_
    assert mine == pytest.approx(1 / beta, rel=1e-6)
    np.testing.assert_allclose(softmax(logits / mine), theirs.predict_proba(logits), atol=1e-7)


def test_of_thousands_of_pictures_it_is_scikit_learn_s_with_the_prior_too() -> None:
    logits, truth = drawn(20_000, 6, temperature=3)
    beta = scikit_learn(logits, truth).calibrated_classifiers_[0].calibrators[0].beta_
    assert fit_temperature(logits, truth) == pytest.approx(1 / beta, rel=2e-3)


@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_the_temperature_that_made_the_truth_is_found_again(temperature: float) -> None:
    logits, truth = drawn(20_000, 8, temperature=temperature)
    assert fit_temperature(logits, truth) == pytest.approx(temperature, rel=0.03)


def test_scores_become_how_often_they_are_right() -> None:
    logits, truth = drawn(20_000, 4, temperature=3)
    new, new_truth = drawn(20_000, 4, temperature=3, seed=1)

    def error(scores: Logits) -> float:
        right = scores.argmax(axis=1) == new_truth
        seen, said = calibration_curve(right, scores.max(axis=1), n_bins=10, strategy="quantile")
        return float(np.abs(seen - said).max())

    assert error(softmax(new)) > 0.2
    assert error(softmax(new / fit_temperature(logits, truth))) < 0.04


@pytest.mark.parametrize("prior", [0, 0.5, PRIOR])
@pytest.mark.parametrize("alone", [False, True])
@given(seed=seeds, n=st.integers(4, 40), labels=st.integers(2, 6))
def test_no_other_temperature_is_likelier(
    prior: float, alone: bool, seed: int, n: int, labels: int
) -> None:
    logits, truth = drawn(n, labels, temperature=3, seed=seed)
    if not prior and bound_of(logits, truth, alone=alone):
        return

    def total(temperature: float) -> float:
        held = prior * (1 / temperature + np.log(temperature))
        likelihoods = n * labels if alone else n
        return likelihoods * loss(logits, truth, temperature, alone=alone) + float(held)

    best = fit_temperature(logits, truth, alone=alone, prior=prior)
    for other in (best * 0.99, best * 1.01, best / 10, best * 10, 1.0):
        assert total(best) <= total(other) + 1e-11 * n * labels


@pytest.mark.parametrize("alone", [False, True])
@given(seed=seeds, factor=st.floats(1e-3, 1e3))
def test_logits_times_something_have_a_temperature_times_that(
    alone: bool, seed: int, factor: float
) -> None:
    logits, truth = drawn(30, 4, temperature=3, seed=seed)
    once = fit_temperature(logits, truth, alone=alone, prior=0)
    scaled = fit_temperature(logits * factor, truth, alone=alone, prior=0)
    assert scaled == pytest.approx(factor * once, rel=1e-9)


@given(seed=seeds, n=st.integers(4, 30))
def test_the_order_of_pictures_and_of_labels_does_not_matter(seed: int, n: int) -> None:
    logits, truth = drawn(n, 4, temperature=2, seed=seed)
    random = np.random.default_rng(seed)
    pictures, labels = random.permutation(n), random.permutation(4)
    mixed = logits[pictures][:, labels]
    again = fit_temperature(mixed, np.argsort(labels)[truth[pictures]])
    assert again == pytest.approx(fit_temperature(logits, truth), rel=1e-9)


@given(seed=seeds)
def test_what_is_added_to_all_logits_of_a_picture_does_not_matter(seed: int) -> None:
    logits, truth = drawn(30, 4, temperature=2, seed=seed)
    moved = logits + np.random.default_rng(seed).normal(scale=100, size=(30, 1))
    again = fit_temperature(moved, truth)
    assert again == pytest.approx(fit_temperature(logits, truth), rel=1e-7)


def test_labels_without_pictures_are_no_hindrance() -> None:
    logits, truth = drawn(2_000, 50, temperature=2)
    some = truth < 5
    assert fit_temperature(logits[some], truth[some]) == pytest.approx(2, rel=0.2)


# --------------------------------------------------------------------------- few pictures


def brier_of(logits: Logits, truth: Positions) -> float:
    return float(((softmax(logits) - np.eye(logits.shape[1])[truth]) ** 2).sum(axis=1).mean())


@pytest.mark.parametrize("labels", [4, 10, 100])
@pytest.mark.parametrize("model", [0.4, 1.0, 3.0])  # not sure enough, right, too sure
def test_few_pictures_do_less_harm_than_without_a_prior_and_mend_what_is_wrong(
    labels: int, model: float
) -> None:
    """The Brier score of new pictures, over 100 draws of the 4 that fit half of 8."""
    new, new_truth = drawn(2_000, labels, temperature=model, spread=2 * model, seed=1)
    without: list[float] = []
    held: list[float] = []
    for draw in range(100):
        logits, truth = drawn(4, labels, temperature=model, spread=2 * model, seed=100 + draw)
        without.append(brier_of(new / fit_temperature(logits, truth, prior=0), new_truth))
        held.append(brier_of(new / fit_temperature(logits, truth), new_truth))
    before, best = brier_of(new, new_truth), brier_of(new / model, new_truth)
    harm, harm_without = np.mean(held) - best, np.mean(without) - best
    assert harm < harm_without + (0.01 if labels == 100 else 0)  # a picture says more of so many
    if model == 1:
        assert harm < 0.5 * harm_without
    else:
        assert np.mean(held) < before


def test_a_firmer_prior_is_nearer_to_one() -> None:
    logits, truth = drawn(40, 5, temperature=6)
    found = [fit_temperature(logits, truth, prior=prior) for prior in (0, 1, 4, 20, 1e4)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("alone", [False, True])
def test_without_a_mistake_more_pictures_make_it_colder_and_none_makes_it_infinite(
    alone: bool,
) -> None:
    found = []
    for n in (2, 8, 1000):
        random = np.random.default_rng(0)
        truth = random.integers(0, 4, n)
        logits = -random.random((n, 4)) - 1e-3
        logits[np.arange(n), truth] = random.random(n) / 10
        assert bound_of(logits, truth, alone=alone) == "lower"
        found.append(fit_temperature(logits, truth, alone=alone))
    assert 1 > found[0] > found[1] > found[2] > 0.01


def test_a_model_that_is_surer_and_not_mistaken_is_left_as_it_is() -> None:
    assert fit_temperature(20.0 * np.eye(4), np.arange(4)) == pytest.approx(1, abs=1e-6)
    assert fit_temperature(1e7 * np.eye(4), np.arange(4)) == pytest.approx(1, abs=1e-6)
    assert fit_temperature(1e-7 * np.eye(4), np.arange(4)) == pytest.approx(1, abs=1e-6)


def test_labels_that_share_the_first_place_are_no_mistake() -> None:
    logits = np.array([[0.1, 0.1, 0.0], [0.2, 0.0, 0.1]])
    assert bound_of(logits, np.array([0, 0])) == "lower"


@pytest.mark.parametrize("alone", [False, True])
def test_scores_that_know_nothing_become_equal(alone: bool) -> None:
    logits = np.array([[5.0, -5.0], [5.0, -5.0], [-5.0, 5.0]])
    truth = np.array([1, 1, 0])
    assert bound_of(logits, truth, alone=alone) == "upper"
    found = fit_temperature(logits, truth, alone=alone, prior=0)
    np.testing.assert_allclose((logistic if alone else softmax)(logits / found), 0.5, atol=1e-3)
    assert 5 < fit_temperature(logits, truth, alone=alone) < 20
    many = fit_temperature(np.tile(logits, (1000, 1)), np.tile(truth, 1000), alone=alone)
    assert many > 1000


def test_logits_that_are_all_equal_have_the_temperature_one() -> None:
    assert fit_temperature(np.full((4, 3), 7.0), np.array([0, 1, 2, 0])) == 1.0
    assert fit_temperature(np.full((4, 1), 7.0), np.zeros(4, np.int64)) == 1.0


def test_a_mistake_by_a_hair_is_no_reason_for_infinity() -> None:
    logits = np.array([[1.0, 0.0], [0.0, 1e-12], [3.0, 0.0]])
    truth = np.array([0, 0, 0])
    assert bound_of(logits, truth) == ""
    for prior in (0, PRIOR):
        assert 1e-5 < fit_temperature(logits, truth, prior=prior) < 1


@pytest.mark.parametrize("alone", [False, True])
def test_parts_of_the_rows_give_what_all_together_give(
    alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits, truth = drawn(301, 5, temperature=2)
    sure = 10 * np.eye(5)[truth] + logits / 10
    whole = [fit_temperature(x, truth, alone=alone) for x in (logits, sure / 100)]
    monkeypatch.setattr(module, "_CELLS", 37)
    parts = [fit_temperature(x, truth, alone=alone) for x in (logits, sure / 100)]
    assert parts == pytest.approx(whole, rel=1e-9)


def test_few_looks_at_the_logits_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    parts = module._parts

    def counted(*args: Any) -> Any:
        nonlocal looks
        looks += 1
        return parts(*args)

    monkeypatch.setattr(module, "_parts", counted)
    fit_temperature(*drawn(400, 10, temperature=7))
    assert looks < 20
