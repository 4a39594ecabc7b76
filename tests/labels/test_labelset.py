"""Label sets as values, and label sets made in code."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import pickle
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.errors import (
    LabelError,
    LabelNotFoundError,
    LabelSetUnreadableError,
    ParameterTypeError,
)
from zsclip.labels import (
    DEFAULT_TEMPLATES,
    Expected,
    Group,
    Label,
    LabelSet,
    Provenance,
    fill_template,
    load_labelset,
)
from zsclip.labels.rules import check_draft

CAT = Label("cat", "cat", aliases=("kitten",), parent="pet")
DOG = Label("dog", "dog", prompts=("my dog", "your dog"))
PETS = LabelSet("pets", (CAT, DOG), groups=(Group("pet", "pet"),), templates=("a {}.", "the {}."))

FILE = """
schema = 1
name = "pets"
license = "CC0-1.0"
source = "own work"
labels = [{ id = "c", name = "cat" }, "dog"]
"""


# ------------------------------------------------------------------------------------- labels


def test_prompts_of_a_label() -> None:
    assert CAT.prompts_with(PETS.templates) == ("a cat.", "the cat.", "a kitten.", "the kitten.")
    assert DOG.prompts_with(PETS.templates) == ("my dog", "your dog")
    assert CAT.prompts_with([]) == ()
    with pytest.raises(ParameterTypeError, match="`templates` must be a sequence of texts"):
        CAT.prompts_with("a {}.")


def test_filling_is_plain_replacement() -> None:
    assert fill_template("{0} {} {name}", "{}") == "{0} {} {name}"
    assert fill_template("a {}.", "{0.__class__}") == "a {0.__class__}."


def test_a_label_takes_texts_only() -> None:
    assert Label("a", "b", aliases=["c"]).aliases == ("c",)  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match="`aliases` must be a sequence of texts, got 'kit"):
        Label("cat", "cat", aliases="kitten")  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match="`aliases` must be a sequence of texts, got int"):
        Label("cat", "cat", aliases=3)  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match="`id` of a Label must be a text, got 3"):
        Label(3, "cat")  # type: ignore[arg-type]
    with pytest.raises(
        ParameterTypeError, match=r"`prompts\[1\]` of a Label must be a text, got No"
    ):
        Label("cat", "cat", prompts=("a cat", None))  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match="`name` of a Group must be a text, got None"):
        Group("g", None)  # type: ignore[arg-type]


# ----------------------------------------------------------------------------- sets as values


def test_a_set_is_a_sequence_of_its_labels() -> None:
    assert len(PETS) == 2
    assert list(PETS) == [CAT, DOG]
    assert PETS.names == ("cat", "dog")
    assert PETS.ids == ("cat", "dog")
    assert PETS[0] is PETS["cat"] is CAT
    assert PETS[-1] is DOG
    assert PETS[np.int64(1)] is DOG  # type: ignore[index]
    assert "cat" in PETS
    assert CAT in PETS
    assert "kitten" not in PETS


def test_a_label_that_is_not_there() -> None:
    with pytest.raises(
        LabelNotFoundError, match=r"No label of 'pets' has the id 'cta'\. Did you mean"
    ):
        PETS["cta"]
    with pytest.raises(KeyError):
        PETS["bird"]
    with pytest.raises(IndexError, match="has 2 labels, and none at position 2"):
        PETS[2]
    with pytest.raises(ParameterTypeError, match="slice `labels`"):
        PETS[0:1]  # type: ignore[index]


def test_a_set_is_a_value() -> None:
    same = dataclasses.replace(PETS)
    assert same == PETS
    assert same is not PETS
    assert hash(same) == hash(PETS)
    assert pickle.loads(pickle.dumps(PETS)) == PETS
    assert copy.deepcopy(PETS) == PETS
    assert dataclasses.replace(PETS, templates=("a {}.",)) != PETS
    with pytest.raises(dataclasses.FrozenInstanceError):
        PETS.name = "x"  # type: ignore[misc]


def test_labels_are_found_by_their_ids_without_going_through_them_all() -> None:
    """What is looked up on is made once, and is no part of the value."""
    asked = LabelSet("many", tuple(Label(f"l{i}", f"name {i}") for i in range(50)))
    plain = dataclasses.replace(asked)
    size = len(pickle.dumps(asked))
    assert all(asked[id_] is asked[i] for i, id_ in enumerate(asked.ids))
    assert asked._ids() is asked._ids()
    assert all(id_ in asked for id_ in asked.ids)
    assert asked == plain
    assert hash(asked) == hash(plain)
    assert len(pickle.dumps(asked)) == size
    for again in (pickle.loads(pickle.dumps(asked)), copy.deepcopy(asked), asked.only("l7")):
        assert again["l7"] == asked["l7"]
    with pytest.raises(KeyError):
        asked.only("l7")["l8"]


def test_lists_become_tuples() -> None:
    pets = LabelSet("pets", [CAT, DOG], groups=[Group("pet", "pet")], templates=["{}"])  # type: ignore[arg-type]

    assert pets.labels == (CAT, DOG)
    hash(pets)


def test_the_repr_is_short_and_true() -> None:
    assert repr(PETS) == "<LabelSet 'pets' 2 labels, 2 templates>"
    installed = dataclasses.replace(
        PETS, provenance=(Provenance("my-pets", "2.1", "p/pets.toml", "0"),)
    )
    assert repr(installed) == "<LabelSet 'pets' 2 labels, 2 templates, my-pets 2.1>"


def test_a_set_made_directly_keeps_the_rules() -> None:
    strays = (CAT, dataclasses.replace(DOG, parent="wolf"), CAT)
    with pytest.raises(LabelError) as caught:
        LabelSet("pets", strays, groups=PETS.groups, templates=("a cat",))

    message = str(caught.value)
    assert "for 4 reasons" in message
    assert "labels[2].name: 'cat' stands at labels[0].name already. Remove one of the" in message
    assert "labels[2].aliases[0]: 'kitten' stands at labels[0].aliases[0] already" in message
    assert "templates[0]: must hold {} once" in message
    assert "labels[1].parent: 'wolf' is the id of no group" in message
    with pytest.raises(LabelError, match="labels: must hold one label or more, got none"):
        LabelSet("pets", ())
    with pytest.raises(LabelError, match="name: is empty"):
        LabelSet("", (CAT, DOG), groups=PETS.groups)


def test_a_set_takes_values_of_its_own_kinds_only() -> None:
    with pytest.raises(ParameterTypeError, match=r"`labels\[1\]` must be a Label, got 'dog'"):
        LabelSet("pets", (CAT, "dog"))  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match=r"`groups\[0\]` must be a Group, got 'pet'"):
        LabelSet("pets", (CAT, DOG), groups=("pet",))  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match=r"`templates\[0\]` must be a text, got 1"):
        LabelSet("pets", (CAT, DOG), templates=(1,))  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match="`name` of a LabelSet must be a text, got None"):
        LabelSet(None, (CAT, DOG))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------- from a file


def test_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "some file.toml"
    path.write_text(FILE + 'expected = [{ model = "m", metric = "x", value = 0.5, source = "s" }]')

    pets = LabelSet.from_toml(path)

    assert pets == LabelSet.from_toml(str(path))
    assert pets.ids == ("c", "dog")
    assert pets.templates == ()
    assert pets.expected == (Expected("m", "x", 0.5, "s"),)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert pets.provenance == (Provenance("", "", str(path), digest),)
    assert repr(pets) == "<LabelSet 'pets' 2 labels, 0 templates, some file.toml>"


def test_from_toml_with_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "pets.toml"
    path.write_bytes((FILE + 'citation = """\nA.\nB.\n"""\n').replace("\n", "\r\n").encode())

    assert LabelSet.from_toml(path).citation == "A.\nB."


@pytest.mark.parametrize("name", ["nowhere.toml", "", "null\0character.toml"])
def test_from_toml_without_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(LabelSetUnreadableError, match="Cannot read the label-set file"):
        LabelSet.from_toml(str(tmp_path / name))
    with pytest.raises(ParameterTypeError, match="`path` must be a path, got int"):
        LabelSet.from_toml(3)  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------- from names


def test_from_names() -> None:
    pets = LabelSet.from_names(
        ["cat", DOG, Label("h", "hamster")], templates=["a {}."], name="pets"
    )

    assert pets.labels == (Label("cat", "cat"), DOG, Label("h", "hamster"))
    assert pets.templates == ("a {}.",)
    assert pets.name == "pets"
    assert pets.provenance == ()


def test_from_names_takes_any_ordered_iterable() -> None:
    def generate() -> Iterator[str]:
        yield from ("cat", "dog")

    expected = LabelSet.from_names(["cat", "dog"])
    assert LabelSet.from_names(generate()) == expected
    assert LabelSet.from_names(np.array(["cat", "dog"])) == expected
    assert type(LabelSet.from_names(np.array(["cat", "dog"]))[0].name) is str
    assert LabelSet.from_names(expected) == expected
    assert LabelSet.from_names({"cat": 1, "dog": 2}.keys()) == expected


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            "cat",
            r"`labels` must be a sequence of class names, got 'cat'\. Write labels=\[\"cat\", ",
        ),
        (b"cat", "must be a sequence of class names, got bytes"),
        ({"cat": ["a cat"]}, r"got dict\. For names with phrases use `LabelSet\.from_mapping`"),
        ({"cat", "dog"}, r"got set\. A set has no order"),
        (None, "got NoneType"),
        (["cat", 1], r"`labels\[1\]` must be a text or a Label, got 1"),
        (["cat", ["dog"]], r"`labels\[1\]` must be a text or a Label, got \['dog'\]"),
    ],
)
def test_from_names_of_the_wrong_type(names: object, message: str) -> None:
    with pytest.raises(ParameterTypeError, match=message):
        LabelSet.from_names(names)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ([], "must hold one label or more, got none"),
        (["cat", "cat"], "labels[1].name: 'cat' stands at labels[0].name already"),
        (["cat", "CAT"], "'CAT' belongs to 'cat'"),
        (["café", "cafe\u0301"], "belongs to 'café'"),
        (["cat", ""], "labels[1].name: is empty"),
        (["cat", "\t"], "labels[1].name: is empty"),
        (["cat", "dog "], "labels[1].name: starts or ends with white space, got 'dog '"),
        (["cat", "d\x07og"], "labels[1].name: holds characters that nobody can see (U+0007)"),
        (["cat", "d\ud800og"], "labels[1].name: holds characters that nobody can see (U+D800)"),
    ],
)
def test_names_that_cannot_be_used(names: list[str], problem: str) -> None:
    with pytest.raises(LabelError) as caught:
        LabelSet.from_names(names)

    assert problem in str(caught.value)
    assert "These labels cannot be used: " in str(caught.value)
    str(caught.value).encode()  # can be printed, whatever the name held


def test_templates_that_cannot_be_used() -> None:
    with pytest.raises(
        LabelError, match=r"templates\[1\]: must hold \{\} once, got 'a photo' with 0"
    ):
        LabelSet.from_names(["cat", "dog"], templates=["a {}.", "a photo"])
    with pytest.raises(ParameterTypeError, match="`templates` must be a sequence of texts, got 'a"):
        LabelSet.from_names(["cat", "dog"], templates="a {}.")


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(LabelError) as caught:
        LabelSet.from_names(["cat", "Cat", " ", "dog "], templates=["a photo"])

    assert str(caught.value).startswith("These labels cannot be used, for 4 reasons:\n  - ")
    assert str(caught.value).count("\n  - ") == 4


# --------------------------------------------------------------------------------- from a mapping


def test_from_mapping() -> None:
    cars = LabelSet.from_mapping({"car": ["a car", "an automobile"], "bus": ("a bus",)})

    assert cars.templates == ("{}",)
    assert cars[0] == Label("car", "car", prompts=("a car", "an automobile"))
    assert cars["bus"].prompts_with(cars.templates) == ("a bus",)


def test_from_mapping_with_templates() -> None:
    words = {"car": ["car", "automobile"], "bus": ["bus"]}

    cars = LabelSet.from_mapping(words, templates=["a {}.", "the {}."], name="cars")

    assert cars["car"].prompts == ("a car.", "the car.", "a automobile.", "the automobile.")
    assert cars.templates == ("a {}.", "the {}.")
    assert cars.name == "cars"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (["car", "bus"], "`labels` must be a mapping from names to phrases, got list"),
        (
            {"car": "a car", "bus": "a bus"},
            r"`labels\['car'\]` must be a sequence of texts, got 'a c",
        ),
        ({"car": ["a car"], 3: ["a bus"]}, "The keys of `labels` must be texts, got 3"),
        ({"car": [None], "bus": ["b"]}, r"`labels\['car'\]\[0\]` must be a text, got None"),
    ],
)
def test_from_mapping_of_the_wrong_type(mapping: object, message: str) -> None:
    with pytest.raises(ParameterTypeError, match=message):
        LabelSet.from_mapping(mapping)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({}, "must hold one label or more, got none"),
        ({"car": ["a car"], "bus": []}, "labels['bus']: has no phrase"),
        ({"car": ["a car"], "bus": ["A car"]}, "labels['bus'][0]: 'A car' belongs to 'car'"),
        ({"car": ["a car", "a car"], "bus": ["a bus"]}, "labels['car'][1]: 'a car' stands at"),
        ({"car": ["a {}"], "bus": ["a bus"]}, "labels['car'][0]: is a complete prompt"),
        ({"car ": ["a car"], "bus": ["a bus"]}, "labels['car ']: starts or ends with white space"),
        ({"car": [""], "bus": ["a bus"]}, "labels['car'][0]: is empty"),
    ],
)
def test_mappings_that_cannot_be_used(mapping: dict[str, list[str]], problem: str) -> None:
    with pytest.raises(LabelError) as caught:
        LabelSet.from_mapping(mapping)

    assert problem in str(caught.value)


# ----------------------------------------------------------------------------------------- prompts

texts = st.text("ab é🦊\\}%", min_size=1, max_size=12)


def test_every_name_and_alias_fills_every_template() -> None:
    labels = LabelSet.from_names(
        [
            Label("fox", "fox"),
            Label("hare", "hare", aliases=("rabbit", "bunny")),
            Label("car", "car", prompts=("an automobile", "one {curly} brace")),
        ]
    )
    assert labels.prompts_with(["a {}.", "the {}."]) == (
        ("a fox.", "the fox."),
        ("a hare.", "the hare.", "a rabbit.", "the rabbit.", "a bunny.", "the bunny."),
        ("an automobile", "one {curly} brace"),
    )


def test_names_are_data_and_not_formats() -> None:
    """A name with braces, as `str.format` knows them, stays what it is."""
    names = ["{0.__class__}", "100 %s", "\\1"]
    labels = LabelSet.from_names(names)
    assert labels.prompts_with(["a {}."]) == tuple((f"a {name}.",) for name in names)


@given(st.lists(st.tuples(texts, st.lists(texts, max_size=3)), max_size=6), st.integers(1, 4))
def test_the_prompts_of_each_label_are_its_texts_in_each_template(
    names: list[tuple[str, list[str]]], n: int
) -> None:
    try:
        labels = LabelSet.from_names([Label(n, n, aliases=tuple(more)) for n, more in names])
    except LabelError:  # a text twice, or padded
        return
    templates = [f"{i}: {{}}!" for i in range(n)]
    for label, own in zip(labels, labels.prompts_with(templates), strict=True):
        assert list(own) == [t.replace("{}", text) for text in label.texts for t in templates]


def test_the_default_templates_can_be_filled() -> None:
    assert len(set(DEFAULT_TEMPLATES)) == 7
    labels = LabelSet.from_names(["fox", "hare"], templates=DEFAULT_TEMPLATES)
    assert "itap of a fox." in labels.prompts_with(labels.templates)[0]


# ------------------------------------------------------------------------------------------- rules


def test_the_rules_run_once_over_a_set_that_is_loaded() -> None:
    """Whatever calls them, by whatever name: the calls of the function's code are counted."""
    runs = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal runs
        runs += event == "call" and frame.f_code is check_draft.__code__

    sys.setprofile(count)
    try:
        load_labelset("cartoon-animals")
    finally:
        sys.setprofile(None)
    assert runs == 1


