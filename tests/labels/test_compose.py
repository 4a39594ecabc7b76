"""Two label sets together, and parts of one."""

from __future__ import annotations

import functools
import operator
from dataclasses import replace

import pytest

from zsclip.errors import LabelError, LabelNotFoundError, ParameterTypeError
from zsclip.labels import Expected, Group, Label, LabelSet, Provenance, load_labelset

FIGURE = Expected("ViT-B/32", "top-1", 0.5, "a paper")
ZOO = LabelSet(
    "zoo",
    (
        Label("fox", "red fox", ("fox",), parent="mammal"),
        Label("dog", "dog", parent="mammal"),
        Label("poodle", "poodle", prompts=("a poodle",), parent="dog"),
        Label("owl", "owl", parent="bird"),
        Label("rock", "a rock"),
    ),
    groups=(
        Group("animal", "animal"),
        Group("mammal", "mammal", "animal"),
        Group("bird", "bird", "animal"),
        Group("empty", "nothing"),
    ),
    templates=("a {}.", "the {}."),
    license="MIT",
    source="a zoo",
    citation="Z.",
    title="Zoo",
    language="en",
    expected=(FIGURE,),
    provenance=(Provenance("zoos", "1", "zoos/zoo.toml", "ab"),),
)
LAND = LabelSet(
    "land",
    (Label("Forest", "forest"), Label("Sea", "sea", ("ocean",))),
    templates=("from above: {}",),
    license="CC0-1.0",
    source="maps",
    title="Land",
    language="en",
    expected=(replace(FIGURE, value=0.25),),
    provenance=(Provenance("lands", "2", "lands/land.toml", "cd"),),
)


# ---------------------------------------------------------------------------------------- together


def test_both_hold_the_labels_of_the_first_and_then_of_the_second() -> None:
    both = ZOO | LAND.with_templates(ZOO.templates)

    assert both.name == "zoo+land"
    assert both.labels == ZOO.labels + LAND.labels
    assert both.templates == ZOO.templates
    assert both.groups == ZOO.groups
    assert both.expected == ZOO.expected + LAND.expected
    assert both.provenance == ZOO.provenance + LAND.provenance
    assert (both.license, both.source, both.title) == (
        "MIT AND CC0-1.0",
        "a zoo\n\nmaps",
        "Zoo + Land",
    )
    assert (both.language, both.citation, both.description) == ("en", "Z.", "")
    assert repr(both) == "<LabelSet 'zoo+land' 7 labels, 2 templates, zoos 1 + lands 2>"


def test_other_templates_are_filled_into_the_labels() -> None:
    both = ZOO | LAND

    assert both.templates == ()
    assert both["fox"] == Label(
        "fox",
        "red fox",
        ("fox",),
        ("a red fox.", "the red fox.", "a fox.", "the fox."),
        "mammal",
    )
    assert both["poodle"] == ZOO["poodle"]
    assert both["Sea"].prompts == ("from above: sea", "from above: ocean")
    for part in (ZOO, LAND):
        for label in part:
            assert both[label.id].prompts_with(()) == label.prompts_with(part.templates)


def test_labels_without_templates_are_left_to_the_classifier() -> None:
    names = LabelSet.from_names(["pie", "tea"])

    both = LAND | names

    assert both.templates == ()
    assert both["Forest"].prompts == ("from above: forest",)
    assert both.labels[2:] == names.labels
    assert (names | LabelSet.from_names(["gin", "ale"])).templates == ()


def test_a_prompt_that_a_label_would_have_twice_counts_once() -> None:
    cats = LabelSet(
        "cats", (Label("cat", "cat", ("big Cat",)), Label("ant", "ant")), templates=("{}", "big {}")
    )

    assert (cats | LAND)["cat"].prompts == ("cat", "big cat", "big big Cat")


def test_what_is_not_known_of_a_part_is_not_known_of_the_whole() -> None:
    names = LabelSet.from_names(["pie", "tea"])
    for both in (ZOO | names, names | ZOO):
        assert (both.license, both.source, both.title, both.language) == ("", "", "", "")
        assert both.citation == "Z."
        assert both.provenance == ZOO.provenance


