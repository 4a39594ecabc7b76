"""Log-odds of several labels, each by itself: against null prompts, and standardized."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from zsclip.scoring import against_null, logistic, standard_logits

NUMBERS = st.floats(-200, 200)
MATRIX = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4)).flatmap(
    lambda sizes: st.tuples(
        arrays(np.float64, (sizes[0], sizes[1]), elements=NUMBERS),
        arrays(np.float64, (sizes[0], sizes[2]), elements=NUMBERS),
    )
)
Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


def test_one_null_prompt_shares_a_softmax_with_the_label() -> None:
    logits, nulls = np.array([[3.0, 1.0]]), np.array([[2.0]])
    scores = logistic(against_null(logits, nulls))
    expected = np.exp(logits) / (np.exp(logits) + np.exp(nulls))
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


def test_several_null_prompts_share_one_vote() -> None:
    logits, nulls = np.array([[3.0, 1.0]]), np.array([[2.0, 0.0, -1.0]])
    expected = logits - np.log(np.exp(nulls).mean())
    np.testing.assert_allclose(against_null(logits, nulls), expected, rtol=1e-12)


@given(MATRIX, st.integers(2, 4))
def test_copies_of_all_null_prompts_change_nothing(pair: Pair, copies: int) -> None:
    logits, nulls = pair
    many = against_null(logits, np.tile(nulls, copies))
    np.testing.assert_allclose(many, against_null(logits, nulls), atol=1e-9)


@given(MATRIX, st.integers(0, 99))
def test_order_and_company_change_no_label_s_score(pair: Pair, seed: int) -> None:
    logits, nulls = pair
    order = np.random.default_rng(seed).permutation(logits.shape[1])
    whole = against_null(logits, nulls)
    np.testing.assert_array_equal(against_null(logits[:, order], nulls), whole[:, order])
    np.testing.assert_array_equal(against_null(logits[:, :1], nulls), whole[:, :1])


@given(MATRIX, NUMBERS)
def test_what_is_added_to_all_cosines_changes_nothing(pair: Pair, more: float) -> None:
    logits, nulls = pair
    np.testing.assert_allclose(
        against_null(logits + more, nulls + more), against_null(logits, nulls), atol=1e-9
    )


def test_the_odds_are_even_two_deviations_above_the_mean() -> None:
    mean, deviation = np.array([0.2, 0.3]), np.array([0.01, 0.02])
    cosines = np.array([[0.22, 0.30], [0.23, 0.34]])
    scores = logistic(standard_logits(cosines, mean, deviation))
    np.testing.assert_allclose(scores, [[0.5, 1 / (1 + np.exp(4))], [1 / (1 + np.exp(-2)), 0.5]])
