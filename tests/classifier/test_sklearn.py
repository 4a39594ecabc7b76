"""`predict`, `predict_proba` and `classes_` mean what they mean in scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, log_loss, top_k_accuracy_score

from zsclip import ZeroShotClassifier

Solid = Callable[[str], Image.Image]

TRUTH = ["red", "green", "blue", "blue", "green"]


@pytest.fixture
def pictures(solid: Solid) -> list[Any]:
    """Of the colors in `TRUTH`, but for the last, which is blue."""
    return [solid(color) for color in [*TRUTH[:-1], "blue"]]


def test_shapes_types_and_the_order_of_columns(
    colors: ZeroShotClassifier, pictures: list[Any]
) -> None:
    proba, names = colors.predict_proba(pictures), colors.predict(pictures)
    assert proba.shape == (5, 3)
    assert proba.dtype == np.float32
    assert (names.shape, names.dtype.kind) == ((5,), "U")
    assert colors.classes_.dtype.kind == "U"
    assert list(colors.classes_) == ["red", "green", "blue"]
    np.testing.assert_array_equal(names, colors.classes_[proba.argmax(axis=1)])
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    for row, prediction in zip(proba, colors.classify_many(pictures), strict=True):
        np.testing.assert_array_equal(row, prediction.scores)
        assert {s.label: s.score for s in prediction.top(3)} == dict(
            zip(colors.classes_, row.tolist(), strict=True)
        )


def test_of_nothing_there_are_no_names_and_no_scores(colors: ZeroShotClassifier) -> None:
    assert colors.predict([]).shape == (0,)
    assert colors.predict([]).dtype.kind == "U"
    proba = colors.predict_proba([])
    assert proba.shape == (0, 3)
    assert proba.dtype == np.float32


def test_accuracy(colors: ZeroShotClassifier, pictures: list[Any]) -> None:
    assert accuracy_score(TRUTH, colors.predict(pictures)) == pytest.approx(4 / 5)


def test_metrics_of_scores_with_columns_in_sorted_order(
    colors: ZeroShotClassifier, pictures: list[Any]
) -> None:
    """Its metrics take columns by the sorted labels; the docstring of `classes_` says how."""
    proba, classes = colors.predict_proba(pictures).astype(float), colors.classes_
    columns = [list(classes).index(label) for label in TRUTH]
    by_hand = -np.log(proba[np.arange(len(TRUTH)), columns]).mean()

    order = np.argsort(classes)
    sorted_proba = proba[:, order] / proba.sum(axis=1, keepdims=True)
    assert log_loss(TRUTH, sorted_proba, labels=classes[order]) == pytest.approx(by_hand, rel=1e-5)
    assert top_k_accuracy_score(TRUTH, sorted_proba, k=2, labels=classes[order]) <= 1
    assert top_k_accuracy_score(TRUTH, sorted_proba, k=1, labels=classes[order]) == 4 / 5


def test_with_the_embedded_model(tiny: ZeroShotClassifier, drawings: Path) -> None:
    paths = [drawings / name for name in ("tigerside.png", "frog.png", "octopus.png")]
    truth = ["tiger", "frog", "octopus"]
    assert accuracy_score(truth, tiny.predict(paths)) == 1
    order = np.argsort(tiny.classes_)
    proba = tiny.predict_proba(paths).astype(float)[:, order]
    proba /= proba.sum(axis=1, keepdims=True)
    assert 0 < log_loss(truth, proba, labels=tiny.classes_[order]) < np.log(4)
