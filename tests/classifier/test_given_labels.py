"""Labels and templates in every form that the classifier takes, and in those that it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from zsclip import DEFAULT_TEMPLATES, Label, LabelSet, ZeroShotClassifier, load_labelset
from zsclip.errors import (
    LabelError,
    LabelSetNotFoundError,
    ParameterTypeError,
    PromptTooLongError,
)

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

NAMES = ["red", "green", "blue"]


@pytest.mark.parametrize(
    "labels",
    [
        NAMES,
        tuple(NAMES),
        (name for name in NAMES),
        [Label("red", "red"), "green", Label("b", "blue")],
        LabelSet.from_names(NAMES),
    ],
    ids=["list", "tuple", "generator", "labels", "LabelSet"],
)
def test_names_in_any_order_keeping_form(
    labels: Iterable[str | Label],
    fake: FakeEncoder,
    solid: Callable[[str], Image.Image],
) -> None:
    clf = ZeroShotClassifier(labels, encoder=fake)
    assert clf.labelset.names == ("red", "green", "blue")
    assert list(clf.classes_) == NAMES
    assert clf.templates == DEFAULT_TEMPLATES
    assert clf.classify(solid("green")).label == "green"
    assert fake.text_batches == [[t.replace("{}", n) for n in NAMES for t in DEFAULT_TEMPLATES]]


def test_an_installed_label_set_brings_its_templates_and_provenance(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier("cartoon-animals", encoder=fake)
    installed = load_labelset("cartoon-animals")
    assert clf.labelset == installed
    assert clf.templates == installed.templates
    assert clf.origin.labelset == "cartoon-animals"
    assert clf.origin.provenance == installed.provenance
    assert "zsclip-labels-cartoon-animals" in str(clf.origin.provenance)


def test_a_text_stands_for_a_part_a_file_or_several(fake: FakeEncoder, tmp_path: Path) -> None:
    path = tmp_path / "colors.toml"
    path.write_text(
        'schema = 1\nname = "colors"\nlicense = "CC0-1.0"\nsource = "own work"\n'
        'labels = ["red", "blue"]\n'
    )
    birds = ZeroShotClassifier("cartoon-animals/bird", encoder=fake)
    assert {label.parent for label in birds.labelset} == {"bird"}
    colors = ZeroShotClassifier(str(path), templates=["a {}."], encoder=fake)
    assert (list(colors.classes_), colors.templates) == (["red", "blue"], ("a {}.",))
    both = ZeroShotClassifier(f"cartoon-animals/bird+{path}", encoder=fake)
    assert [*birds.classes_, "red", "blue"] == list(both.classes_)
    assert len(both.origin.provenance) == 2


def test_parts_of_label_sets_and_several_of_them_are_spelled_as_a_text(fake: FakeEncoder) -> None:
    animals, satellite = load_labelset("cartoon-animals"), load_labelset("satellite")
    clf = ZeroShotClassifier("cartoon-animals/bird+satellite", encoder=fake)
    assert clf.labelset == animals.only("bird") | satellite
    assert clf.origin.provenance == animals.provenance + satellite.provenance
    clf.predict([])
    assert [
        *(p for label in animals.only("bird") for p in label.prompts_with(animals.templates)),
        *(p for label in satellite for p in label.prompts_with(satellite.templates)),
    ] == [text for batch in fake.text_batches for text in batch]
    same = ZeroShotClassifier("cartoon-animals/bird+satellite", templates=["one {}"], encoder=fake)
    assert same.templates == ("one {}",)
    assert not any(label.prompts for label in same.labelset)


def test_templates_given_replace_those_of_the_label_set(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier("satellite", templates=("seen from above: {}",), encoder=fake)
    assert clf.templates == ("seen from above: {}",)
    assert clf.labelset.names == load_labelset("satellite").names
    assert clf.origin.templates == clf.templates


def test_templates_may_come_out_of_a_generator(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier(NAMES, templates=(f"{a} {{}}." for a in ("a", "the")), encoder=fake)
    assert clf.templates == ("a {}.", "the {}.")


def test_a_mapping_gives_the_prompts_as_they_are(
    fake: FakeEncoder, solid: Callable[[str], Image.Image]
) -> None:
    phrases = {"fire": ["a red thing", "all in red"], "water": ["a blue thing"]}
    clf = ZeroShotClassifier(phrases, encoder=fake)
    assert clf.classify(solid("blue")).label == "water"
    assert fake.text_batches == [["a red thing", "all in red", "a blue thing"]]


def test_a_mapping_fills_its_phrases_into_templates_given(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier(
        {"fire": ["red", "orange"], "water": ["blue"]}, templates=["all {}", "so {}"], encoder=fake
    )
    assert list(clf.classes_) == ["fire", "water"]
    clf.predict([])
    assert fake.text_batches == [
        ["all red", "so red", "all orange", "so orange", "all blue", "so blue"]
    ]


def test_aliases_fill_every_template_and_own_prompts_none(fake: FakeEncoder) -> None:
    labels = [
        Label("red", "red", aliases=("crimson",)),
        Label("blue", "blue", prompts=("the color of the sky",)),
    ]
    clf = ZeroShotClassifier(labels, templates=["a {}.", "the {}."], encoder=fake)
    clf.predict([])
    assert fake.text_batches == [
        ["a red.", "the red.", "a crimson.", "the crimson.", "the color of the sky"]
    ]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["red", "red"], "labels[1]"),
        (["red", "RED"], "labels[1]"),
        (["red", ""], "is empty"),
        (["red", "  "], "is empty"),
        (["red", " blue"], "white space"),
        ([], "one label or more"),
        (["red"], "two labels"),
        ({"red": ["a red"], "blue": []}, "has no phrase"),
        ({"red": ["a red"]}, "two labels"),
    ],
)
def test_labels_that_cannot_be_chosen_among(labels: Any, message: str, fake: FakeEncoder) -> None:
    with pytest.raises(LabelError) as caught:
        ZeroShotClassifier(labels, encoder=fake)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (b"red", "`labels` must be a sequence of class names, got bytes"),
        ({"red", "blue"}, "A set has no order"),
        (None, "got NoneType"),
        (7, "got int"),
        (["red", 7], "`labels[1]` must be a text or a Label, got 7"),
        ({"red": "a red", "blue": "a blue"}, "labels['red']"),
        ({1: ["a"], 2: ["b"]}, "keys of `labels`"),
    ],
)
def test_what_is_no_sequence_of_labels(labels: Any, message: str, fake: FakeEncoder) -> None:
    with pytest.raises(ParameterTypeError) as caught:
        ZeroShotClassifier(labels, encoder=fake)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        (["a photo"], "templates[0]"),
        (["a {}.", "a {} and a {}."], "templates[1]"),
        (["a {0}."], "templates[0]"),
        ([""], "templates[0]"),
        ([], "`templates` must hold at least one text"),
    ],
)
@pytest.mark.parametrize("labels", [NAMES, {"red": ["r"], "blue": ["b"]}, "satellite"])
def test_templates_that_cannot_be_filled(
    labels: Any, templates: list[str], message: str, fake: FakeEncoder
) -> None:
    with pytest.raises(LabelError) as caught:
        ZeroShotClassifier(labels, templates=templates, encoder=fake)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        ("a {}.", "`templates` must be a sequence of texts, got 'a {}.'. Put it into a list."),
        (7, "`templates` must be a sequence of texts, got int"),
        ([7], "`templates[0]` must be a text, got 7"),
    ],
)
def test_what_is_no_sequence_of_templates(templates: Any, message: str, fake: FakeEncoder) -> None:
    with pytest.raises(ParameterTypeError) as caught:
        ZeroShotClassifier(NAMES, templates=templates, encoder=fake)
    assert message in str(caught.value)


def test_templates_without_effect_are_refused(fake: FakeEncoder) -> None:
    labels = LabelSet.from_mapping({"fire": ["red"], "water": ["blue"]})
    with pytest.raises(LabelError, match="`templates` has no effect"):
        ZeroShotClassifier(labels, templates=["a {}."], encoder=fake)
    with pytest.raises(LabelError, match="`templates` has no effect"):
        ZeroShotClassifier(labels.labels, templates=["a {}."], encoder=fake)
    assert ZeroShotClassifier(labels, encoder=fake).templates == ("{}",)


def test_an_unknown_label_set_is_named_with_the_nearest(fake: FakeEncoder) -> None:
    with pytest.raises(LabelSetNotFoundError) as caught:
        ZeroShotClassifier("cartoon-animal", encoder=fake)
    assert "Did you mean 'cartoon-animals'?" in str(caught.value)
    assert isinstance(caught.value, LookupError)


def test_one_class_as_a_bare_string_leads_to_a_list(fake: FakeEncoder) -> None:
    with pytest.raises(LabelSetNotFoundError) as caught:
        ZeroShotClassifier("a red car", encoder=fake)
    assert "give a list: labels=['cat', 'dog']" in str(caught.value)


def test_a_prompt_too_long_is_refused_when_the_classifier_is_made(
    fake_encoder: type[FakeEncoder],
) -> None:
    encoder = fake_encoder(context_length=8)
    long = "red and then so many more words"
    with pytest.raises(PromptTooLongError) as caught:
        ZeroShotClassifier([long, "blue"], templates=["{}"], encoder=encoder)
    assert caught.value.prompt == long
    assert (caught.value.n_tokens, caught.value.context_length) == (9, 8)
    assert caught.value.cut.strip() == "words"
    assert encoder.text_batches == []

    clf = ZeroShotClassifier([long, "blue"], templates=["{}"], encoder=encoder, too_long="cut")
    assert clf.predict([Image.new("RGB", (1, 1), "red")]) == [long]
    with pytest.raises(PromptTooLongError):
        ZeroShotClassifier(["red", "blue"], encoder=encoder).with_labels(
            [long, "blue"], templates=["{}"]
        )


def test_a_prompt_that_spells_out_a_special_token_is_refused_at_once() -> None:
    from zsclip.errors import ParameterError

    with pytest.raises(ParameterError, match="special token"):
        ZeroShotClassifier(["cat <|endoftext|>", "dog"], model="tiny-cartoon", device="cpu")
