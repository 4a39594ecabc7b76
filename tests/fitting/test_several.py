"""Probabilities and thresholds of several labels, out of pictures with truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest, norm
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.fitting.several import OWN, Target, best_threshold, fit_logistic, fit_several
from zsclip.scoring import logistic

Logits = NDArray[np.float64]
Truth = NDArray[np.bool_]


def pictures(seed: int, n: int = 200, labels: int = 4, part: float = 0.2) -> tuple[Logits, Truth]:
    """Log-odds that are twice too large and three too high, of labels of which some are rare."""
    random = np.random.default_rng(seed)
    truth = random.random((n, labels)) < part
    odds = np.log(part / (1 - part)) + random.normal(2.0 * (2 * truth - 1), 2.0)
    return 2 * odds + 3, truth


# ---------------------------------------------------------------------------------- probabilities


def test_slope_and_bias_are_scikit_learn_s() -> None:
    logits, truth = pictures(0)
    flat, true = logits.ravel(), truth.ravel()
    model = LogisticRegression()
    model.fit(flat[:, None], true)
    # whose decision function is the logits themselves, for Platt's sigmoid to stand on
    model.coef_, model.intercept_ = np.array([[1.0]]), np.array([0.0])
    platt = CalibratedClassifierCV(FrozenEstimator(model), method="sigmoid")
    platt.fit(flat[:, None], true)
    expected = platt.predict_proba(flat[:, None])[:, 1]
    slope, bias = fit_logistic(flat, true)
    np.testing.assert_allclose(logistic(slope * flat + bias), expected, atol=1e-4)


def test_log_odds_that_are_off_are_put_right() -> None:
    logits, truth = pictures(1, n=20_000)
    slope, bias = fit_logistic(logits.ravel(), truth.ravel())
    probabilities = logistic(slope * logits + bias)
    for low in np.arange(0, 1, 0.2):
        bin_ = (probabilities >= low) & (probabilities < low + 0.2)
        assert truth[bin_].mean() == pytest.approx(probabilities[bin_].mean(), abs=0.03)


def test_pictures_without_a_mistake_have_a_slope_all_the_same() -> None:
    logits = np.array([-3.0, -2.0, 2.0, 5.0])
    slope, bias = fit_logistic(logits, logits > 0)
    assert 0 < slope < 10
    assert logistic(np.array([5.0 * slope + bias])) < 0.95


def test_scores_that_know_nothing_become_the_part_that_is_true() -> None:
    logits = np.linspace(5, -5, 100)
    truth = np.arange(100) >= 70  # the lower, the truer
    slope, bias = fit_logistic(logits, truth)
    assert slope == 0.01
    assert logistic(slope * logits + bias).mean() == pytest.approx(0.3, abs=0.01)


@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=30)
def test_what_logits_are_scaled_by_changes_no_probability(
    seed: int, factor: float, more: float
) -> None:
    logits, truth = pictures(seed, n=30, labels=2)
    truth[0] = True
    flat, true = logits.ravel(), truth.ravel()
    slope, bias = fit_logistic(flat, true)
    if slope == 0.01:
        return
    other = fit_logistic(factor * flat + more, true)
    if other[0] == 0.01:
        return
    scaled = logistic(other[0] * (factor * flat + more) + other[1])
    np.testing.assert_allclose(scaled, logistic(slope * flat + bias), atol=1e-5)


# ------------------------------------------------------------------------------------- thresholds


@given(st.integers(0, 10_000))
@settings(max_examples=50)
def test_no_threshold_has_a_higher_f1(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.random(20) < 0.4
    truth[0] = True
    scores = (random.random(20) + 0.3 * truth).round(1)
    best = best_threshold(scores, truth, Target())
    found = f1_score(truth, scores >= best)
    assert best in scores
    assert found == pytest.approx(max(f1_score(truth, scores >= s) for s in scores))


def test_a_precision_is_shown_by_enough_pictures() -> None:
    scores = np.linspace(1, 0.01, 60)
    right = np.ones(60, bool)
    wanted = Target("precision", 0.9)
    assert best_threshold(scores[:8], right[:8], wanted) == np.inf
    assert best_threshold(scores[:9], right[:9], wanted) == scores[8]
    right[12] = False
    assert best_threshold(scores[:15], right[:15], wanted) == scores[11]
    assert best_threshold(scores, right, wanted) == scores[59]
    for n, hits in ((20, 19), (30, 28), (60, 59), (7, 7)):
        level = norm.cdf(1) - norm.cdf(-1)
        low = binomtest(hits, n).proportion_ci(level, method="wilson").low
        tried = np.full(n, 0.9)
        true = np.arange(n) < hits
        assert best_threshold(tried, true, Target("precision", low - 1e-6)) == 0.9
        assert best_threshold(tried, true, Target("precision", low + 1e-6)) == np.inf


def test_equal_scores_are_said_together() -> None:
    scores = np.array([0.9] * 5 + [0.5] * 5)
    truth = np.array([True] * 5 + [True, False, False, False, False])
    assert best_threshold(scores, truth, Target()) == 0.9
    assert best_threshold(scores, truth, Target("precision", 0.8)) == 0.9


@pytest.mark.parametrize("wanted", [0.7, 0.9])
def test_the_precision_that_was_asked_for_is_had_on_other_pictures(wanted: float) -> None:
    reached = []
    for seed in range(60):
        logits, truth = pictures(seed, n=300)
        fitted = fit_several(logits, truth, Target("precision", wanted))
        others, true = pictures(1000 + seed, n=2000)
        said = logistic(others / fitted.temperature + fitted.bias) >= fitted.values
        reached.append(true[said].mean() if said.any() else 1.0)
    assert np.mean(reached) >= wanted - 0.01


def test_a_label_with_few_pictures_has_the_threshold_of_all() -> None:
    logits, truth = pictures(3)
    truth[:, 3] = False
    truth[: OWN - 1, 3] = True
    fitted = fit_several(logits, truth, Target())
    assert fitted.own.tolist() == [1, 1, 1, 0]
    scores = logistic(logits / fitted.temperature + fitted.bias).astype(np.float32)
    shared = best_threshold(scores.astype(np.float64).ravel(), truth.ravel(), Target())
    assert fitted.values[3] == shared
    own = best_threshold(scores[:, 0].astype(np.float64), truth[:, 0], Target())
    assert fitted.values[0] == own


def test_what_is_told_is_of_pictures_that_were_not_fitted_on() -> None:
    random = np.random.default_rng(0)
    logits, truth = random.normal(size=(40, 30)), random.random((40, 30)) < 0.3
    fitted = fit_several(logits, truth, Target("f1"), seed=1)
    scores = logistic(logits / fitted.temperature + fitted.bias)
    on_themselves = f1_score(truth, scores >= fitted.values, average="micro")
    assert fitted.f1 < on_themselves  # noise alone
    good = fit_several(*pictures(5), Target())
    assert good.f1 > 0.6
    assert good.brier_after < good.brier_before
    assert fit_several(logits, truth, Target("f1"), seed=1) == fitted


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 1}, "two pictures or more to fit on, got 1"),
        ({"truth": True}, "every picture has every label"),
        ({"truth": False}, "no picture has a label"),
    ],
)
def test_pictures_that_tell_nothing_are_refused(change: dict[str, Any], message: str) -> None:
    logits, truth = pictures(0, n=change.get("n", 20))
    if "truth" in change:
        truth[:] = change["truth"]
    with pytest.raises(ParameterError, match=message):
        fit_several(logits, truth, Target())


def test_a_precision_that_no_threshold_has_is_refused() -> None:
    random = np.random.default_rng(0)
    with pytest.raises(ParameterError, match=r"No threshold has a precision of 0\.99 on these 50"):
        fit_several(
            random.normal(size=(50, 3)), random.random((50, 3)) < 0.2, Target("precision", 0.99)
        )


def test_what_can_be_asked_for() -> None:
    assert Target.of(None, None) == Target("f1")
    assert Target.of(None, 0.8) == Target("precision", 0.8)
    assert str(Target.of("precision", None)) == "precision 0.9"
    assert [Target.of(None, p).own for p in (0.5, 0.7, 0.9, 0.95)] == [10, 10, 30, 60]
    with pytest.raises(ParameterError, match="`target` is 'f1', which asks for none"):
        Target.of("f1", 0.8)
    with pytest.raises(ParameterError, match="must be 'f1' or 'precision', got 'recall'"):
        Target.of("recall", None)  # type: ignore[arg-type]
    for wrong in (0.0, 1.0, float("nan")):
        with pytest.raises(ParameterError, match="must be between 0 and 1"):
            Target.of(None, wrong)
    with pytest.raises(ParameterTypeError, match="must be a number"):
        Target.of(None, "high")  # type: ignore[arg-type]
