"""What is learnt holds where it was learnt: each way to another place is tried, and refused."""

from __future__ import annotations

import copy
import dataclasses
import functools
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hand_made import some_learnt, some_parts

from zsclip import Label, LabelSet, Learnt, Reading, ZeroShotClassifier
from zsclip.errors import LearntMismatchError, ParameterTypeError, SavedClassifierModelError
from zsclip.learnt import Tie

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

Make = Callable[..., ZeroShotClassifier]
KINDS = [*some_parts(3, 8)]
SEVERAL = ("standardization", "thresholds")


@pytest.fixture
def make(fake_encoder: type[FakeEncoder]) -> Make:
    """Makes a classifier of three colors, with what a test changes in it."""

    def make(
        labels: Any = ("red", "green", "blue"), *, engine: Any = None, **options: Any
    ) -> ZeroShotClassifier:
        options = {"templates": ["a {} thing."], "cache": False, **options}
        return ZeroShotClassifier(labels, encoder=engine or fake_encoder(), **options)

    return make


def teach(clf: ZeroShotClassifier, *names: str) -> ZeroShotClassifier:
    """The classifier with what could have been learnt on it."""
    clf.encode_texts(["x"])
    clf.score_embeddings(clf.encode_images([]))  # its labels are embedded then
    return clf.with_learnt(some_learnt(tie_of(clf), len(clf.labelset), 8, *names))


def tie_of(clf: ZeroShotClassifier) -> Tie:
    return clf._model.tie(clf._head)


@pytest.mark.parametrize("name", KINDS)
def test_it_can_be_carried_to_an_equal_classifier(make: Make, name: str) -> None:
    again = functools.partial(make, multi_label=name in SEVERAL)
    taught = teach(again(), name)
    assert list(taught.learnt.parts()) == [name]
    assert again().with_learnt(taught.learnt).learnt == taught.learnt
    assert again(batch_size=1, workers=1).with_learnt(taught.learnt).learnt == taught.learnt
    assert again(reading=Reading(max_pixels=100, reduced=False)).with_learnt(taught.learnt).learnt
    assert taught.zero_shot().learnt == Learnt()
    assert not taught.zero_shot().learnt


class Other:
    """Ways to have a classifier that is another one, by what differs."""

    def __init__(self, make: Make, engine: type[FakeEncoder]) -> None:
        self.make, self.engine = make, engine

    def renamed(self, **changes: Any) -> ZeroShotClassifier:
        engine = self.engine()
        for key in ("weights_sha256",):
            if key in changes:
                setattr(engine, key, changes.pop(key))
        engine.model_info = dataclasses.replace(engine.model_info, **changes)
        return self.make(engine=engine)

    def all(self) -> dict[str, tuple[Callable[[], ZeroShotClassifier], str]]:
        make, engine = self.make, self.engine
        own = LabelSet.from_mapping({"red": ["a red one"], "green": ["green"], "blue": ["blue"]})
        return {
            "model": (
                lambda: self.renamed(name="other", weights_sha256="cd" * 32),
                "the model ('colors', and here 'other')",
            ),
            "weights": (
                lambda: self.renamed(weights_sha256="cd" * 32),
                "the SHA-256 of the weights ('abab",
            ),
            "unknown weights": (
                lambda: self.renamed(weights_sha256=None),
                "the SHA-256 of the weights (",
            ),
            "engine": (lambda: self.renamed(encoder="open_clip"), "the engine ('fake', and here"),
            "activation": (
                lambda: self.renamed(activation="gelu"),
                "the engine ('fake', and here 'fake gelu')",
            ),
            "recipe": (lambda: self.renamed(recipe="squash"), "and here 'fake squash')"),
            "precision": (
                lambda: make(engine=engine(precision="bf16")),
                "the precision ('fp32', and here 'bf16')",
            ),
            "score function": (
                lambda: make(engine=engine(score_function="sigmoid")),
                "how scores are made ('softmax', and here 'sigmoid')",
            ),
            "several labels": (
                lambda: make(multi_label=True),
                "how scores are made ('softmax', and here 'several labels",
            ),
            "labels": (lambda: make(["red", "green", "white"]), "the labels ("),
            "order": (lambda: make(["red", "blue", "green"]), "the labels ("),
            "fewer labels": (lambda: make(["red", "green"]), "and here 'custom, 2 labels"),
            "prompts": (lambda: make(own, templates=None), "the labels ("),
            "aliases": (
                lambda: make([Label("red", "red", ("ruby",)), "green", "blue"]),
                "the labels (",
            ),
            "template": (lambda: make(templates=["the {} thing."]), "the templates ('1, "),
            "more templates": (
                lambda: make(templates=["a {} thing.", "{}"]),
                "the templates ('1, ",
            ),
            "background": (
                lambda: make(reading=Reading(background="black")),
                "how pictures are read ('background=#ffffff', and here 'background=#000000')",
            ),
            "levels": (lambda: make(reading=Reading(levels=[0, 100])), "how pictures are read ("),
        }


