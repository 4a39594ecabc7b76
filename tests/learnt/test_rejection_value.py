"""`Rejection` as a value: what may stand in it, and what it says of itself."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip.learnt import METHODS, Learnt, Rejection, lowest

NEGATIVES = np.eye(3, 8, dtype=np.float32)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"method": "entropy"}, "no way to reject called 'entropy'"),
        ({"threshold": float("nan")}, "must be a finite number"),
        ({"threshold": float("inf")}, "must be a finite number"),
        ({"coverage": 1.5}, "`coverage` must be from 0 to 1"),
        ({"max_error": -0.1}, "`max_error` must be from 0 to 1"),
        ({"accepted": float("nan")}, "`accepted` must be from 0 to 1"),
        ({"error": 2.0}, "`error` must be from 0 to 1"),
        ({"negatives": NEGATIVES}, "'mcm' compares with nothing"),
        ({"method": "null", "negatives": NEGATIVES[0]}, "a row for each text"),
        ({"method": "null", "negatives": NEGATIVES[:0]}, "a row for each text"),
        ({"method": "neglabel", "negatives": NEGATIVES + np.float32("inf")}, "must be finite"),
    ],
)
def test_what_cannot_be_a_rejection_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Rejection(**{"method": "mcm", "threshold": 0.5, **given})


def rejection(negatives: NDArray[np.float32] = NEGATIVES) -> Rejection:
    return Rejection(
        method="neglabel",
        threshold=0.5,
        pictures=20,
        coverage=0.9,
        accepted=0.95,
        words="wordnet-words",
        negatives=negatives,
    )


def test_equal_rejections_are_one_and_their_negatives_are_rows_that_stay() -> None:
    one, other = rejection(), rejection(NEGATIVES[::-1])
    for again in (rejection(), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert hash(again) == hash(one)
        assert again.negatives is not None
        assert again.negatives.dtype == np.float32
        assert not again.negatives.flags.writeable
    assert one != other
    assert Learnt(rejection=one).id != Learnt(rejection=other).id


def test_predictions_carry_a_rejection_without_its_negatives() -> None:
    slim = Learnt(rejection=rejection()).for_predictions().rejection
    assert slim is not None
    assert slim.negatives is None
    assert (slim.method, slim.threshold, slim.words) == ("neglabel", 0.5, "wordnet-words")


def test_a_rejection_says_in_which_measure_its_threshold_is() -> None:
    assert repr(rejection()) == (
        "<Rejection accepts from neglabel = 0.5 on, for a coverage of 0.9, of 20 pictures; of "
        "these it accepts 95.0%>"
    )
    by_hand = Rejection(method="energy", threshold=31.5)
    assert repr(by_hand) == "<Rejection accepts from energy = 31.5 on, given>"
    for method in METHODS:
        everything = Rejection(method=method, threshold=lowest(method))
        assert repr(everything) == f"<Rejection accepts everything by {method}, given>"
