"""`with_labels`: the same model, loaded once, and texts that are embedded once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from zsclip import Label, LabelSet, Reading, ZeroShotClassifier

if TYPE_CHECKING:
    import pytest

    from tests.conftest import FakeEncoder

Solid = Callable[[str], Image.Image]


def test_the_model_is_shared_and_the_first_classifier_stays(
    colors: ZeroShotClassifier, fake: FakeEncoder, solid: Solid
) -> None:
    before = repr(colors)
    other = colors.with_labels(["white", "blue"], templates=["the {}."])
    assert other is not colors
    assert other.encoder is colors.encoder is fake
    assert (list(other.classes_), other.templates) == (["white", "blue"], ("the {}.",))
    assert other.classify(solid("white")).label == "white"
    assert repr(colors) == before
    assert (list(colors.classes_), colors.templates) == (["red", "green", "blue"], ("a {} thing.",))
    assert colors.classify(solid("blue")).label == "blue"


def test_several_labels_may_be_asked_for_of_the_same_model(
    colors: ZeroShotClassifier, fake: FakeEncoder, solid: Solid
) -> None:
    assert colors.classify(solid("red")).label == "red"
    texts = len(fake.text_batches)
    several = colors.with_labels(colors.labelset, templates=colors.templates, multi_label=True)
    assert several.classify(solid("red")).origin.multi_label
    assert not colors.classify(solid("red")).origin.multi_label
    assert several.with_labels(["white", "red"]).classify(solid("red")).origin.multi_label
    # of the labels met before none is embedded again, only what several are compared with
    assert not any("a red thing." in batch for batch in fake.text_batches[texts:])


def test_settings_go_with_it(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier(
        ["red", "white"], encoder=fake, batch_size=2, reading=Reading(background="red")
    )
    clear = np.zeros((3, 2, 2, 4), np.uint8)
    assert list(clf.with_labels(["white", "red"]).predict(clear)) == ["red"] * 3
    assert fake.image_batches == [2, 1]


def test_templates_are_chosen_anew(fake: FakeEncoder) -> None:
    """Those of the first classifier belong to its labels; others bring their own."""
    clf = ZeroShotClassifier(["red", "blue"], templates=["a {} thing."], encoder=fake)
    satellite = clf.with_labels("satellite")
    assert satellite.templates[0] == "a centered satellite photo of {}."
    assert satellite.with_labels(["red", "blue"]).templates != clf.templates


def test_texts_are_embedded_once(
    colors: ZeroShotClassifier, fake: FakeEncoder, solid: Solid
) -> None:
    for _ in range(3):
        colors.classify(solid("red"))
    assert len(fake.text_batches) == 1
    other = colors.with_labels(["white", "blue"])
    assert len(fake.text_batches) == 1  # nothing before it is needed
    other.predict([solid("red")])
    assert len(fake.text_batches) == 2
    again = other.with_labels(["red", "green", "blue"], templates=["a {} thing."])
    again.predict([solid("red")])
    assert len(fake.text_batches) == 2


def test_what_is_kept_goes_by_all_that_makes_the_prompts(
    colors: ZeroShotClassifier, fake: FakeEncoder, solid: Solid
) -> None:
    names = ["red", "green", "blue"]
    variants: list[tuple[LabelSet, list[str]]] = [
        (LabelSet.from_names(names), ["one {}."]),
        (LabelSet.from_names(names), ["other {}."]),
        (LabelSet.from_names(names[::-1]), ["one {}."]),
        (LabelSet.from_names([Label("red", "red", aliases=("ruby",)), *names[1:]]), ["one {}."]),
    ]
    for n_calls, (labels, templates) in enumerate(variants, start=1):
        colors.with_labels(labels, templates=templates).predict([solid("red")])
        assert len(fake.text_batches) == n_calls
    for labels, templates in variants:
        colors.with_labels(labels, templates=templates).predict([solid("red")])
    assert len(fake.text_batches) == len(variants)


def test_few_are_kept_but_none_is_lost_to_a_classifier_that_uses_it(
    colors: ZeroShotClassifier, fake: FakeEncoder, solid: Solid, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zsclip.ensembles

    monkeypatch.setattr(zsclip.ensembles, "KEPT", 2)
    others = [colors.with_labels(["red", f"blue {i}"]) for i in range(5)]
    for _ in range(3):
        for clf in others:
            clf.predict([solid("red")])
    assert len(fake.text_batches) == 5
    colors.with_labels(["red", "blue 4"]).predict([solid("red")])
    assert len(fake.text_batches) == 5  # the last two are kept
    colors.with_labels(["red", "blue 0"]).predict([solid("red")])
    assert len(fake.text_batches) == 6


def test_what_was_used_last_is_kept_longest(
    colors: ZeroShotClassifier, fake: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zsclip.ensembles

    monkeypatch.setattr(zsclip.ensembles, "KEPT", 2)

    def use(label: str) -> int:
        colors.with_labels(["red", label]).predict([])
        return len(fake.text_batches)

    assert [use("a"), use("b"), use("a"), use("c")] == [1, 2, 2, 3]  # "b" has to go
    assert [use("a"), use("c"), use("b")] == [3, 3, 4]


def test_classifiers_made_apart_share_nothing_but_may_share_a_model(fake: FakeEncoder) -> None:
    first = ZeroShotClassifier(["red", "blue"], encoder=fake, cache=False)
    second = ZeroShotClassifier(["red", "blue"], encoder=first.encoder, cache=False)
    first.predict([])
    second.predict([])
    assert fake.text_batches[0] == fake.text_batches[1]
