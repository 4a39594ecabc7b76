"""What users say is true, to positions in a label set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zsclip import Label, LabelSet
from zsclip.errors import LabelNotFoundError, ParameterError, ParameterTypeError
from zsclip.evaluation import indices_of

PETS = LabelSet(
    "pets",
    (
        Label("n01", "cat", ("kitten", "pussy cat")),
        Label("n02", "dog", ("hound",)),
        Label("hound", "greyhound"),
    ),
)


def test_ids_go_before_names_and_names_before_aliases() -> None:
    truth = ["n02", "dog", "kitten", "hound", "greyhound"]
    assert indices_of(PETS, truth).indices.tolist() == [1, 1, 0, 2, 2]


def test_what_does_not_tell_texts_apart_in_label_sets_does_not_here() -> None:
    truth = ["N01", " Pussy  CAT ", "ｄｏｇ"]
    assert indices_of(PETS, truth).indices.tolist() == [0, 0, 1]


def test_capitals_that_tell_ids_apart_do_so_here() -> None:
    letters = LabelSet("letters", (Label("A", "capital a"), Label("a", "small a")))
    assert indices_of(letters, ["a", "A"]).indices.tolist() == [1, 0]
    accents = LabelSet("accents", (Label("É", "capital"), Label("é", "small")))
    assert indices_of(accents, ["é"]).indices.tolist() == [1]
    with pytest.raises(ParameterError, match=r"`truth\[0\]` must mean one label.*'É', 'é'"):
        indices_of(accents, ["e\u0301"])


def test_integers_are_positions_whoever_made_them() -> None:
    truth = [0, np.int64(2), np.uint8(1)]
    assert indices_of(PETS, truth).indices.tolist() == [0, 2, 1]
    found = indices_of(PETS, np.array([2, 1, 0], np.uint8)).indices
    assert found.tolist() == [2, 1, 0]
    assert found.dtype == np.int64


def test_arrays_and_generators_of_texts_are_truth() -> None:
    assert indices_of(PETS, np.array(["dog", "cat"])).indices.tolist() == [1, 0]
    assert indices_of(PETS, (text for text in ("dog", "cat"))).indices.tolist() == [1, 0]
    assert indices_of(PETS, []).indices.shape == (0,)


def test_what_is_no_label_is_listed_with_its_place() -> None:
    truth = indices_of(PETS, ["cat", "cow", 3, -1, None, "dog"])
    assert truth.indices.tolist() == [0, -1, -1, -1, -1, 1]
    assert truth.unknown == ((1, "cow"), (2, 3), (3, -1), (4, None))
    assert truth.known.tolist() == [True, False, False, False, False, True]


def test_fitting_can_ask_for_nothing_but_labels() -> None:
    indices_of(PETS, ["cat"]).require_known(PETS)
    with pytest.raises(LabelNotFoundError, match=r"(?s)truth\[1\].*'dgo'.*Did you mean 'dog'.*7"):
        indices_of(PETS, ["cat", "dgo", 7]).require_known(PETS)


@pytest.mark.parametrize("truth", ["cat", b"cat", {"cat": 1}, {"cat"}, 1, None, np.zeros((2, 2))])
def test_truth_that_is_no_list_is_refused(truth: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`truth` must be a list of labels"):
        indices_of(PETS, truth)


@pytest.mark.parametrize("value", [True, np.True_, 1.0, b"cat", ["cat"], float("nan")])
def test_a_truth_that_can_be_no_label_is_refused(value: Any) -> None:
    with pytest.raises(ParameterTypeError, match=r"`truth\[1\]` must be a text or an integer"):
        indices_of(PETS, ["cat", value])


def test_several_labels_make_a_row_of_truth_values() -> None:
    truth = indices_of(PETS, [["cat", 1], (), {"hound", "cow"}], several=True)
    assert truth.indices.dtype == np.bool_
    assert truth.indices.tolist() == [[True, True, False], [False] * 3, [False, False, True]]
    assert truth.unknown == ((2, "cow"),)
    assert truth.known.tolist() == [True, True, False]
    assert indices_of(PETS, [], several=True).indices.shape == (0, 3)


@pytest.mark.parametrize("item", ["cat", 1, None])
def test_one_label_where_several_are_asked_for_is_refused(item: Any) -> None:
    with pytest.raises(ParameterTypeError, match=r"`truth\[0\]` must be a list of labels"):
        indices_of(PETS, [item], several=True)


def test_a_table_of_truth_values_is_taken_as_it_is() -> None:
    table = np.array([[True, False, True]])
    assert indices_of(PETS, table, several=True).indices.tolist() == table.tolist()
    with pytest.raises(ParameterTypeError, match="truth == 1"):
        indices_of(PETS, table.astype(int), several=True)
    with pytest.raises(ParameterError, match=r"shape \(n, 3\)"):
        indices_of(PETS, table[:, :2], several=True)


def test_a_table_of_truth_values_may_be_a_tensor() -> None:
    tensor = torch.tensor([[True, False, True]])
    assert indices_of(PETS, tensor, several=True).indices.tolist() == [[True, False, True]]


@given(st.lists(st.integers(0, 2)))
def test_every_way_to_say_a_label_means_the_same(positions: list[int]) -> None:
    for said in (positions, [PETS.ids[i] for i in positions], [PETS.names[i] for i in positions]):
        assert indices_of(PETS, said).indices.tolist() == positions


@pytest.mark.parametrize("row", [[0, 1, 0], np.array([1, 0, 0], np.uint8), [0, 0, 0]])
def test_a_row_of_zeros_and_ones_is_not_read_as_positions(row: Any) -> None:
    with pytest.raises(ParameterTypeError, match=r"`truth\[1\]` must name .* numpy\.array\(truth"):
        indices_of(PETS, [["cat"], row], several=True)
    assert indices_of(PETS, [["cat", "cat"], [2, 0]], several=True).indices.sum() == 3
