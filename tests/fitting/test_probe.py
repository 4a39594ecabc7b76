"""Probes are what scikit-learn fits, and what the definition of one from texts on says."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

import zsclip.fitting.probe
from zsclip import LabelSet, Probe
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.fitting.probe import fit_probe, require_probe
from zsclip.learnt import NOTHING

D = 12


def labels(k: int) -> LabelSet:
    return LabelSet.from_names([f"label {i}" for i in range(k)])


def units(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float64)


def made(
    k: int, each: int, *, noise: float = 0.5, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float64]]:
    """Embeddings around a center for each label, their labels, and texts near the centers."""
    random = np.random.default_rng(seed)
    centers = units(random.standard_normal((k, D)))
    truth = np.repeat(np.arange(k), each)
    rows = units(centers[truth] + noise * random.standard_normal((len(truth), D)))
    text = 10 * units(centers + 0.3 * random.standard_normal((k, D)))
    return rows.astype(np.float32), truth, text


def shares(probe: Probe, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(softmax(rows.astype(float) @ probe.weights.T + probe.bias, axis=1))


@pytest.mark.parametrize("k", [2, 3, 7])
@pytest.mark.parametrize("c", [0.1, 31.6, 1000])
def test_from_zero_it_is_logistic_regression(k: int, c: float) -> None:
    rows, truth, text = made(k, 6)
    probe = fit_probe(rows, truth, text, labels(k), c=c)
    expected = LogisticRegression(C=c, max_iter=1000).fit(rows.astype(float), truth)
    np.testing.assert_allclose(shares(probe, rows), expected.predict_proba(rows), atol=2e-6)
    assert (probe.pictures, probe.c, probe.start) == (6 * k, c, "zero")
    assert probe.weights.dtype == probe.bias.dtype == np.float32


@pytest.mark.parametrize("c", [0.01, 1.0, 100.0])
def test_from_texts_it_is_the_minimum_of_its_definition(c: float) -> None:
    rows, truth, text = made(4, 5, noise=0.8)
    keep = truth != 3  # a label without pictures
    rows, truth = rows[keep], truth[keep]
    probe = fit_probe(rows, truth, text, labels(4), start="text", c=c)
    wide = rows.astype(float)

    def objective(flat: NDArray[np.float64]) -> float:
        weights = flat.reshape(text.shape)
        likelihood = log_softmax(wide @ weights.T, axis=1)[np.arange(len(truth)), truth].sum()
        return float(-likelihood + ((weights - text) ** 2).sum() / (2 * c))

    expected = minimize(objective, text.ravel(), method="BFGS").x  # gradients by differences
    found = objective(probe.weights.astype(float).ravel())
    assert found == pytest.approx(objective(expected), rel=1e-5, abs=1e-5)
    assert not probe.bias.any()


def test_from_texts_with_a_strong_penalty_it_is_zero_shots() -> None:
    rows, truth, text = made(5, 3)
    probe = fit_probe(rows, truth, text, labels(5), start="text", c=1e-9)
    np.testing.assert_allclose(probe.weights, text, atol=1e-6)


def test_one_picture_moves_no_logit_by_more_than_one_with_the_usual_c() -> None:
    rows, truth, text = made(6, 1)
    before = rows @ text.T
    for i in range(6):
        probe = fit_probe(rows[i : i + 1], truth[i : i + 1], text, labels(6), start="text")
        assert probe.c == 1
        assert np.abs(rows @ probe.weights.T - before).max() <= 1


@pytest.mark.parametrize(("start", "c"), [("zero", 31.6), ("text", 1.0)])
def test_with_one_picture_of_a_label_c_is_the_usual_one(start: str, c: float) -> None:
    rows, truth, text = made(4, 3)
    keep = np.r_[0:3, 3:6, 6:9, 9]
    assert fit_probe(rows[keep], truth[keep], text, labels(4), start=start).c == c


def test_with_pictures_of_a_single_label_c_is_the_usual_one() -> None:
    rows, truth, text = made(4, 3)
    assert fit_probe(rows[:3], truth[:3], text, labels(4), start="text").c == 1


def test_c_is_the_best_of_cross_validation() -> None:
    rows, truth, text = made(5, 8, noise=0.9)
    probe = fit_probe(rows, truth, text, labels(5), seed=3)
    folds = list(StratifiedKFold(5, shuffle=True, random_state=3).split(rows, truth))

    def loss(c: float) -> float:
        losses = []
        for fitted, rest in folds:
            model = LogisticRegression(C=c, max_iter=1000).fit(rows[fitted], truth[fitted])
            losses.append(log_loss(truth[rest], model.predict_proba(rows[rest]), labels=range(5)))
        return float(np.mean(losses))

    every = {c: loss(c) for c in 10.0 ** np.arange(-2, 4.01, 0.25)}
    assert probe.c == pytest.approx(min(every, key=lambda c: every[c]))


def test_the_search_halves_the_interval_around_the_best() -> None:
    tried = []

    def losses(exponent: float) -> NDArray[np.float64]:
        tried.append(exponent)
        return np.repeat((exponent - 0.8) ** 2, 4)

    found = zsclip.fitting.probe._search(losses, cautious=False)
    assert found == 0.75
    assert tried == [-2, 0, 2, -1, 1, 0.5, 1.5, 0.75, 1.25]
    flat = zsclip.fitting.probe._search(lambda exponent: np.ones(4), cautious=False)
    assert flat < -3  # of equal ones that which stays nearest to the start


def test_a_cautious_search_takes_the_lowest_that_is_not_clearly_worse() -> None:
    spread = np.array([-1.0, 1.0] * 8)

    def losses(exponent: float) -> NDArray[np.float64]:
        return np.asarray(abs(exponent - 2) * (0.2 + spread))  # standard errors are a fourth

    assert zsclip.fitting.probe._search(losses, cautious=True) == -2
    assert zsclip.fitting.probe._search(losses, cautious=False) == 2


def test_pictures_that_say_nothing_leave_zero_shots_about_as_they_are() -> None:
    """Where truth is drawn by lot, and zero shots are unsure as they should be."""
    random = np.random.default_rng(0)
    rows, _, text = made(4, 10)
    moved = []
    for _ in range(7):
        truth = np.repeat(np.arange(4), 10)[random.permutation(40)]
        probe = fit_probe(rows, truth, text / 50, labels(4), start="text")
        moved.append(float(np.abs(shares(probe, rows) - 1 / 4).max()))
    assert np.median(moved) < 0.1


def test_few_pictures_from_texts_on_are_not_far_below_zero_shots() -> None:
    gains = []
    for seed in range(4):
        rows, truth, text = made(8, 40, seed=seed)
        zero = float(((rows @ text.T).argmax(axis=1) == truth).mean())
        for each in (1, 2, 4):
            few = np.concatenate([np.flatnonzero(truth == i)[:each] for i in range(8)])
            probe = fit_probe(rows[few], truth[few], text, labels(8), start="text")
            gains.append(float((shares(probe, rows).argmax(axis=1) == truth).mean()) - zero)
    assert min(gains) > -0.05
    assert np.mean(gains) > 0


def test_a_fit_that_does_not_end_is_told_in_the_log_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(zsclip.fitting.probe, "ITERATIONS", 2)
    rows, truth, text = made(4, 6)
    for start in ("zero", "text"):
        caplog.clear()
        with warnings.catch_warnings(), caplog.at_level(logging.INFO, "zsclip"):
            warnings.simplefilter("error")
            fit_probe(rows, truth, text, labels(4), start=start, c=1000)
        assert "With C=1e+03 the probe was still moving after 2 iterations." in caplog.text


def test_what_no_probe_can_be_fitted_on() -> None:
    rows, truth, text = made(4, 2)
    with pytest.raises(ParameterError, match="none shows 'label 1', 'label 3'"):
        fit_probe(rows[[0, 4]], truth[[0, 4]], text, labels(4))
    with pytest.raises(ParameterError, match="must hold pictures to learn from, got none"):
        fit_probe(rows[:0], truth[:0], text, labels(4), start="text")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"start": "texts"}, ParameterError, "`start` must be 'zero' or 'text', got 'texts'"),
        ({"c": 0}, ParameterError, "`c` must be positive and finite, got 0"),
        ({"c": float("inf")}, ParameterError, "`c` must be positive and finite, got inf"),
        ({"c": float("nan")}, ParameterError, "`c` must be positive and finite, got nan"),
        ({"c": "1"}, ParameterTypeError, "`c` must be a number, got '1'"),
        ({"c": True}, ParameterTypeError, "`c` must be a number, got True"),
        ({"multi_label": True}, ParameterError, "`multi_label` must be False for a linear probe"),
    ],
)
def test_ways_that_there_are_not(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    usual: dict[str, Any] = {"multi_label": False, "start": "zero", "c": None}
    with pytest.raises(error) as caught:
        require_probe(labels(3), NOTHING, **(usual | options))
    assert str(caught.value).startswith(message)


def test_of_one_label_there_is_no_probe() -> None:
    with pytest.raises(ParameterError, match="there is one"):
        require_probe(labels(1), NOTHING, multi_label=False, start="text", c=None)
