"""Labels that differ for people and not for a model: told of, and none always wins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsclip import Label, LabelSet, ZeroShotClassifier, check_labelset
from zsclip.clip import Tokenizer
from zsclip.encoders import Encoder, create_encoder
from zsclip.errors import LabelError
from zsclip.head import Head
from zsclip.testing import FakeEncoder


class Clip:
    """CLIP's tokens, and how often they are asked for."""

    def __init__(self, context_length: int = 77) -> None:
        self.context_length = context_length
        self._tokenizer = Tokenizer(context_length)
        self.tokenized = 0

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._tokenizer.count(texts)

    def tokenize(self, texts: Sequence[str], *, too_long: Any = "error") -> list[list[int]]:
        self.tokenized += len(texts)
        return self._tokenizer.encode(texts, too_long=too_long)


@pytest.fixture(scope="module")
def model() -> Encoder:
    return create_encoder("clip", "tiny-cartoon", device="cpu")


TWINS = [
    ("sea lion", "sea  lion"),
    ("fish", "ｆｉｓｈ"),
    ("fish", "ﬁsh"),
    ("T-shirt", "T - shirt"),
    ("cat & dog", "cat &amp; dog"),
    ("baker's", "baker’s"),
    ("café", "cafÃ©"),
    ("24", "2 4"),
]


@pytest.mark.parametrize(("name", "twin"), TWINS)
def test_two_names_that_are_one_to_the_model_are_an_error(
    model: Encoder, name: str, twin: str
) -> None:
    with pytest.raises(LabelError) as caught:
        ZeroShotClassifier([name, twin, "horse"], encoder=model)
    assert repr(name) in str(caught.value)
    assert repr(twin) in str(caught.value)


@pytest.mark.parametrize(("name", "twin"), TWINS)
def test_a_twin_of_an_alias_or_a_prompt_is_an_error(model: Encoder, name: str, twin: str) -> None:
    for labels in (
        lambda: [Label("a", "a", aliases=(name, twin)), Label("b", "b")],
        lambda: [Label("a", "a", aliases=(name,)), Label("b", twin)],
        lambda: {"a": [name, "x"], "b": [twin, "y"]},
        lambda: {"a": [name, twin], "b": ["y"]},
    ):
        with pytest.raises(LabelError, match="Remove"):
            ZeroShotClassifier(labels(), encoder=model)


@pytest.mark.parametrize(
    ("template", "twin"),
    [("a {}.", "a {}."), ("a {}.", "a  {}."), ("the cat-{}", "the cat - {}")],
)
def test_a_template_that_would_count_twice_is_an_error(
    model: Encoder, template: str, twin: str
) -> None:
    with pytest.raises(LabelError, match=r"templates\[1\].*would count twice"):
        ZeroShotClassifier(["cat", "dog"], templates=[template, twin], encoder=model)


def test_templates_that_differ_are_none_for_the_place_of_the_name(model: Encoder) -> None:
    clf = ZeroShotClassifier(["cat", "dog"], templates=["a {}x", "a x{}", "a {}"], encoder=model)
    assert len(clf.templates) == 3


def test_relabelling_is_checked_as_well(model: Encoder) -> None:
    clf = ZeroShotClassifier(["cat", "dog"], encoder=model)
    with pytest.raises(LabelError, match="cannot tell the two labels apart"):
        clf.with_labels(["T-shirt", "T - shirt"])
    with pytest.raises(LabelError, match="would count twice"):
        clf.with_labels(["cat", "dog"], templates=["a T-shirt of {}", "a T - shirt of {}"])


LONG = "word " * 80
FULL = "word " * 74  # and one more word fill a context of 77


@pytest.fixture(params=["tells its tokens", "does not"])
def engine(request: pytest.FixtureRequest, model: Encoder) -> Encoder:
    return model if request.param == "tells its tokens" else FakeEncoder(context_length=77)


def test_labels_that_cutting_makes_one_are_an_error(engine: Encoder) -> None:
    names = ["cat", "dog", "bird"]
    with pytest.raises(LabelError) as caught:
        ZeroShotClassifier(names, templates=[f"{LONG}{{}}"], encoder=engine, too_long="cut")
    message = str(caught.value)
    assert "for 2 reasons" in message
    assert "labels[1] ('dog'): is cut so that nothing tells it from labels[0] ('cat')" in message


