"""Accuracy at each depth, against scikit-learn over the sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import accuracy_score

from zsclip import Label, LabelSet
from zsclip.evaluation.depths import accuracy_of_depths, cell_scores
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
    found = accuracy_of_depths(scores, np.array([2, 1]), ZOO.tree.cells)
    assert found.tolist() == [1.0, 0.5, 0.0]


@given(
    arrays.arrays(np.float32, (17, 5), elements=st.floats(0, 1, width=32)),
    arrays.arrays(np.int64, 17, elements=st.integers(0, 4)),
)
def test_each_depth_agrees_with_the_answers_that_predictions_give(scores: Any, truth: Any) -> None:
    tree = ZOO.tree
    found = accuracy_of_depths(scores, truth, tree.cells)
    for depth, cells in enumerate(tree.cells):
        owner = {label: node for node, labels in cells for label in labels}
        sums = cell_scores(scores, cells)
        assert sums == pytest.approx(
            np.stack([scores[:, list(labels)].sum(axis=1) for _, labels in cells], axis=1), abs=1e-5
        )
        answers = [cells[i][0] for i in sums.argmax(axis=1)]
        assert found[depth] == accuracy_score([owner[i] for i in truth], answers)
    assert found[-1] == accuracy_score(truth, scores.argmax(axis=1))


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
    assert accuracy_of_depths(scores, truth, ZOO.tree.cells)[-1] == 1
    assert np.isnan(accuracy_of_depths(scores[:0], truth[:0], ZOO.tree.cells)).all()
