"""What stands for "none of these": given, the label set's own, or everyday words."""

from __future__ import annotations

import pytest

from zsclip import Label, LabelSet
from zsclip.errors import LabelError, ParameterTypeError
from zsclip.scoring.nulls import EVERYDAY, require_null_prompts, usual_null_prompts

PETS = LabelSet.from_names(["cat", "dog"])


def test_a_label_set_s_own_come_first() -> None:
    own = LabelSet("pets", PETS.labels, null_prompts=("an empty basket.",))
    assert usual_null_prompts(own, ["a {}."]) == ("an empty basket.",)


def test_everyday_words_go_into_the_templates_in_turn() -> None:
    usual = usual_null_prompts(PETS, ["a {}.", "the {}."])
    assert len(usual) == len(EVERYDAY)
    assert usual[:3] == ("a person.", "the face.", "a hand.")


def test_a_word_that_a_label_is_called_is_left_out() -> None:
    things = LabelSet(
        "things", (Label("f", "Food"), Label("t", "x", ("TREE",)), Label("p", "y", (), ("a map",)))
    )
    words = usual_null_prompts(things, ["{}"])
    assert set(EVERYDAY) - set(words) == {"food", "tree"}
    assert "map" in words


def test_labels_that_are_all_the_everyday_words_have_one_left() -> None:
    assert usual_null_prompts(LabelSet.from_names(EVERYDAY), ["a {}."]) == ("a something.",)


def test_what_is_given_keeps_the_rules() -> None:
    assert require_null_prompts(PETS, ["a {}."], ["a chair", "nothing"]) == ("a chair", "nothing")
    with pytest.raises(LabelError, match="must hold at least one text"):
        require_null_prompts(PETS, ["a {}."], [])
    with pytest.raises(LabelError, match=r"null_prompts\[1\]: 'Cat' stands for none of the labels"):
        require_null_prompts(PETS, ["a {}."], ["a chair", "Cat"])
    with pytest.raises(LabelError, match=r"null_prompts\[1\]` .* 'A dog.' is a prompt of 'dog'"):
        require_null_prompts(PETS, ["a {}."], ["a chair", "A dog."])
    with pytest.raises(LabelError, match=r"null_prompts\[0\]: is a complete prompt"):
        require_null_prompts(PETS, ["a {}."], ["a {}"])
    with pytest.raises(ParameterTypeError, match="Put it into a list"):
        require_null_prompts(PETS, ["a {}."], "a chair")
