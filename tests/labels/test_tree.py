"""Which labels lie below which node, of trees of every form."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip import Label, LabelSet, load_labelset
from zsclip.errors import LabelError, LabelNotFoundError, ParameterTypeError
from zsclip.labels import Group
from zsclip.labels.tree import DEEPEST, tree_of

ZOO = LabelSet(
    "zoo",
    (
        Label("owl", "owl", ("barn owl",), parent="bird"),
        Label("dog", "dog", parent="mammal"),
        Label("poodle", "poodle", parent="dog"),
        Label("robot", "robot"),
    ),
    groups=(Group("animal", "Animal"), Group("bird", "bird", "animal"), Group("mammal", "mammal")),
)


@st.composite
def label_sets(draw: st.DrawFn) -> LabelSet:
    """Label sets whose labels and groups lie below any that come before them."""
    kinds = draw(st.lists(st.booleans(), max_size=12))
    owners: list[Any] = [Label("n0", "name 0")]
    for i, is_label in enumerate(kinds, start=1):
        parent = draw(st.none() | st.sampled_from([owner.id for owner in owners]))
        made: Any = Label if is_label else Group
        owners.append(made(f"n{i}", f"name {i}", parent=parent))
    labels = [owner for owner in owners if isinstance(owner, Label)]
    groups = [owner for owner in owners if isinstance(owner, Group)]
    return LabelSet("drawn", tuple(labels), groups=tuple(groups))


def test_a_node_holds_itself_and_what_is_below() -> None:
    tree = ZOO.tree
    assert {node.id: (node.depth, node.labels) for node in tree.nodes} == {
        "animal": (0, (0,)),
        "bird": (1, (0,)),
        "mammal": (0, (1, 2)),
        "owl": (2, (0,)),
        "dog": (1, (1, 2)),
        "poodle": (2, (2,)),
        "robot": (0, (3,)),
    }
    assert tree.node("dog").label == 1
    assert tree.node("bird").label is None


def test_cells_part_the_labels_at_each_depth() -> None:
    named = [{ZOO.tree.nodes[i].id: labels for i, labels in cells} for cells in ZOO.tree.cells]
    assert named == [
        {"animal": (0,), "mammal": (1, 2), "robot": (3,)},
        {"bird": (0,), "dog": (1, 2), "robot": (3,)},
        {"owl": (0,), "dog": (1,), "poodle": (2,), "robot": (3,)},
    ]


@given(label_sets())
def test_every_depth_holds_each_label_once_and_refines_the_one_above(labels: LabelSet) -> None:
    tree = tree_of(labels.name, labels.labels, labels.groups)
    everything = list(range(len(labels)))
    above = [set(everything)]
    for cells in tree.cells:
        parts = [set(part) for _, part in cells]
        assert sorted(i for part in parts for i in part) == everything
        assert all(any(part <= wider for wider in above) for part in parts)
        above = parts
    assert [len(part) for _, part in tree.cells[-1]] == [1] * len(labels)
    assert tree.depths == 1 + max(node.depth for node in tree.nodes if node.label is not None)


@given(label_sets())
def test_a_node_holds_what_names_it_on_the_way_up(labels: LabelSet) -> None:
    owners: list[Label | Group] = [*labels.groups, *labels.labels]
    parents = {owner.id: owner.parent for owner in owners}
    for node in labels.tree.nodes:
        below = []
        for i, label in enumerate(labels):
            at: str | None = label.id
            while at is not None and at != node.id:
                at = parents[at]
            if at == node.id:
                below.append(i)
        assert node.labels == tuple(below)


@pytest.mark.parametrize(
    ("text", "id_"),
    [("animal", "animal"), ("ANIMAL ", "animal"), ("Barn  Owl", "owl"), ("poodle", "poodle")],
)
def test_nodes_are_known_by_id_name_and_alias(text: str, id_: str) -> None:
    assert ZOO.tree.node(text).id == id_


def test_an_id_goes_before_a_name_and_a_name_before_an_alias() -> None:
    labels = LabelSet(
        "x",
        (Label("a", "b", ("d",)), Label("c", "e", ("f",))),
        groups=(Group("b", "x"), Group("g", "d")),
    )
    assert [labels.tree.node(text).id for text in ("b", "B ", "d", "F")] == ["b", "a", "g", "c"]


def test_a_node_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(LabelNotFoundError, match=r"no label 'brid'\. Did you mean 'bird'"):
        ZOO.tree.node("brid")
    wrong: Any = 3
    with pytest.raises(ParameterTypeError, match="by its id or its name, got 3"):
        ZOO.tree.node(wrong)


def test_a_name_of_several_nodes_is_refused_with_their_ids() -> None:
    labels = LabelSet(
        "x", (Label("a", "a"),), groups=(Group("crane-bird", "crane"), Group("crane-tool", "crane"))
    )
    with pytest.raises(
        LabelError, match=r"'crane'\. Use the id of one: 'crane-bird', 'crane-tool'"
    ):
        labels.tree.node("crane")


def test_a_chain_without_end_is_refused_when_the_tree_is_asked_for() -> None:
    def chain(n: int) -> LabelSet:
        groups = [Group(f"g{i}", f"g{i}", f"g{i - 1}" if i else None) for i in range(n)]
        return LabelSet("chain", (Label("a", "a", parent=f"g{n - 1}"),), groups=tuple(groups))

    assert chain(DEEPEST - 1).tree.depths == DEEPEST
    too_deep = chain(20_000)  # the set itself can be used
    with pytest.raises(LabelError, match="nested more than 100 deep"):
        _ = too_deep.tree


def test_the_tree_is_made_once_and_is_no_part_of_the_value() -> None:
    labels = load_labelset("cartoon-animals")
    assert labels.tree is labels.tree
    for other in (copy.deepcopy(labels), pickle.loads(pickle.dumps(labels))):
        assert other == labels
        assert repr(other.tree) == repr(labels.tree) == "<Tree 115 nodes, 3 depths>"
