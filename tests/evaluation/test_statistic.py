"""Statistics over resampled pictures, and intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from zsclip.evaluation import metrics
from zsclip.evaluation.statistic import Additive, Statistic, bootstrap

RANDOM = np.random.default_rng(3)
SCORES = RANDOM.dirichlet(np.ones(5), size=200)
TRUTH = RANDOM.integers(5, size=200)
STATISTICS: dict[str, tuple[Additive, Callable[[Any, Any], float]]] = {
    "top-2": (
        metrics.top_k_statistic(metrics.ranks(SCORES, TRUTH), 2),
        lambda s, t: metrics.top_k(s, t, 2),
    ),
    "recall": (
        metrics.recall_statistic(metrics.ranks(SCORES, TRUTH), TRUTH),
        metrics.mean_per_class_recall,
    ),
    "ece": (metrics.ece_statistic(SCORES, TRUTH), metrics.ece),
    "brier": (metrics.brier_statistic(SCORES, TRUTH), metrics.brier),
    "log_loss": (metrics.log_loss_statistic(SCORES, TRUTH), metrics.log_loss),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_a_statistic_of_some_pictures_is_the_metric_of_these(name: str) -> None:
    statistic, metric = STATISTICS[name]
    for seed in range(5):
        rows = np.random.default_rng(seed).integers(200, size=200)
        assert statistic(rows) == pytest.approx(metric(SCORES[rows], TRUTH[rows]))
    assert statistic(None) == pytest.approx(metric(SCORES, TRUTH))


def test_the_mean_of_a_group_is_unknown_without_pictures_in_it() -> None:
    some = Additive(np.array([1.0, 0.0]), np.array([1, 0]), "last")
    assert some() == 1
    assert np.isnan(some(np.array([1, 1])))
    assert np.isnan(Additive(np.empty(0))())


def test_an_interval_is_that_of_scipy_within_the_noise_of_resampling() -> None:
    values = (RANDOM.random(300) < 0.7).astype(float)
    low, high = bootstrap(Additive(values), 300, resamples=4000)
    other = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert low == pytest.approx(other.low, abs=0.01)
    assert high == pytest.approx(other.high, abs=0.01)


def test_an_interval_is_the_same_each_time() -> None:
    statistic = STATISTICS["ece"][0]
    assert bootstrap(statistic, 200) == bootstrap(statistic, 200)
    assert bootstrap(statistic, 200, seed=1) != bootstrap(statistic, 200)


def test_resamples_that_do_not_tell_are_left_out_and_none_that_tells_is_nan() -> None:
    rare = Additive(np.ones(3), np.array([1, 0, 0]), "last")
    assert bootstrap(rare, 3) == (1, 1)
    never: Statistic = lambda rows: float("nan")  # noqa: E731
    assert np.isnan(bootstrap(never, 3)).all()


def test_an_interval_holds_the_true_number_about_as_often_as_it_says() -> None:
    random, held, rounds = np.random.default_rng(5), 0, 300
    for seed in range(rounds):
        right = (random.random(150) < 0.8).astype(float)
        low, high = bootstrap(Additive(right), 150, resamples=300, seed=seed)
        held += low <= 0.8 <= high
    assert 0.90 <= held / rounds <= 0.98
