"""What is learnt is a value: equal by its content, read-only, sent and copied, and checked."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from hand_made import some_parts

from zsclip import Calibration, Probe, Rejection, Standardization, Thresholds
from zsclip.learnt import LearntValue

PARTS = some_parts(3, 8)
THRESHOLDS = PARTS["thresholds"]


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_equal_content_is_equal(part: LearntValue) -> None:
    again = some_parts(3, 8)[next(name for name, other in PARTS.items() if other is part)]
    assert again == part
    assert hash(again) == hash(part)
    assert part != "something else"
    for other in some_parts(4, 8).values():
        assert (other == part) is (isinstance(part, Calibration) and type(other) is type(part))


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_it_travels_and_stays_read_only(part: LearntValue) -> None:
    sent = pickle.loads(pickle.dumps(part))
    assert sent == part
    assert copy.copy(part) is copy.deepcopy(part) is part
    for value in (part, sent):
        for array in value.arrays().values():
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.pictures = 1  # type: ignore[attr-defined]


def test_arrays_are_copied() -> None:
    values = np.array([0.5, 0.5, 0.5])
    assert isinstance(THRESHOLDS, Thresholds)
    thresholds = dataclasses.replace(THRESHOLDS, values=values)
    values[0] = 0
    assert thresholds.values[0] == 0.5


def test_what_it_prints_is_short() -> None:
    assert repr(PARTS["probe"]) == (
        "Probe(pictures=20, c=0.5, start='zero', weights=<float32 (3, 8)>, bias=<float32 (3,)>)"
    )


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        (Calibration, {"temperature": 0.0}, "must be positive, and is 0"),
        (Calibration, {"temperature": float("nan")}, "must be positive"),
        (Calibration, {"aps": np.array([2.0, 1.0])}, "`aps` must hold finite numbers in ascending"),
        (Probe, {"bias": np.zeros(2, np.float32)}, "a row of weights and a bias"),
        (Probe, {"bias": np.full(3, np.nan, np.float32)}, "must be finite"),
        (Probe, {"start": "texts"}, "starts at one of"),
        (Probe, {"c": 0.0}, "must be positive, and is 0"),
        (Standardization, {"deviation": np.zeros(3)}, "must be positive"),
        (Standardization, {"mean": np.zeros(2)}, "for each label"),
        (Thresholds, {"values": np.full(3, np.nan)}, "must be numbers"),
        (Rejection, {"method": "luck"}, "no way to reject called 'luck'"),
        (Rejection, {"threshold": float("nan")}, "must be a finite number"),
    ],
)
def test_what_cannot_be_is_refused(kind: Any, changes: dict[str, Any], told: str) -> None:
    part: Any = next(part for part in PARTS.values() if isinstance(part, kind))
    with pytest.raises(ValueError, match=told):
        dataclasses.replace(part, **changes)