def test_parts_of_one_set_make_it_whole() -> None:
    both = ZOO.only("mammal") | ZOO.without("mammal")

    assert sorted(both.ids) == sorted(ZOO.ids)
    assert set(both.labels) == set(ZOO.labels)
    assert both.groups == ZOO.groups[:3]
    for field in ("templates", "license", "source", "citation", "title", "expected", "provenance"):
        assert getattr(both, field) == getattr(ZOO, field)


def test_every_clash_is_named_with_both_sets() -> None:
    other = LabelSet(
        "farm",
        (
            Label("fox", "vixen"),
            Label("hound", "DOG", ("Poodle",)),
            Label("mammal", "beast"),
            Label("stone", "stone", prompts=("A Rock",)),
            Label("hen", "hen"),
        ),
        groups=(Group("bird", "poultry"), Group("animal", "animal"), Group("owl", "owls")),
        templates=ZOO.templates,
    )

    with pytest.raises(LabelError) as caught:
        _ = ZOO | other

    first, *clashes, last = str(caught.value).splitlines()
    assert first == "The label sets 'zoo' and 'farm' cannot be put together, for 7 reasons:"
    assert clashes == [
        "  - the group 'bird' has another name or parent in 'zoo' than in 'farm'",
        "  - 'owl' is the id of a label of 'zoo' and a group of 'farm'",
        "  - 'fox' is the id of a label of 'zoo' and a label of 'farm'",
        "  - 'mammal' is the id of a group of 'zoo' and a label of 'farm'",
        "  - 'DOG' stands for 'dog' of 'zoo' and for 'hound' of 'farm'",
        "  - 'Poodle' stands for 'poodle' of 'zoo' and for 'hound' of 'farm'",
        "  - 'A Rock' stands for 'rock' of 'zoo' and for 'stone' of 'farm'",
    ]
    assert "`without`" in last


@pytest.mark.parametrize(
    ("first", "second"), [("café", "CAFE\u0301"), ("straße", "STRASSE"), ("Å", "\u212b")]
)
def test_texts_clash_whatever_their_case_and_composition(first: str, second: str) -> None:
    a = LabelSet("a", (Label("1", first), Label("2", "x")))
    b = LabelSet("b", (Label("3", second), Label("4", "y")))
    with pytest.raises(LabelError, match="stands for '1' of 'a' and for '3' of 'b'"):
        _ = a | b


def test_prompts_that_only_templates_make_alike_clash_as_well() -> None:
    lion = LabelSet.from_names(["lion", "cat"], templates=["sea {}"], name="lions")
    seal = LabelSet.from_names(["sea lion", "seal"], templates=["{}"], name="seals")
    with pytest.raises(
        LabelError, match="'sea lion' stands for 'sea lion' of 'seals' and for 'lio"
    ):
        _ = lion | seal
    big = LabelSet.from_names(["cat", "big cat"], templates=["a {}", "a big {}"], name="cats")
    with pytest.raises(
        LabelError, match="'a big cat' stands for 'cat' of 'cats' and for 'big cat'"
    ):
        _ = big | seal


def test_several_are_put_together_by_reduce() -> None:
    sets = [LabelSet.from_names([f"{a}1", f"{a}2"], name=a) for a in "abc"]
    together = functools.reduce(operator.or_, sets)
    assert together.name == "a+b+c"
    assert together.ids == ("a1", "a2", "b1", "b2", "c1", "c2")
    with pytest.raises(TypeError):
        _ = ZOO | ["dog"]  # type: ignore[operator]


# ------------------------------------------------------------------------------------------- parts


def test_a_group_takes_all_below_it_and_a_label_its_children() -> None:
    assert ZOO.only("animal").ids == ("fox", "dog", "poodle", "owl")
    assert ZOO.only("bird", "fox").ids == ("fox", "owl")
    assert ZOO.only("dog").ids == ("dog", "poodle")
    assert ZOO.without("dog").ids == ("fox", "owl", "rock")
    assert ZOO.only("red fox", "a rock").ids == ("fox", "rock")
    assert ZOO.without("empty").ids == ZOO.ids


