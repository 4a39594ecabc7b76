"""How strange a label would be, over arrays: small cases by hand, and what holds of all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logits import drawn

from zsclip.scoring import aps, lac, part_left_out, softmax

seeds = st.integers(0, 2**32 - 1)


def test_lac_is_what_a_score_lacks() -> None:
    scores = np.array([[0.625, 0.375]])
    assert lac(scores).tolist() == [[0, 0.625]]
    assert lac(scores, empty=True).tolist() == [[0.375, 0.625]]


@pytest.mark.parametrize(
    ("u", "strange"),
    [(0.0, [0.75, 0.25 + 0.75, 1.0]), (1.0, [0.0, 0.75, 1.0]), (0.5, [0.375, 0.875, 1.0])],
)
def test_aps_adds_up_scores_from_the_best_down(u: float, strange: list[float]) -> None:
    scores = np.array([[0.75, 0.25, 0.0]])
    assert aps(scores, np.array([u]), empty=True).tolist() == [strange]
    assert aps(scores, np.array([u])).tolist() == [[0, *strange[1:]]]


def test_aps_goes_by_scores_and_not_by_places() -> None:
    scores = np.array([[0.25, 0.0, 0.75]])
    assert aps(scores, np.array([0.0]), empty=True).tolist() == [[1.0, 1.0, 0.75]]
    assert aps(scores, np.array([0.0])).tolist() == [[1.0, 1.0, 0.0]]


@given(seed=seeds, labels=st.integers(1, 9))
def test_the_best_label_and_no_other_is_not_strange_at_all(seed: int, labels: int) -> None:
    scores = softmax(drawn(20, labels, seed=seed)[0])
    u = np.random.default_rng(seed).random(20)
    for strange in (lac(scores), aps(scores, u)):
        assert ((strange == 0).sum(axis=1) == 1).all()
        assert (strange.argmin(axis=1) == scores.argmax(axis=1)).all()


def test_of_equal_scores_the_first_is_the_best() -> None:
    scores = np.array([[0.25, 0.375, 0.375]])
    assert lac(scores)[0].tolist() == [0.75, 0, 0.625]
    assert aps(scores, np.array([0.5]))[0].tolist() == [0.875, 0, 0.5625]


@given(seed=seeds, labels=st.integers(1, 9))
def test_worse_labels_are_stranger(seed: int, labels: int) -> None:
    scores = softmax(drawn(20, labels, seed=seed)[0])
    u = np.random.default_rng(seed).random(20)
    order = np.argsort(-scores, axis=1, kind="stable")
    for strange in (lac(scores), aps(scores, u)):
        assert (np.diff(np.take_along_axis(strange, order, axis=1), axis=1) >= -1e-12).all()


@given(seed=seeds)
def test_more_left_out_is_less_strange(seed: int) -> None:
    scores = softmax(drawn(20, seed=seed)[0])
    less, more = np.sort(np.random.default_rng(seed).random((2, 20)), axis=0)
    assert (aps(scores, more) <= aps(scores, less) + 1e-12).all()


def test_the_part_left_out_is_spread_as_random_numbers_are() -> None:
    part = part_left_out(softmax(drawn(20_000)[0]))
    counts = np.histogram(part, 20, (0, 1))[0]
    assert (np.abs(counts - 1000) < 150).all()


@given(seed=seeds)
def test_the_part_left_out_depends_on_nothing_but_the_scores_of_a_picture(seed: int) -> None:
    scores = softmax(drawn(10, seed=seed)[0])
    random = np.random.default_rng(seed)
    pictures, labels = random.permutation(10), random.permutation(5)
    part = part_left_out(scores)
    assert part_left_out(scores[pictures][:, labels]).tolist() == part[pictures].tolist()
    assert part_left_out(scores[:1]).tolist() == part[:1].tolist()


def test_rounding_hardly_moves_the_part_left_out() -> None:
    scores = softmax(drawn(1_000)[0])
    moved = part_left_out(scores * (1 + 1e-7 * np.random.default_rng(0).normal(size=scores.shape)))
    apart = np.abs(moved - part_left_out(scores))
    assert np.minimum(apart, 1 - apart).max() < 1e-4


@pytest.mark.parametrize("scores", [[[1.0]], [[1.0, 0.0]], [[0.0, 0.0]], [[0.5, 0.5]]])
def test_the_part_left_out_is_a_number_from_0_to_1_whatever_scores_are(
    scores: list[list[float]],
) -> None:
    [part] = part_left_out(np.array(scores))
    assert 0 <= part <= 1
