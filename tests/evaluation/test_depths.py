"""Accuracy at each depth, against scikit-learn over the sums."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from evaluations import made
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import accuracy_score

from zsclip import Evaluation, Label, LabelSet
from zsclip.errors import LabelError, ParameterError
from zsclip.evaluation import DepthResult
from zsclip.evaluation.depths import cell_scores, right_at
from zsclip.labels import Group
from zsclip.results.ranks import best_of_depths

ZOO = LabelSet(
    "zoo",
    (
        Label("owl", "owl", parent="bird"),
        Label("dog", "dog", parent="mammal"),
        Label("wren", "wren", parent="bird"),
        Label("poodle", "poodle", parent="dog"),
        Label("robot", "robot"),
    ),
    groups=(Group("bird", "bird"), Group("mammal", "mammal")),
)


def test_a_bird_taken_for_another_is_a_bird() -> None:
    scores = np.array([[0.4, 0.1, 0.3, 0.1, 0.1], [0.1, 0.3, 0.1, 0.4, 0.1]], np.float32)
    found = [right_at(scores, np.array([2, 1]), cells).tolist() for cells in ZOO.tree.cells]
    assert found == [[True, True], [False, True], [False, False]]


@given(
    arrays.arrays(np.float32, (17, 5), elements=st.floats(0, 1, width=32)),
    arrays.arrays(np.int64, 17, elements=st.integers(0, 4)),
)
def test_each_depth_agrees_with_the_answers_that_predictions_give(scores: Any, truth: Any) -> None:
    tree = ZOO.tree
    for cells in tree.cells:
        found = right_at(scores, truth, cells).mean()
        owner = {label: node for node, labels in cells for label in labels}
        sums = cell_scores(scores, cells)
        assert sums == pytest.approx(
            np.stack([scores[:, list(labels)].sum(axis=1) for _, labels in cells], axis=1), abs=1e-5
        )
        answers = [cells[i][0] for i in sums.argmax(axis=1)]
        assert found == accuracy_score([owner[i] for i in truth], answers)
    assert found == accuracy_score(truth, scores.argmax(axis=1))


def test_predictions_and_evaluation_agree_on_shares() -> None:
    scores = np.random.default_rng(0).dirichlet(np.full(5, 0.3), 200).astype(np.float32)
    tree = ZOO.tree
    ranks = [best_of_depths(row.tolist(), tree) for row in scores]
    for depth, cells in enumerate(tree.cells):
        best = cell_scores(scores, cells).argmax(axis=1)
        assert [tree.nodes[cells[i][0]].id for i in best] == [rank[depth].id for rank in ranks]


def test_more_pictures_than_a_block_and_none() -> None:
    scores = np.random.default_rng(1).dirichlet(np.ones(5), 9000)
    truth = scores.argmax(axis=1)
    for cells in ZOO.tree.cells:
        found = right_at(scores, truth, cells)
        for start in (0, 1000, 8999):
            alone = right_at(scores[start : start + 1], truth[start : start + 1], cells)
            assert found[start] == alone[0]
        assert right_at(scores[:0], truth[:0], cells).shape == (0,)
    assert found.all()


def evaluation() -> Evaluation:
    scores = [[0.4, 0.1, 0.3, 0.1, 0.1], [0.1, 0.3, 0.1, 0.4, 0.1]]
    return made(scores, ["wren", "dog"], ZOO)


def test_an_evaluation_tells_each_depth() -> None:
    found = evaluation()
    assert found.depths == (DepthResult(0, 3, 1.0), DepthResult(1, 4, 0.5), DepthResult(2, 5, 0.0))
    assert found.depths[-1].accuracy == found.accuracy
    assert found.metric("accuracy_at_0") == 1
    assert found.interval("accuracy_at_0") == (1, 1)
    assert [name for name in found.metrics() if "_at_" in name] == [
        "accuracy_at_0",
        "accuracy_at_1",
    ]
    assert found.to_dict()["metrics"]["accuracy_at_1"]["value"] == 0.5
    assert "accuracy at depth 0      100.0 %" in str(found)
    assert repr(found) == "<Evaluation of 2 pictures: accuracy (top-1) 0.000>"


def test_where_nothing_has_a_group_there_is_one_depth() -> None:
    found = made([0, 1, 1], ["a", "b", "c"])
    assert [(row.depth, row.accuracy) for row in found.depths] == [(0, found.accuracy)]
    assert not [name for name in found.metrics() if "_at_" in name]


def test_a_depth_that_there_is_not() -> None:
    with pytest.raises(ParameterError, match="have 3 depths, from 0 to 2, and none 3"):
        evaluation().metric("accuracy_at_3")


def test_scores_that_do_not_share_have_no_depths() -> None:
    found = dataclasses.replace(evaluation(), scores=np.full((2, 5), 0.9, np.float32))
    with pytest.raises(ParameterError, match="mean nothing where each label is scored by itself"):
        _ = found.depths
    assert not [name for name in found.metrics() if "_at_" in name]


def test_groups_without_end_leave_the_other_metrics() -> None:
    groups = [Group(f"g{i}", f"g{i}", f"g{i - 1}" if i else None) for i in range(101)]
    labels = LabelSet("x", (Label("a", "a", parent="g100"), Label("b", "b")), groups=tuple(groups))
    found = made([0, 1], ["a", "b"], labels)
    assert found.metrics()["accuracy"] == 1
    with pytest.raises(LabelError, match="nested more than 100 deep"):
        _ = found.depths
