"""Halves of pictures: a temperature from one, what sets need from the other, each judged fairly."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logits import drawn

from zsclip.errors import CalibrationWarning, ParameterError
from zsclip.evaluation.metrics import accuracy, brier, ece
from zsclip.fitting.calibrating import (
    calibrate,
    halves,
    require_before_rejecting,
    warn_of_bound,
)
from zsclip.fitting.conformal import strangeness
from zsclip.fitting.temperature import fit_temperature
from zsclip.learnt import NOTHING, Learnt, Rejection
from zsclip.scoring import aps, lac, logistic, part_left_out, softmax


def test_the_temperature_is_that_of_one_half_and_sets_are_those_of_the_other() -> None:
    logits, truth = drawn(101, 6, temperature=2)
    made = calibrate(logits, truth, seed=3)
    fitted, held = halves(truth, 3)
    assert made.temperature == fit_temperature(logits[fitted], truth[fitted])
    scores = softmax(logits[held] / made.temperature).astype(np.float32)
    expected = strangeness(scores, truth[held])
    np.testing.assert_array_equal(made.lac, expected[0])
    np.testing.assert_array_equal(made.aps, expected[1])
    assert (made.pictures, len(made.lac), made.bound) == (101, 51, "")


def test_each_picture_is_judged_by_a_temperature_that_it_was_not_in() -> None:
    logits, truth = drawn(200, 6, temperature=2)
    made = calibrate(logits, truth)
    after = np.empty(logits.shape, np.float32)
    for own, other in (halves(truth, 0), halves(truth, 0)[::-1]):
        temperature = fit_temperature(logits[own], truth[own])
        after[other] = softmax(logits[other] / temperature).astype(np.float32)
    before = softmax(logits).astype(np.float32)
    assert (made.ece_before, made.ece_after) == (ece(before, truth), ece(after, truth))
    assert (made.brier_before, made.brier_after) == (brier(before, truth), brier(after, truth))


def test_scores_that_were_too_sure_are_better_afterwards() -> None:
    made = calibrate(*drawn(2_000, 6, temperature=3))
    assert made.ece_after < 0.05 < made.ece_before
    assert made.brier_before is not None
    assert made.brier_after is not None
    assert made.brier_after < made.brier_before


def test_scores_that_were_right_are_left_as_they_are() -> None:
    made = calibrate(*drawn(4_000, 6))
    assert made.temperature == pytest.approx(1, abs=0.05)
    assert made.ece_after == pytest.approx(made.ece_before, abs=0.02)


def test_where_each_label_is_scored_by_itself_its_own_likelihood_counts() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(scale=4, size=(500, 3)) - 2
    truth = (logits + random.normal(scale=4, size=logits.shape)).argmax(axis=1)
    made = calibrate(logits, truth, alone=True)
    fitted, held = halves(truth, 0)
    assert made.temperature == fit_temperature(logits[fitted], truth[fitted], alone=True)
    assert (made.brier_before, made.brier_after) == (None, None)  # of shares alone
    own = logistic(logits[held] / made.temperature).astype(np.float32)
    rows = np.arange(len(held))
    strange = 1 - own[rows, truth[held]].astype(np.float64)
    strange[own.argmax(axis=1) == truth[held]] = 0
    np.testing.assert_array_equal(made.lac, np.sort(strange))


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(4, 60), labels=st.integers(1, 8))
def test_halves_share_out_the_pictures_of_each_label(seed: int, n: int, labels: int) -> None:
    truth = np.random.default_rng(seed).integers(0, labels, n)
    first, second = halves(truth, seed)
    assert sorted([*first, *second]) == list(range(n))
    assert len(second) - len(first) == n % 2
    for label in range(labels):
        counts = [(truth[half] == label).sum() for half in (first, second)]
        assert abs(int(counts[0]) - int(counts[1])) <= 1


def test_halves_are_others_with_another_seed_and_the_same_with_the_same() -> None:
    truth = np.arange(60) % 5
    assert halves(truth, 1)[0].tolist() == halves(truth, 1)[0].tolist()
    assert halves(truth, 1)[0].tolist() != halves(truth, 2)[0].tolist()


def test_labels_with_a_single_picture_fall_on_either_side() -> None:
    seen = {tuple(halves(np.arange(4), seed)[0]) for seed in range(40)}
    assert seen == {(a, b) for a in range(4) for b in range(a + 1, 4)}


def test_two_pictures_of_each_label_are_enough_and_fewer_than_four_in_all_are_not() -> None:
    logits, truth = 3 * np.eye(4)[[0, 0, 1, 1]], np.array([0, 1, 1, 0])
    assert calibrate(logits, truth).pictures == 4
    with pytest.raises(ParameterError, match=r"^`images` must be 4 pictures or more .* got 3\."):
        calibrate(logits[:3], truth[:3])


@pytest.mark.parametrize(
    ("truth", "bound", "told"),
    [
        ([0, 1, 2, 0, 1, 2], "lower", "No picture .* mistaken"),
        ([1, 2, 0, 1, 2, 0], "upper", "no higher scores than other labels"),
    ],
)
def test_what_pictures_cannot_tell_is_noted_and_warned_of(
    truth: list[int], bound: str, told: str
) -> None:
    made = calibrate(3 * np.eye(3)[[0, 1, 2, 0, 1, 2]], np.array(truth))
    assert made.bound == bound
    with pytest.warns(CalibrationWarning, match=told):
        warn_of_bound(made)


def test_a_temperature_that_is_the_likeliest_is_not_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_bound(calibrate(*drawn(200, temperature=2)))


@pytest.mark.parametrize("method", ["probability", "margin"])
def test_a_threshold_on_scores_is_not_made_stale(method: str) -> None:
    learnt = Learnt(rejection=Rejection(method=method, threshold=0.5))
    with pytest.raises(ParameterError, match=rf"rejects by '{method}', .* Calibrate .* first"):
        require_before_rejecting(learnt)


@pytest.mark.parametrize("method", ["mcm", "neglabel", "energy", "null"])
def test_a_threshold_on_what_no_temperature_changes_stays(method: str) -> None:
    require_before_rejecting(Learnt(rejection=Rejection(method=method, threshold=0.5)))
    require_before_rejecting(NOTHING)


# ---------------------------------------------------------------- coverage, by simulation


def held_over_splits(
    method: str, coverage: float, *, alone: bool = False, temperature: float = 4
) -> tuple[float, float, float]:
    """Coverage and size of the sets of new pictures over 200 random splits, and how many are right.

    The scores are far too sure.
    """
    logits, truth = drawn(1_000, 12, temperature=temperature, spread=4)
    held: list[float] = []
    sizes: list[float] = []
    for split in range(200):
        order = np.random.default_rng(split).permutation(len(truth))
        known, new = order[:120], order[120:]
        made = calibrate(logits[known], truth[known], alone=alone, seed=split)
        scores = (logistic if alone else softmax)(logits[new] / made.temperature)
        wide = scores.astype(np.float32).astype(np.float64)
        strange = lac(wide) if method == "lac" else aps(wide, part_left_out(wide))
        inside = strange <= made.quantile(coverage, method)
        assert inside[np.arange(len(new)), wide.argmax(axis=1)].all()
        held.append(float(inside[np.arange(len(new)), truth[new]].mean()))
        sizes.append(float(inside.sum(axis=1).mean()))
    return float(np.mean(held)), float(np.mean(sizes)), accuracy(logits, truth)


@pytest.mark.parametrize("coverage", [0.8, 0.9])
@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize("alone", [False, True])
def test_sets_hold_the_truth_as_often_as_was_asked_for(
    method: str, coverage: float, alone: bool
) -> None:
    held, _, _ = held_over_splits(method, coverage, alone=alone)
    assert coverage - 0.01 <= held <= coverage + 0.02


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_sets_never_being_empty_adds_no_coverage(method: str) -> None:
    """Were the best label added to sets that are empty, APS would hold 87 % for 80 %."""
    held, _, right = held_over_splits(method, 0.8, temperature=0.75)
    assert 0.75 < right < 0.8
    assert 0.79 <= held <= 0.82


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_below_the_share_of_right_answers_sets_are_the_best_label_alone(method: str) -> None:
    held, size, right = held_over_splits(method, 0.5, temperature=0.75)
    assert size < 1.01
    assert held == pytest.approx(right, abs=0.01)