OTHERS = [
    "model", "weights", "unknown weights", "engine", "activation", "recipe", "precision",
    "score function", "several labels", "labels", "order", "fewer labels", "prompts", "aliases",
    "template", "more templates", "background", "levels",
]  # fmt: skip


SINGLE = ("score function", "several labels")  # what says nothing of several labels


@pytest.mark.parametrize(
    ("name", "what"),
    [(n, what) for n in KINDS for what in OTHERS if not (n in SEVERAL and what in SINGLE)],
)
def test_with_learnt_refuses_what_was_learnt_elsewhere(
    make: Make, fake_encoder: type[FakeEncoder], name: str, what: str
) -> None:
    again = functools.partial(make, multi_label=name in SEVERAL)
    ways = Other(make if what in SINGLE else again, fake_encoder).all()
    assert list(ways) == OTHERS
    other, told = ways[what]
    learnt = teach(again(), name).learnt
    with pytest.raises(LearntMismatchError) as caught:
        other().with_learnt(learnt)
    message = str(caught.value)
    assert message.startswith(f"What was learnt ({name}) belongs to something else: ")
    assert told in message
    assert message.endswith("Fit it anew on this classifier, or use what it was fitted on.")


def test_every_difference_is_named(make: Make, fake_encoder: type[FakeEncoder]) -> None:
    learnt = teach(make()).learnt
    with pytest.raises(LearntMismatchError) as caught:
        make(["blue", "red"], templates=["{}"], engine=fake_encoder(precision="fp16")).with_learnt(
            learnt
        )
    for word in ("the labels", "the templates", "the precision", "the precision of the labels"):
        assert f"{word} ('" in str(caught.value)


def test_weights_that_are_not_known_are_told_by_their_scale(
    make: Make, fake_encoder: type[FakeEncoder]
) -> None:
    learnt = teach(make(engine=fake_encoder(weights_sha256=None))).learnt
    assert make(engine=fake_encoder(weights_sha256=None)).with_learnt(learnt).learnt == learnt
    tuned = fake_encoder(weights_sha256=None, logit_scale=30)
    with pytest.raises(LearntMismatchError, match=r"'softmax at 20 \+0', and here 'softmax at 30"):
        make(engine=tuned).with_learnt(learnt)


@pytest.mark.parametrize("other", [{"input_resolution": 336}, {"parameters": 7}])
def test_weights_that_are_not_known_are_told_by_their_sizes(
    make: Make, fake_encoder: type[FakeEncoder], other: dict[str, int]
) -> None:
    learnt = teach(make(engine=fake_encoder(weights_sha256=None)), "calibration").learnt
    engine = fake_encoder(weights_sha256=None)
    changed: dict[str, Any] = dict(other)
    engine.model_info = dataclasses.replace(engine.model_info, **changed)
    with pytest.raises(LearntMismatchError, match="something else: the model \\('colors, 8 wide, "):
        make(engine=engine).with_learnt(learnt)


def test_another_name_of_the_same_weights_is_no_difference(make: Make) -> None:
    taught = teach(make())
    tie = taught.learnt.tie
    assert tie is not None
    renamed = dataclasses.replace(taught.learnt, tie=dataclasses.replace(tie, model="a copy"))
    assert make().with_learnt(renamed).learnt == renamed


@pytest.mark.parametrize("name", KINDS)
def test_what_does_not_say_where_it_was_learnt_is_taken_nowhere(make: Make, name: str) -> None:
    clf = make(multi_label=name in SEVERAL)
    part: Any = {name: teach(clf, name).learnt.parts()[name]}
    with pytest.raises(LearntMismatchError, match=rf"learnt \({name}\) does not say what it was"):
        clf.with_learnt(Learnt(**part))
    assert not clf.with_learnt(Learnt()).learnt


@pytest.mark.parametrize("name", KINDS)
def test_single_labels_and_several_share_nothing(make: Make, name: str) -> None:
    several = name in SEVERAL
    learnt = teach(make(multi_label=several), name).learnt
    with pytest.raises(LearntMismatchError, match="how scores are made"):
        make(multi_label=not several).with_learnt(learnt)


@pytest.mark.parametrize("name", KINDS)
def test_other_labels_are_refused(make: Make, name: str) -> None:
    taught = teach(make(multi_label=name in SEVERAL), name)
    with pytest.raises(LearntMismatchError, match=rf"learnt \({name}\) belongs to the labels"):
        taught.with_labels(["red", "white"])
    assert taught.zero_shot().with_labels(["red", "white"]).labelset.names == ("red", "white")