# ---------------------------------------------------------------------------------- enumerations


class Animal(str, Enum):  # noqa: UP042 - as users write them
    RAT = "rat"
    COW = "cow"


def test_a_member_of_an_enumeration_is_its_value() -> None:
    made = [
        LabelSet.from_names(list(Animal)),
        LabelSet.from_mapping({animal: [animal] for animal in Animal}),
        LabelSet("x", (Label(Animal.RAT, Animal.RAT), Label(Animal.COW, Animal.COW))),
    ]
    for labels in made:
        assert labels.names == labels.ids == ("rat", "cow")
        texts = [text for label in labels for text in (label.id, label.name, *label.prompts)]
        assert {type(text) for text in texts} == {str}
        assert f"{labels[0].name}" == "rat"


def test_no_text_of_a_label_set_stays_a_member_of_an_enumeration() -> None:
    rat = Animal.RAT
    node = Label(rat, rat, (rat,), (), rat)
    texts = [node.id, node.name, *node.aliases, node.parent, Group(rat, rat).name]
    figure = Expected(rat, rat, 1.0, rat)
    texts += [figure.model, figure.metric, figure.source]
    made = LabelSet(rat, (Label("a", "a"),), license=rat, source=rat, title=rat, language=rat)
    texts += [made.name, made.license, made.source, made.title, made.language]
    assert {type(text) for text in texts} == {str}
    assert set(texts) == {"rat"}
    assert LabelSet.from_names(Animal).with_templates([Template.PLAIN]).templates == ("a {}.",)


class Template(str, Enum):  # noqa: UP042
    PLAIN = "a {}."
