"""Truth in another order is told, and whatever else gives bad numbers is not taken for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from zsclip import Label, LabelSet
from zsclip.evaluation.orders import find_better_order

Positions = NDArray[np.int64]

NAMES = ["wren", "ant", "Yak", "bee", "fox", "eel", "cod", "owl", "hen", "gnu", "rat", "elk"]
ANIMALS = LabelSet.from_names(NAMES)


def answered(truth: Positions, right: float, n: int, seed: int = 0) -> Positions:
    """Best labels of a classifier that has this part right and the rest by chance."""
    random = np.random.default_rng(seed)
    hit = random.random(len(truth)) < right
    return np.where(hit, truth, random.integers(n, size=len(truth)))


def truth_of(pictures: int, n: int = len(NAMES), seed: int = 1) -> Positions:
    return np.random.default_rng(seed).integers(n, size=pictures)


def reordered(truth: Positions, key: Callable[[int], Any], n: int = len(NAMES)) -> Positions:
    """The numbers of truth by somebody who sorted the labels."""
    return np.argsort(sorted(range(n), key=key))[truth]


@pytest.mark.parametrize("right", [0.2, 0.6, 1.0])
def test_numbers_in_the_alphabets_order_are_told(right: float) -> None:
    truth = truth_of(400)
    answers = answered(truth, right, len(NAMES))
    said = reordered(truth, lambda i: NAMES[i])
    told = find_better_order(said, answers, ANIMALS)
    assert told
    assert "its numbers follow the alphabet of the labels' ids" in told
    assert "by the labels' names or ids" in told
    assert find_better_order(truth, answers, ANIMALS) is None


def test_numbers_in_the_order_of_small_letters_are_told() -> None:
    truth = truth_of(400)
    said = reordered(truth, lambda i: NAMES[i].casefold())
    told = find_better_order(said, answered(truth, 0.7, 12), ANIMALS)
    assert told
    assert "alphabet of the labels' names in small letters" in told


@pytest.mark.parametrize(("by", "told"), [(1, "are counted from 1"), (-1, "one too small")])
def test_numbers_that_are_shifted_are_told(by: int, told: str) -> None:
    truth = truth_of(300)
    assert told in (find_better_order((truth + by) % 12, answered(truth, 0.6, 12), ANIMALS) or "")


def test_numbers_that_were_sorted_as_texts_are_told() -> None:
    truth = truth_of(500)
    said = reordered(truth, lambda i: str(i + 1))
    told = find_better_order(said, answered(truth, 0.5, 12), ANIMALS) or ""
    assert "counted from 1 and sorted as texts" in told


def test_labels_out_of_folders_with_numbers_are_told() -> None:
    folders = sorted(str(i) for i in range(30))  # 0, 1, 10, 11 ...
    labels = LabelSet("folders", tuple(Label(i, f"class {i}") for i in folders))
    truth = truth_of(900, 30)
    said = np.array([int(folders[i]) for i in truth])
    told = find_better_order(said, answered(truth, 0.5, 30), labels) or ""
    assert "follow the numbers in the labels' ids" in told


def test_an_order_without_a_rule_is_found_with_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = truth_of(600)
    said = np.random.default_rng(4).permutation(12)[truth]
    answers = answered(truth, 0.5, 12)
    told = find_better_order(said, answers, ANIMALS) or ""
    assert told.startswith("The truth fits far better with other labels: pictures of 'wren' get")
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    assert find_better_order(said, answers, ANIMALS) is None


def test_two_classes_that_were_exchanged_are_told_among_many() -> None:
    truth = truth_of(800)
    exchange = np.arange(12)
    exchange[[3, 7]] = [7, 3]
    told = find_better_order(exchange[truth], answered(truth, 0.8, 12), ANIMALS) or ""
    assert "pictures of 'bee' get 'owl', pictures of 'owl' get 'bee'" in told
    assert "the 2 labels" in told


@given(st.integers(2, 40), st.integers(1, 400), st.integers(0, 10**6))
def test_chance_is_not_taken_for_another_order(n: int, pictures: int, seed: int) -> None:
    labels = LabelSet.from_names([f"label {(7 * i) % 41}" for i in range(n)])
    truth = truth_of(pictures, n, seed)
    assert find_better_order(truth, answered(truth, 0, n, seed), labels) is None


@given(st.integers(2, 40), st.integers(1, 400), st.floats(0.05, 1), st.integers(0, 10**6))
def test_honest_results_are_not_taken_for_another_order(
    n: int, pictures: int, right: float, seed: int
) -> None:
    labels = LabelSet.from_names([f"label {(7 * i) % 41}" for i in range(n)])
    truth = truth_of(pictures, n, seed)
    assert find_better_order(truth, answered(truth, right, n, seed), labels) is None


@given(st.integers(2, 12), st.integers(0, 11), st.integers(0, 1000))
def test_one_answer_to_everything_is_not_taken_for_another_order(
    n: int, answer: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    truth = random.choice(n, size=300, p=random.dirichlet(np.full(n, 0.3)))
    labels = LabelSet.from_names(NAMES[:n])
    assert find_better_order(truth, np.full(300, answer % n), labels) is None


def test_classes_that_are_hard_to_tell_apart_are_not_taken_for_another_order() -> None:
    alarms = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        logits = random.normal(size=(12, 12)) + 1.0 * np.eye(12)  # barely better than chance
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        truth = truth_of(600, 12, seed)
        answers = np.array([random.choice(12, p=shares[t]) for t in truth])
        alarms += find_better_order(truth, answers, ANIMALS) is not None
    assert alarms == 0


def test_two_classes_among_very_many_that_get_their_neighbors_are_no_shift() -> None:
    labels = LabelSet.from_names([f"kind {i}" for i in range(20_000)])
    truth = np.repeat([500, 900], 30)
    assert find_better_order(truth, truth + 1, labels) is None
    truth = np.repeat([500, 900, 1300], 30)
    assert "one too small" in (find_better_order(truth, truth + 1, labels) or "")


def test_a_dozen_pictures_are_enough_for_no_order_without_a_rule() -> None:
    truth = np.arange(12)
    said = np.random.default_rng(4).permutation(12)
    assert find_better_order(said, truth, ANIMALS) is None


@pytest.mark.parametrize("n", [120, 1000, 3000])
def test_another_order_is_told_of_however_many_labels(n: int) -> None:
    labels = LabelSet.from_names([f"thing {i}" for i in range(n)])
    truth = np.repeat(np.arange(n), 4)
    answers = answered(truth, 0.7, n)
    told = find_better_order((truth + 1) % n, answers, labels) or ""
    assert "are counted from 1" in told
    assert find_better_order(truth, answers, labels) is None
