"""Two classifiers on the same pictures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from evaluations import made
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from zsclip import Comparison
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.evaluation.comparison import mcnemar


@given(st.integers(0, 400), st.integers(0, 400))
def test_p_is_that_of_scipys_binomial_test(one: int, two: int) -> None:
    expected = binomtest(one, one + two, 0.5).pvalue if one + two else 1.0
    assert mcnemar(one, two) == pytest.approx(expected, rel=1e-9)


def test_p_of_very_many_pictures_is_no_fault() -> None:
    assert mcnemar(25_000, 25_000) == 1
    assert 0 <= mcnemar(0, 50_000) < 1e-300
    expected = norm.sf(500 / 1000) * 2  # of so many, the normal distribution's but for little
    assert mcnemar(500_250, 499_750) == pytest.approx(expected, rel=2e-3)


def test_pictures_that_one_alone_has_right_are_counted() -> None:
    truth = ["a"] * 10
    first, second = made([0] * 9 + [1], truth, "ab"), made([0, 0, 1, 1, 1, 1, 1, 1, 1, 0], truth)
    found = first.compare(made([0, 0, 1, 1, 1, 1, 1, 1, 1, 0], truth, "ab"))
    assert found == Comparison(10, 0.9, 0.3, 7, 1, mcnemar(7, 1))
    assert not found.differ
    assert str(found) == (
        "The first classifier has an accuracy of 90.0%, the second of 30.0% on the same 10 "
        "pictures; 7 the first alone has right, and 1 the second alone. By McNemar's exact test "
        "these pictures do not show that they differ (p = 0.07)."
    )
    assert json.loads(json.dumps(found.to_dict()))["differ"] is False
    assert second.accuracy == 0.3


def test_it_says_which_is_better() -> None:
    truth = ["a"] * 20
    right, wrong = made([0] * 20, truth, "ab"), made([1] * 20, truth, "ab")
    assert right.compare(wrong).differ
    assert str(right.compare(wrong)).endswith("the first is better (p = 1.9e-06).")
    assert "the second is better" in str(wrong.compare(right))
    same = right.compare(right)
    assert (same.p_value, same.differ) == (1, False)


def test_pictures_are_paired_by_their_sources_in_any_order() -> None:
    first = made([0, 1], ["a", "b"], "ab", sources=("x", "y"))
    other = made([1, 1], ["b", "a"], "ab", sources=("y", "x"))
    found = first.compare(other)
    assert (found.only_first, found.only_other) == (1, 0)


def test_pictures_of_one_source_are_paired_in_their_order() -> None:
    first = made([0, 1, 0], ["a", "b", "a"], "ab", sources=("<bytes>", "<bytes>", "x"))
    other = made([0, 0, 0], ["a", "a", "b"], "ab", sources=("x", "<bytes>", "<bytes>"))
    found = first.compare(other)
    assert (found.pictures, found.only_first, found.only_other) == (3, 1, 0)


def test_other_pictures_are_refused_by_name() -> None:
    first = made([0, 1], ["a", "b"], "ab", sources=("x.png", "y.png"))
    for sources in (("x.png", "z.png"), ("x.png", "x.png")):
        other = made([0, 1], ["a", "b"], "ab", sources=sources)
        with pytest.raises(ParameterError, match=r"1 only in the first: y\.png; 1 only in the oth"):
            first.compare(other)
    fewer = made([0], ["a"], "ab", sources=("x.png",))
    with pytest.raises(ParameterError, match=r"first: y\.png\. Evaluate both"):
        first.compare(fewer)


def test_another_truth_is_refused_by_name() -> None:
    first = made([0, 1], ["a", "b"], "ab")
    with pytest.raises(ParameterError, match=r"1\.png with 'b' and 'a'"):
        first.compare(made([0, 1], ["a", "a"], "ab"))


def test_labels_in_another_order_have_the_same_truth() -> None:
    assert made([0, 1], ["a", "b"], "ab").compare(made([1, 0], ["a", "b"], "ba")).p_value == 1


@pytest.mark.parametrize("other", [None, 0.9, "evaluation"])
def test_what_is_no_evaluation_cannot_be_compared(other: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`other` must be an Evaluation"):
        made([0], ["a"], "ab").compare(other)
