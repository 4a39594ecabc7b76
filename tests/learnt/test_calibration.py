"""A calibration: the quantile of its numbers, how many pictures that takes, and what it refuses."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip import Calibration
from zsclip.errors import ParameterError, ParameterTypeError

coverages = st.floats(0.001, 0.999)


def make(m: int = 9, **more: Any) -> Calibration:
    values: dict[str, Any] = {
        "temperature": 2.0,
        "bound": "",
        "pictures": 2 * m,
        "ece_before": 0.2,
        "ece_after": 0.1,
        "brier_before": 0.5,
        "brier_after": 0.4,
        "lac": np.arange(1, m + 1) / (m + 1),
        "aps": np.arange(1, m + 1) / (m + 2),
    }
    return Calibration(**(values | more))


@pytest.mark.parametrize(
    ("m", "coverage", "rank"),
    [(9, 0.9, 9), (19, 0.9, 18), (19, 0.95, 19), (10, 0.5, 6), (99, 0.07, 7), (99, 0.29, 29)],
)
def test_the_quantile_is_the_one_of_the_paper(m: int, coverage: float, rank: int) -> None:
    made = make(m)
    assert made.quantile(coverage) == made.lac[rank - 1]
    assert made.quantile(coverage, "aps") == made.aps[rank - 1]


@pytest.mark.parametrize(
    ("coverage", "held"), [(0.9, 9), (0.95, 19), (0.99, 99), (0.5, 1), (0.8, 4), (0.85, 6)]
)
def test_fewer_pictures_than_a_coverage_takes_bound_nothing(coverage: float, held: int) -> None:
    assert math.isinf(make(held - 1).quantile(coverage)) or held == 1
    assert math.isfinite(make(held).quantile(coverage))
    assert Calibration.pictures_needed(coverage) == 2 * held - 1


@given(coverage=coverages)
def test_so_many_pictures_are_needed_that_one_less_is_too_few(coverage: float) -> None:
    needed = Calibration.pictures_needed(coverage)
    for n, enough in ((needed, True), (needed - 1, False)):
        held = (n + 1) // 2
        assert (Decimal(str(coverage)) * (held + 1) <= held) is enough or n == 0


@given(low=coverages, high=coverages, m=st.integers(1, 200))
def test_a_higher_coverage_lets_stranger_labels_in(low: float, high: float, m: int) -> None:
    low, high = sorted((low, high))
    for method in ("lac", "aps"):
        assert make(m).quantile(low, method) <= make(m).quantile(high, method)


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 90, math.nan, math.inf, np.float32(1)])
def test_a_coverage_lies_between_0_and_1(coverage: float) -> None:
    for asked in (make().quantile, Calibration.pictures_needed):
        with pytest.raises(ParameterError, match=r"^`coverage` must be between 0 and 1, got "):
            asked(coverage)


@pytest.mark.parametrize("coverage", [None, "0.9", True, [0.9]])
def test_a_coverage_is_a_number(coverage: Any) -> None:
    for asked in (make().quantile, Calibration.pictures_needed):
        with pytest.raises(ParameterTypeError, match=r"^`coverage` must be a number, got "):
            asked(coverage)


@pytest.mark.parametrize("coverage", [np.float64(0.9), np.float32(0.9)])
def test_a_coverage_may_be_a_number_of_numpys(coverage: Any) -> None:
    assert make(9).quantile(coverage) in make(9).lac


@pytest.mark.parametrize("method", ["raps", "LAC", None, 1])
def test_another_way_to_make_sets_is_refused(method: Any) -> None:
    with pytest.raises(ParameterError, match=r'^`method` must be "lac" or "aps", got '):
        make().quantile(0.9, method)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"bound": "middle"},
        {"ece_before": math.nan},
        {"ece_after": math.inf},
        {"ece_after": None},
        {"brier_after": math.nan},
        {"lac": np.array([0.2, 0.1])},
        {"lac": np.array([0.2, np.nan])},
        {"lac": np.linspace(-0.1, 1, 9)},
        {"aps": np.linspace(-0.1, 1, 9)},
        {"lac": np.zeros((2, 2))},
        {"lac": np.zeros(8)},
        {"aps": np.array([np.inf])},
        {"pictures": 8},
    ],
)
def test_what_no_calibration_can_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"temperature|must|`lac`"):
        make(**wrong)


def test_a_calibration_of_labels_by_themselves_has_no_brier_score() -> None:
    made = make(brier_before=None, brier_after=None)
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_calibration_is_a_value() -> None:
    made = make()
    for again in (make(), pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert again == made
        assert hash(again) == hash(made)
        assert not again.lac.flags.writeable
    assert make(temperature=3.0) != made
    assert dataclasses.replace(made, lac=made.lac / 2) != made
