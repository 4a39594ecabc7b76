"""Scores of groups: sums, the best of each depth, and how far down one can be sure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from zsclip import Label, LabelSet, NodeScore, Prediction, ZeroShotClassifier
from zsclip.errors import LabelError, LabelNotFoundError, ParameterError, ParameterTypeError
from zsclip.labels import Group
from zsclip.results.ranks import best_of_depths, deepest_sure, sum_below

ZOO = LabelSet(
    "zoo",
    (
        Label("owl", "owl", parent="bird"),
        Label("wren", "wren", parent="bird"),
        Label("dog", "dog", parent="mammal"),
        Label("poodle", "poodle", parent="dog"),
        Label("robot", "robot"),
    ),
    groups=(Group("bird", "bird"), Group("mammal", "mammal")),
)


def scored(*scores: float) -> list[float]:
    return [float(np.float32(score)) for score in scores]


UNSURE = scored(0.5, 0.4, 0.04, 0.01, 0.05)


def test_the_best_of_each_depth() -> None:
    top, middle, last = best_of_depths(UNSURE, ZOO.tree)
    assert (top.name, top.id, top.depth) == ("bird", "bird", 0)
    assert top.score == pytest.approx(0.9)
    assert (middle.name, middle.score) == ("owl", 0.5)
    assert (last.name, last.score, last.depth) == ("owl", 0.5, 1)


def test_depths_are_judged_apart() -> None:
    found = best_of_depths(scored(0.3, 0.3, 0.4, 0, 0), ZOO.tree)
    assert [node.name for node in found] == ["bird", "dog", "dog"]


def test_a_label_above_others_has_its_own_alone_where_these_are_told_apart() -> None:
    found = best_of_depths(scored(0.1, 0.1, 0.3, 0.4, 0.1), ZOO.tree)
    assert [node.name for node in found] == ["mammal", "dog", "poodle"]
    assert [node.score for node in found] == pytest.approx([0.7, 0.7, 0.4])


@pytest.mark.parametrize(
    ("threshold", "name"),
    [(0.95, None), (0.9, "bird"), (0.8, "bird"), (0.51, "bird"), (0.5, "owl"), (0.4, "owl")],
)
def test_the_deepest_that_is_sure(threshold: float, name: str | None) -> None:
    found = deepest_sure(UNSURE, ZOO.tree, threshold)
    assert (found and found.name) == name


def test_of_equal_ones_the_first_is_taken() -> None:
    found = deepest_sure(scored(0.3, 0.3, 0.1, 0.1, 0.2), ZOO.tree, 0.3)
    assert found == NodeScore("owl", "owl", 1, found.score if found else 0)
    assert best_of_depths(scored(0.25, 0.25, 0.25, 0.25, 0), ZOO.tree)[0].name == "bird"


def test_what_sums_up_to_one_is_as_sure_as_one() -> None:
    share = float(np.float32(1 / 3))
    alike = [Label(str(i), str(i), parent="all") for i in range(3)]
    tree = LabelSet("x", tuple(alike), groups=(Group("all", "all"),)).tree
    found = deepest_sure([share * (1 - 1e-7)] * 3, tree, 1)
    assert found is not None
    assert found.name == "all"
    assert sum_below([share] * 3, (0, 1, 2)) <= 1


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_a_threshold_that_no_sum_can_have(threshold: float) -> None:
    with pytest.raises(ParameterError, match="`threshold` must be above 0 and at most 1, got"):
        deepest_sure(UNSURE, ZOO.tree, threshold)


@pytest.mark.parametrize("threshold", [True, "0.8", None])
def test_a_threshold_that_is_no_number(threshold: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`threshold` must be a number, got"):
        deepest_sure(UNSURE, ZOO.tree, threshold)


@given(
    arrays.arrays(np.float64, 5, elements=st.floats(0, 1)).filter(lambda x: x.sum() > 0),
    st.floats(0.01, 1),
)
def test_sums_agree_with_each_other(raw: Any, threshold: float) -> None:
    shares = (raw / raw.sum()).astype(np.float32)
    scores, tree = shares.tolist(), ZOO.tree
    for cells, best in zip(tree.cells, best_of_depths(scores, tree), strict=True):
        sums = [sum_below(scores, labels) for _, labels in cells]
        assert sum(sums) == pytest.approx(1, abs=1e-6)
        assert best.score == max(sums)
    for node in tree.nodes:
        plain = float(shares[list(node.labels)].sum(dtype=np.float64))
        assert sum_below(scores, node.labels) == pytest.approx(min(1, plain), abs=1e-12)
    found = deepest_sure(scores, tree, threshold)
    sums = [sum_below(scores, node.labels) for node in tree.nodes]
    if found is None:
        assert max(sums) < threshold
    else:
        assert found.score >= threshold - 1e-6
        deeper = [s for s, node in zip(sums, tree.nodes, strict=True) if node.depth > found.depth]
        assert all(score < threshold for score in deeper)


def test_predictions_answer_from_the_tree(drawings: Path) -> None:
    clf = ZeroShotClassifier("cartoon-animals", model="tiny-cartoon", precision="fp32")
    prediction = clf.classify(drawings / "owl.png") if (drawings / "owl.png").exists() else None
    prediction = prediction or clf.classify(drawings / "fish.png")
    below = [i for i, label in enumerate(clf.labelset) if label.parent == "fishes"]
    assert prediction.at("fishes") == pytest.approx(float(prediction.scores[below].sum()), abs=1e-6)
    assert prediction.at("Fishes") == prediction.at("fishes")
    assert prediction.at(prediction.label_id) == prediction.score
    assert prediction.ranks()[-1] == NodeScore(
        prediction.label,
        prediction.label_id,
        clf.labelset.tree.node(prediction.label_id).depth,
        prediction.score,
    )
    sure = prediction.deepest(0.2)
    assert sure is not None
    assert sure.score == prediction.at(sure.id)
    assert prediction.deepest(1.0) is None
    with pytest.raises(LabelNotFoundError, match="Did you mean"):
        prediction.at("fishs")


@pytest.mark.parametrize("kind", ["several labels", "sigmoid"])
def test_sums_of_scores_that_do_not_share_are_refused(
    colors: ZeroShotClassifier, solid: Any, kind: str
) -> None:
    import dataclasses

    prediction = colors.classify(solid("red"))
    assert prediction.at("red") == prediction.score
    model = prediction.origin.model
    origin = (
        dataclasses.replace(prediction.origin, multi_label=True)
        if kind == "several labels"
        else dataclasses.replace(
            prediction.origin, model=dataclasses.replace(model, score_function="sigmoid")
        )
    )
    alone = Prediction("x", prediction.scores, prediction.labelset, origin)
    for call in (lambda: alone.at("red"), alone.ranks, alone.deepest):
        with pytest.raises(LabelError, match="mean nothing where each label is scored by itself"):
            call()
