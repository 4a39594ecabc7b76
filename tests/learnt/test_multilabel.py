"""What several labels learn, as values: what they refuse, and how they travel and are shown."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zsclip import Standardization, Thresholds

SPREAD = Standardization(pictures=20, mean=np.array([0.2, 0.3]), deviation=np.array([0.01, 0.02]))
LIMITS = Thresholds(
    target="precision 0.9",
    pictures=1200,
    temperature=2.0,
    bias=-1.0,
    brier_before=0.2,
    brier_after=0.1,
    precision=0.91,
    recall=0.5,
    f1=0.6454,
    values=np.array([0.4, np.inf]),
    own=np.array([1.0, 0.0]),
)


@pytest.mark.parametrize("value", [SPREAD, LIMITS], ids=["spread", "thresholds"])
def test_what_several_labels_learn_is_a_value(value: Any) -> None:
    other = pickle.loads(pickle.dumps(value))
    assert other == value
    assert hash(other) == hash(value)
    with pytest.raises(ValueError, match="read-only"):
        next(iter(other.arrays().values()))[0] = 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean": np.array([0.2])}, "a mean and a deviation are needed for each label"),
        ({"mean": np.array([0.2, np.nan])}, "must be finite"),
        ({"deviation": np.array([0.01, 0.0])}, "must be positive"),
    ],
)
def test_a_spread_that_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SPREAD, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.array([0.2])}, "a threshold is needed for each label"),
        ({"values": np.array([[0.2, 0.3]])}, "a threshold is needed for each label"),
        ({"values": np.array([0.2, np.nan])}, "thresholds must be numbers"),
        ({"temperature": 0.0}, "a temperature must be positive"),
        ({"temperature": np.inf}, "a temperature must be positive"),
        ({"bias": np.inf}, "a bias must be finite"),
    ],
)
def test_thresholds_that_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(LIMITS, **change)


def test_thresholds_are_shown_by_what_they_are_worth() -> None:
    assert repr(LIMITS) == (
        "<Thresholds for precision 0.9, of 1,200 pictures: precision 0.910, recall 0.500, F1 0.645,"
        " cross-validated>"
    )
