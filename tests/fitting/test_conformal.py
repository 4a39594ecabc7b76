"""How strange the truth is: what predictions measure, of the truth alone, in order."""

from __future__ import annotations

import numpy as np
import pytest
from logits import drawn

from zsclip.fitting.conformal import strangeness
from zsclip.scoring import softmax


def test_the_truth_is_as_strange_as_its_score_is_low() -> None:
    scores = np.array([[0.75, 0.25, 0], [0.5, 0.25, 0.25]], np.float32)
    lac, aps = strangeness(scores, np.array([1, 0]), np.array([0.5, 0.0]))
    assert lac.tolist() == [0, 0.75]
    assert aps.tolist() == [0, 0.75 + 0.125]
    lac, aps = strangeness(scores, np.array([1, 0]), np.array([0.5, 0.0]), empty=True)
    assert lac.tolist() == [0.5, 0.75]
    assert aps.tolist() == [0.5, 0.75 + 0.125]


def test_it_does_not_depend_on_the_order_of_pictures_or_labels() -> None:
    logits, truth = drawn(50, 7)
    scores = softmax(logits).astype(np.float32)
    random = np.random.default_rng(0)
    pictures, labels = random.permutation(50), random.permutation(7)
    again = strangeness(scores[pictures][:, labels], np.argsort(labels)[truth[pictures]])
    for values, expected in zip(again, strangeness(scores, truth), strict=True):
        assert (np.diff(values) >= 0).all()
        assert values == pytest.approx(expected, abs=1e-12)