def test_labels_of_which_cutting_leaves_enough_are_none(engine: Encoder) -> None:
    for templates in ([f"{LONG}{{}}", "a {}."], [f"{{}} {LONG.strip()}"]):
        ZeroShotClassifier(["cat", "dog"], templates=templates, encoder=engine, too_long="cut")


def test_a_prompt_that_fits_may_be_what_cutting_leaves_of_another(engine: Encoder) -> None:
    same = {"red": [f"{FULL}red"], "fox": [f"{FULL}red fox"], "hen": ["a hen"]}
    with pytest.raises(LabelError, match=r"labels\[1\] \('fox'\): is cut so that nothing tells"):
        ZeroShotClassifier(same, encoder=engine, too_long="cut")
    apart = {"red": [f"{FULL}red"], "fox": [f"{FULL}fox red"]}
    ZeroShotClassifier(apart, encoder=engine, too_long="cut")


def test_a_name_that_is_cut_is_not_taken_for_the_whole(engine: Encoder) -> None:
    """Two aliases are cut alike, and the names tell the labels apart."""
    labels = [Label("a", "a", aliases=(f"{LONG} x",)), Label("b", "b", aliases=(f"{LONG} y",))]
    ZeroShotClassifier(labels, templates=["{}"], encoder=engine, too_long="cut")


texts = st.text(alphabet="ab -'&é .ﬁ’;mp", min_size=1, max_size=6).map(str.strip).filter(bool)


@given(st.lists(texts, min_size=2, max_size=5, unique=True))
@settings(max_examples=200)
def test_labels_get_through_only_with_tokens_of_their_own(names: list[str]) -> None:
    try:
        labels = LabelSet.from_names(names)
    except LabelError:
        return
    tokens = {tuple(ids) for ids in Clip().tokenize(names)}
    assert (len(tokens) == len(names)) == (check_labelset(labels, encoder=Clip()) == [])


def test_of_very_many_texts_those_that_could_be_one_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zsclip.twins.MANY", 4)
    names = ["robin", "T-shirt", "wren", "T - shirt", "cat &amp; dog", "cat & dog", "owl"]
    engine = Clip()
    found = check_labelset(LabelSet.from_names(names, templates=["a {}."]), encoder=engine)
    assert [problem.partition(":")[0] for problem in found] == [
        "R6 labels[3] ('T - shirt')",
        "R6 labels[5] ('cat & dog')",
    ]
    assert engine.tokenized == 4 + 1


def test_names_are_compared_without_their_templates() -> None:
    """A thousand names in eighty templates are 80,000 prompts, and take seconds."""
    names = [f"bird {i}" for i in range(50)]
    templates = [f"a photo {'of ' * i}a {{}}." for i in range(20)]
    for too_long in ("error", "cut"):
        engine = Clip()
        Head.of(names, templates).require_apart(engine, too_long)
        assert engine.tokenized == len(names) + len(templates)


@pytest.mark.parametrize("engine", [Clip(), FakeEncoder()])
def test_prompts_of_its_own_may_be_those_of_another_name(engine: Any) -> None:
    templates = ["a photo of a {}.", "a {} outside."]
    own = Label("hound", "hound", prompts=("a dog  outside.", "A photo of a dog."))
    for pair in ([own, Label("dog", "dog")], [Label("dog", "dog"), own]):
        with pytest.raises(LabelError, match=r"has the prompts of labels\[0\]"):
            Head.of(pair, templates).require_apart(engine)
    Head.of([own, Label("cow", "cow")], templates).require_apart(engine)
    Head.of([own, Label("dog", "dog")], templates[:1]).require_apart(
        engine
    )  # one prompt tells them apart


def test_authors_are_told_of_twins_with_a_model(model: Encoder) -> None:
    labels = LabelSet.from_names(
        ["T-shirt", "T - shirt"], templates=["a {}.", "a { }{}.", "an {}."]
    )
    assert check_labelset(labels) == []
    [problem] = check_labelset(labels, encoder=model)
    assert problem.startswith("R6 labels[1] ('T - shirt'): 'T - shirt' has the same tokens as")