@pytest.mark.parametrize("name", KINDS)
def test_what_a_prediction_carries_is_no_longer_whole_and_not_taken(make: Make, name: str) -> None:
    clf = make(multi_label=name in SEVERAL)
    carried = teach(clf, name).classify(np.zeros((8, 8, 3), np.uint8)).learnt
    assert list(carried.parts()) == [name]
    with pytest.raises(LearntMismatchError, match="that of a prediction is not all of it"):
        clf.with_learnt(carried)


def test_what_is_not_learnt_is_not_taken(make: Make) -> None:
    wrong: Any = {"temperature": 2}
    with pytest.raises(ParameterTypeError, match="`learnt` must be the `learnt` of a classifier"):
        make().with_learnt(wrong)


@pytest.mark.parametrize("name", KINDS)
def test_load_refuses_another_precision_engine_and_model(
    make: Make, fake_encoder: type[FakeEncoder], tmp_path: Path, name: str
) -> None:
    path = tmp_path / "a.zsclip"
    taught = teach(make(multi_label=name in SEVERAL), name)
    taught.save(path)
    assert ZeroShotClassifier.load(path, encoder=fake_encoder()).learnt == taught.learnt
    with pytest.raises(LearntMismatchError, match=r"the precision \('fp32', and here 'bf16'\)"):
        ZeroShotClassifier.load(path, encoder=fake_encoder(precision="bf16"))
    with pytest.raises(LearntMismatchError, match="how pictures are read"):
        ZeroShotClassifier.load(path, encoder=fake_encoder(), reading=Reading(background="red"))
    engine = fake_encoder()
    engine.model_info = dataclasses.replace(engine.model_info, encoder="open_clip")
    with pytest.raises(LearntMismatchError, match="the engine"):
        ZeroShotClassifier.load(path, encoder=engine)
    with pytest.raises(SavedClassifierModelError, match="that have the SHA-256"):
        ZeroShotClassifier.load(path, encoder=fake_encoder(weights_sha256="cd" * 32))


def test_load_takes_the_precision_that_was_learnt_in(
    tiny: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.score_embeddings(tiny.encode_images([]))
    learnt = some_learnt(tie_of(tiny), 4, tiny.model_info.embedding_dim, "calibration")
    tiny.with_learnt(learnt).save(tmp_path / "a.zsclip")
    monkeypatch.setenv("ZSCLIP_PRECISION", "bf16")
    loaded = ZeroShotClassifier.load(tmp_path / "a.zsclip", device="cpu")
    assert (loaded.model_info.precision, loaded.learnt) == ("fp32", learnt)
    with pytest.raises(LearntMismatchError, match=r"the precision \('fp32', and here 'bf16'\)"):
        ZeroShotClassifier.load(tmp_path / "a.zsclip", device="cpu", precision="bf16")
    tiny.save(tmp_path / "plain.zsclip")  # which may be used in any
    plain = ZeroShotClassifier.load(tmp_path / "plain.zsclip", device="cpu", precision="bf16")
    with pytest.raises(LearntMismatchError, match="the precision"):
        plain.with_learnt(learnt)


def test_labels_of_another_precision_are_a_difference(
    make: Make, fake_encoder: type[FakeEncoder], tmp_path: Path
) -> None:
    make(engine=fake_encoder(precision="fp16")).save(tmp_path / "half.zsclip")
    half = ZeroShotClassifier.load(tmp_path / "half.zsclip", encoder=fake_encoder())
    assert half.origin.labels_precision == "fp16"
    with pytest.raises(LearntMismatchError, match=r"precision of the labels \('fp32', and here 'f"):
        half.with_learnt(teach(make()).learnt)
    taught = teach(half, "calibration")  # and what was learnt there holds there
    taught.save(tmp_path / "taught.zsclip")
    assert ZeroShotClassifier.load(tmp_path / "taught.zsclip", encoder=fake_encoder()).learnt == (
        taught.learnt
    )


def test_a_pickle_that_arrives_at_another_engine_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zsclip.testing import FakeEncoder as Picklable

    clf = ZeroShotClassifier(["cat", "dog"], encoder=Picklable(), cache=False)
    clf.score_embeddings(clf.encode_images([]))
    d = clf.model_info.embedding_dim
    taught = clf.with_learnt(some_learnt(tie_of(clf), 2, d))
    sent = pickle.dumps(taught)
    assert pickle.loads(sent).learnt == taught.learnt
    assert copy.deepcopy(taught) is taught
    put_together = Picklable.__setstate__

    def in_half(self: Picklable, state: dict[str, object]) -> None:
        put_together(self, state)
        self.model_info = dataclasses.replace(self.model_info, precision="fp16")

    monkeypatch.setattr(Picklable, "__setstate__", in_half)
    with pytest.raises(LearntMismatchError, match="the precision"):
        pickle.loads(sent)
