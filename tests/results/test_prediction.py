"""Results are values: frozen, hashable, equal by content, picklable, and plain as JSON."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip import (
    Failure,
    Label,
    LabelSet,
    ModelInfo,
    Origin,
    Prediction,
    Score,
    ZeroShotClassifier,
)
from zsclip.errors import (
    ImageError,
    LabelError,
    ParameterError,
    ParameterTypeError,
)
from zsclip.labels import Provenance

LABELS = LabelSet("pets", (Label("c", "cat"), Label("d", "dog"), Label("h", "hamster")))
MODEL = ModelInfo(
    name="ViT-B/32",
    encoder="clip",
    parameters=151_277_313,
    input_resolution=224,
    context_length=77,
    vocab_size=49_408,
    embedding_dim=512,
    logit_scale=100.0,
    device="cuda:0",
    precision="fp16",
    source="ViT-B-32.pt",
)
ORIGIN = Origin(
    model=MODEL,
    weights_sha256="ab" * 32,
    labelset="pets",
    provenance=(Provenance("zsclip-labels-pets", "1.2", "pets/pets.toml", "cd" * 32),),
    templates=("a {}.", "the {}."),
    zsclip="0.1.0",
)


def predict(*scores: float, source: str = "fox.png") -> Prediction:
    return Prediction(source, np.array(scores, np.float32), LABELS, ORIGIN)


def test_the_best_label_and_how_sure() -> None:
    p = predict(0.25, 0.625, 0.125)
    assert (p.label, p.label_id, p.score, p.margin) == ("dog", "d", 0.625, 0.375)
    assert type(p.score) is type(p.margin) is float
    assert repr(p) == "<Prediction 'dog' 0.625 for fox.png>"


def test_an_origin_has_a_short_name_that_tells_it_from_others() -> None:
    assert ORIGIN.id == dataclasses.replace(ORIGIN).id
    assert len(ORIGIN.id) == 16
    assert int(ORIGIN.id, 16) >= 0
    others = [
        dataclasses.replace(ORIGIN, templates=("a {}.",)),
        dataclasses.replace(ORIGIN, weights_sha256=None),
        dataclasses.replace(ORIGIN, model=dataclasses.replace(MODEL, precision="fp32")),
    ]
    assert len({ORIGIN.id, *(other.id for other in others)}) == 4


def test_top() -> None:
    p = predict(0.25, 0.625, 0.125)
    ranked = [Score("dog", "d", 0.625), Score("cat", "c", 0.25), Score("hamster", "h", 0.125)]
    for k in (1, 2, 3):
        assert p.top(k) == ranked[:k]
    assert p.top(np.int64(2)) == ranked[:2]  # type: ignore[arg-type]
    assert p.top() == p.top(10**9) == ranked
    assert type(p.top(1)[0].score) is float


@pytest.mark.parametrize("k", [0, -1, np.int64(0)])
def test_top_of_none(k: int) -> None:
    with pytest.raises(ParameterError) as caught:
        predict(0.2, 0.3, 0.5).top(k)
    assert str(caught.value) == f"`k` must be 1 or more, got {k!r}."
    with pytest.raises(ParameterError):
        predict(0.2, 0.3, 0.5).to_dict(k)


@pytest.mark.parametrize("k", [1.0, "3", True, None])
def test_top_of_no_number(k: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`k` must be a whole number, got "):
        predict(0.2, 0.3, 0.5).top(k)


def test_labels_of_equal_score_come_in_the_order_of_the_set() -> None:
    p = predict(0.375, 0.25, 0.375)
    assert [s.label for s in p.top(3)] == ["cat", "hamster", "dog"]
    assert (p.label, p.margin) == ("cat", 0.0)


def test_many_labels_of_equal_score_do_too() -> None:
    """Where sorts that are not stable begin to show."""
    labels = LabelSet.from_names([f"label {i}" for i in range(100)])
    scores = np.tile(np.array([0.0, 0.02], np.float32), 50)
    p = Prediction("fox.png", scores, labels, ORIGIN)
    expected = [*range(1, 100, 2), *range(0, 100, 2)]
    assert [s.label for s in p.top(100)] == [f"label {i}" for i in expected]
    assert p.label == "label 1"


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=3, max_size=3))
def test_all_of_a_prediction_agrees(scores: list[float]) -> None:
    p = predict(*scores)
    top = p.top(3)
    assert (p.label, p.label_id, p.score) == (top[0].label, top[0].id, top[0].score)
    assert p.margin == top[0].score - top[1].score
    assert [s.score for s in top] == sorted(scores, reverse=True)
    assert sorted(s.id for s in top) == ["c", "d", "h"]
    assert LABELS[int(p.scores.argmax())].name == p.label


def test_predictions_are_equal_by_content() -> None:
    p = predict(0.25, 0.625, 0.125)
    assert p == predict(0.25, 0.625, 0.125)
    assert hash(p) == hash(predict(0.25, 0.625, 0.125))
    others = [
        predict(0.25, 0.5, 0.25),
        predict(0.25, 0.625, 0.125, source="hare.png"),
        dataclasses.replace(p, origin=dataclasses.replace(ORIGIN, zsclip="9")),
        dataclasses.replace(p, labelset=dataclasses.replace(LABELS, name="other")),
    ]
    assert len({p, predict(0.25, 0.625, 0.125), *others}) == 5
    assert all(p != other for other in others)
    assert p != "dog"


@pytest.mark.parametrize(
    "value",
    [
        predict(0.25, 0.625, 0.125),
        Score("dog", "d", 0.625),
        ORIGIN,
        Failure("fox.png", ImageError("fox.png", "it is empty (0 bytes).")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_stay_as_they_are_and_travel(value: Any) -> None:
    for field in dataclasses.fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field.name, None)
    with pytest.raises((AttributeError, TypeError)):
        value.remark = "no place for it"
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value
    for again in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert again == value
        assert hash(again) == hash(value)
        assert repr(again) == repr(value)


def test_scores_are_read_only_wherever_they_went() -> None:
    given_scores = np.array([0.25, 0.5, 0.25], np.float32)
    p = Prediction("fox.png", given_scores, LABELS, ORIGIN)
    given_scores[0] = 9
    assert p.score == 0.5
    for one in (p, pickle.loads(pickle.dumps(p)), copy.copy(p), copy.deepcopy(p)):
        assert one.scores.dtype == np.float32
        with pytest.raises(ValueError, match="read-only"):
            one.scores[0] = 1


def test_those_of_a_classifier_are_read_only(colors: ZeroShotClassifier) -> None:
    for p in colors.classify_many(np.zeros((4, 2, 2, 3), np.uint8)):
        with pytest.raises(ValueError, match="read-only"):
            p.scores[0] = 1
        assert p.scores.base is None  # not a row that keeps its whole batch


@pytest.mark.parametrize("scores", [[0.5, 0.5], [], [[0.2, 0.3, 0.5]], 1.0])
def test_one_score_for_each_label(scores: Any) -> None:
    with pytest.raises(ParameterError, match="`scores` must hold one number for each of the 3"):
        Prediction("fox.png", scores, LABELS, ORIGIN)


def test_a_prediction_as_json() -> None:
    p = predict(0.25, 0.625, 0.125)
    plain = p.to_dict()
    assert json.loads(json.dumps(plain)) == plain == {
        "source": "fox.png",
        "label": "dog",
        "label_id": "d",
        "score": 0.625,
        "margin": 0.375,
        "scores": [
            {"label": "dog", "id": "d", "score": 0.625},
            {"label": "cat", "id": "c", "score": 0.25},
            {"label": "hamster", "id": "h", "score": 0.125},
        ],
        "origin": {
            "model": dataclasses.asdict(MODEL),
            "weights_sha256": "ab" * 32,
            "labelset": "pets",
            "provenance": [
                {
                    "distribution": "zsclip-labels-pets",
                    "version": "1.2",
                    "file": "pets/pets.toml",
                    "sha256": "cd" * 32,
                }
            ],
            "templates": ["a {}.", "the {}."],
            "zsclip": "0.1.0",
            "labels_precision": None,
        },
    }  # fmt: skip
    assert p.to_dict(1)["scores"] == plain["scores"][:1]
    assert p.to_dict(99) == plain


NO_TEXT = os.fsdecode(b"caf\xe9.png")


@pytest.mark.parametrize("name", [NO_TEXT, "\ud800.png"], ids=["bytes", "lone surrogate"])
def test_json_holds_no_lone_surrogate(name: str) -> None:
    escaped = name.encode("ascii", "backslashreplace").decode()
    origin = dataclasses.replace(ORIGIN, model=dataclasses.replace(MODEL, source=name))
    prediction = Prediction(name, np.array([0.25, 0.5, 0.25]), LABELS, origin)
    failure = Failure(name, ValueError(f"no such file: {name}"))
    for plain in (prediction.to_dict(), failure.to_dict()):
        sent = json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace")
        assert b"?.png" not in sent
        assert json.loads(sent)["source"] == escaped
    assert prediction.to_dict()["origin"]["model"]["source"] == escaped
    assert (prediction.source == failure.source == name) is True
    assert repr(prediction).isprintable()


def test_a_name_in_a_repr_is_one_line() -> None:
    p = predict(0.25, 0.625, 0.125, source="a\nb\u202f" + "x" * 5000 + ".png")
    assert repr(p).isprintable()
    assert len(repr(p)) < 1100


def test_a_prediction_of_labels_made_in_code_as_json(colors: ZeroShotClassifier) -> None:
    plain = colors.classify(np.zeros((2, 2, 3), np.uint8)).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["origin"]["provenance"] == []


def test_a_failure() -> None:
    failure = Failure("fox.png", ImageError("fox.png", "it is empty (0 bytes)."))
    message = "Cannot read the picture fox.png: it is empty (0 bytes)."
    assert repr(failure) == f"<Failure ImageError: {message}>"
    plain = failure.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain == {"source": "fox.png", "error": message, "error_type": "ImageError"}
    with pytest.raises(ImageError):
        raise failure.error


def test_failures_are_equal_by_content() -> None:
    failure = Failure("fox.png", ImageError("fox.png", "gone."))
    assert failure == Failure("fox.png", ImageError("fox.png", "gone."))
    others = [
        Failure("hare.png", ImageError("fox.png", "gone.")),
        Failure("fox.png", ImageError("fox.png", "empty.")),
        Failure("fox.png", LabelError(str(failure.error))),
    ]
    assert len({failure, *others}) == 4
    assert failure != "fox.png"


def test_where_a_prediction_comes_from_in_a_line() -> None:
    assert repr(ORIGIN) == (
        "<Origin ViT-B/32 on cuda:0 in fp16, 'pets' of zsclip-labels-pets 1.2, zsclip 0.1.0>"
    )
