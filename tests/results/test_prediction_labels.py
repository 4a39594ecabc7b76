"""Scores by the names of labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from evaluations import made

from zsclip import Label, LabelSet, Prediction
from zsclip.errors import LabelError, LabelNotFoundError, ParameterTypeError
from zsclip.labels import Group

LABELS = LabelSet(
    "animals",
    (
        Label("n1", "frog", ("toad",), parent="wet"),
        Label("n2", "fish", parent="wet"),
        Label("n3", "Bird"),
    ),
    groups=(Group("wet", "swims"), Group("bird", "bird")),
)
ORIGIN = made([0], ["a"]).origin


def predict(*scores: float) -> Prediction:
    return Prediction("a.png", np.array(scores, np.float32), LABELS, ORIGIN)


@pytest.mark.parametrize("name", ["frog", "FROG", "toad", "n1", " frog"])
def test_a_label_is_asked_for_by_its_id_name_or_alias(name: str) -> None:
    score = predict(0.25, 0.5, 0.25)[name]
    assert score == 0.25
    assert type(score) is float


def test_a_label_goes_before_a_group_of_its_name() -> None:
    assert predict(0.25, 0.25, 0.5)["bird"] == 0.5


def test_an_unknown_label_is_told_with_the_nearest_names() -> None:
    with pytest.raises(LabelNotFoundError) as caught:
        predict(0.25, 0.5, 0.25)["forg"]
    assert str(caught.value) == "There is no label 'forg'. Did you mean 'frog'?"


@pytest.mark.parametrize("name", ["wet", "swims"])
def test_a_group_is_no_label_and_told_of_as_one(name: str) -> None:
    prediction = predict(0.25, 0.5, 0.25)
    with pytest.raises(LabelNotFoundError, match=rf"'{name}' is a group and no label.* at\("):
        prediction[name]
    assert prediction.at(name) == 0.75


@pytest.mark.parametrize("position", [0, None, b"frog", ["frog"], slice(1)])
def test_a_label_is_not_asked_for_by_its_position(position: object) -> None:
    with pytest.raises(ParameterTypeError, match="A label is named by its id or its name, got "):
        predict(0.25, 0.5, 0.25)[position]  # type: ignore[index]


def test_a_prediction_is_no_sequence_all_the_same() -> None:
    prediction: Any = predict(0.25, 0.5, 0.25)
    with pytest.raises(TypeError, match="not iterable"):
        iter(prediction)
    assert not isinstance(prediction, Iterable)
    assert np.array([prediction, prediction], object).shape == (2,)


def test_the_scores_by_names_come_in_the_order_of_the_set() -> None:
    told = predict(0.25, 0.5, 0.25).as_dict()
    assert list(told.items()) == [("frog", 0.25), ("fish", 0.5), ("Bird", 0.25)]
    assert {type(score) for score in told.values()} == {float}


def test_no_two_labels_share_a_name_so_that_none_is_lost() -> None:
    with pytest.raises(LabelError, match="frog"):
        LabelSet("twins", (Label("a", "frog"), Label("b", "frog")))