def test_a_part_keeps_the_rest_of_the_set() -> None:
    part = ZOO.only("mammal")
    rest = ("templates", "license", "source", "citation", "title", "language", "expected")
    for field in (*rest, "provenance"):
        assert getattr(part, field) == getattr(ZOO, field)
    assert part.labels == ZOO.labels[:3]


def test_groups_that_nothing_is_left_below_are_dropped() -> None:
    assert ZOO.only("mammal").groups == ZOO.groups[:2]
    assert ZOO.only("owl", "rock").groups == (
        Group("animal", "animal"),
        Group("bird", "bird", "animal"),
    )


def test_a_label_that_is_left_out_is_a_group_above_those_that_stay() -> None:
    part = ZOO.only("poodle", "rock")

    assert part.labels == (ZOO["poodle"], ZOO["rock"])
    assert part.groups == (*ZOO.groups[:2], Group("dog", "dog", "mammal"))
    assert part.only("dog", "rock").labels == part.labels


def test_an_id_goes_before_a_name() -> None:
    pets = LabelSet("pets", (Label("a", "b"), Label("b", "c"), Label("c", "a"), Label("d", "d")))
    assert pets.without("b").ids == ("a", "c", "d")
    assert pets.only("d", "c").ids == ("c", "d")


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["mammal"], "zoo/mammal"),
        (["red fox", "owl"], "zoo/red fox,owl"),
        (["fox", "dog", "poodle", "owl"], "zoo/4 of 5"),
    ],
)
def test_the_name_of_a_part(names: list[str], name: str) -> None:
    assert ZOO.only(*names).name == name


def test_the_name_of_what_is_left() -> None:
    assert ZOO.without("bird").name == "zoo/without bird"
    assert ZOO.without("bird").without("rock").name == "zoo/without bird/without rock"
    assert ZOO.without() is ZOO


def test_too_few_labels_left() -> None:
    assert ZOO.only("bird").names == ("owl",)
    assert ZOO.without("animal").names == ("a rock",)
    with pytest.raises(LabelError, match="'zoo/empty' has no label left"):
        ZOO.only("empty")
    with pytest.raises(LabelError, match="has no label"):
        ZOO.only()


def test_names_that_are_not_there() -> None:
    with pytest.raises(
        LabelNotFoundError,
        match=r"'zoo' has no label with the id or name 'mamal'.*Did you mean 'mam",
    ):
        ZOO.only("mamal")
    with pytest.raises(KeyError, match="Did you mean 'red fox'"):
        ZOO.without("bird", "Red fix")
    with pytest.raises(ParameterTypeError, match=r"only\(\*names\)"):
        ZOO.only(["fox", "dog"])  # type: ignore[arg-type]


def test_a_name_unlike_all_others_is_told_of_the_first_twenty() -> None:
    with pytest.raises(LabelNotFoundError, match=r"Known: 'mammal', .* and \d+ more\.$"):
        load_labelset("cartoon-animals").only("0000")


# --------------------------------------------------------------------------------------- templates


def test_with_templates() -> None:
    changed = ZOO.with_templates(t for t in ["one {}"])
    assert changed == replace(ZOO, templates=("one {}",))
    assert changed["poodle"].prompts_with(changed.templates) == ("a poodle",)
    assert ZOO.with_templates([]).templates == ()
    with pytest.raises(ParameterTypeError, match="`templates` must be a sequence of texts"):
        ZOO.with_templates("a {}")
    with pytest.raises(LabelError, match=r"must hold \{\} once"):
        ZOO.with_templates(["a"])


def test_null_prompts_of_both_stay_but_for_what_is_a_label_of_the_other() -> None:
    pets = LabelSet("pets", (Label("cat", "cat"),), null_prompts=("a plant", "nothing"))
    plants = LabelSet("plants", (Label("p", "A  plant"),), null_prompts=("Nothing", "a stone"))
    assert (pets | plants).null_prompts == ("nothing", "a stone")
    assert (plants | pets).null_prompts == ("Nothing", "a stone")
    assert (pets | plants).only("cat").null_prompts == ("nothing", "a stone")
