"""A classifier that rejects, as a user has it: what its predictions say, and what they cost."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip import LabelSet, ZeroShotClassifier
from zsclip.errors import SavedClassifierError
from zsclip.learnt import METHODS, Calibration, Learnt
from zsclip.testing import FakeEncoder

GIVEN: dict[str, dict[str, Any]] = {
    "null": {"null_prompts": ["a photo.", "something else."]},
    "neglabel": {"words": LabelSet.from_names([f"word {i}" for i in range(50)])},
}
EMPTY = np.empty(0)


def classifier(**options: Any) -> ZeroShotClassifier:
    return ZeroShotClassifier(
        ["cat", "dog", "owl"], templates=["a {}."], **{"encoder": FakeEncoder(), **options}
    )


def pictures(n: int, seed: int = 0) -> list[NDArray[np.uint8]]:
    return list(np.random.default_rng(seed).integers(0, 256, (n, 8, 8, 3), np.uint8))


def half(clf: ZeroShotClassifier, method: str) -> ZeroShotClassifier:
    """One that rejects about half of the pictures of seed 0."""
    return clf.rejecting(pictures(40), coverage=0.5, method=method, **GIVEN.get(method, {}))


@pytest.mark.parametrize("method", METHODS)
def test_what_is_rejected_has_no_answer_and_keeps_its_best_guess(method: str) -> None:
    clf = classifier()
    rejecting = half(clf, method)
    assert rejecting.rejection is not None
    predictions = rejecting.classify_many(pictures(40))
    plain = clf.classify_many(pictures(40))
    accepted = [prediction.accepted for prediction in predictions]
    assert 15 < sum(accepted) < 25
    for prediction, before in zip(predictions, plain, strict=True):
        assert prediction.label == before.label
        assert prediction.scores.tolist() == before.scores.tolist()
        assert prediction.confidence is not None
        assert prediction.accepted == (prediction.confidence >= rejecting.rejection.threshold)
        assert prediction.answer == (prediction.label if prediction.accepted else None)
        told = prediction.to_dict()
        assert told["accepted"] is prediction.accepted
        assert told["answer"] == prediction.answer
        assert told["confidence"] == prediction.confidence
        assert told["origin"]["learnt"] == rejecting.learnt.id
        assert before.confidence is None
        assert before.accepted
        assert before.answer == before.label
        assert "accepted" not in before.to_dict()
    assert predictions == rejecting.classify_many(pictures(40))
    assert hash(predictions[0]) == hash(rejecting.classify_many(pictures(40))[0])
    assert predictions[0] != plain[0]


@pytest.mark.parametrize("method", METHODS)
def test_a_picture_costs_the_encoder_what_it_cost_before(method: str) -> None:
    clf = classifier()
    rejecting = half(clf, method)
    encoder = clf.encoder
    assert isinstance(encoder, FakeEncoder)
    images, texts = list(encoder.image_calls), list(encoder.text_calls)
    rejecting.classify(pictures(1, seed=1)[0])
    rejecting.score_embeddings(clf.encode_images([]))
    assert encoder.image_calls == [*images, 1]
    assert encoder.text_calls == texts


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_classifier_and_a_pickled_one_reject_the_same(method: str, tmp_path: Path) -> None:
    encoder = FakeEncoder()
    rejecting = half(classifier(encoder=encoder), method)
    rejecting.save(tmp_path / "saved.zsclip")
    loaded = ZeroShotClassifier.load(tmp_path / "saved.zsclip", encoder=encoder)
    for again in (loaded, pickle.loads(pickle.dumps(rejecting))):
        assert again.rejection == rejecting.rejection
        new = pictures(20, seed=2)
        assert again.classify_many(new) == rejecting.classify_many(new)


def test_negatives_that_are_missing_in_a_file_are_told(tmp_path: Path) -> None:
    encoder = FakeEncoder()
    rejecting = half(classifier(encoder=encoder), "neglabel")
    assert rejecting.rejection is not None
    bare = replace(rejecting.rejection, negatives=None)
    broken = rejecting.with_learnt(replace(rejecting.learnt, rejection=bare))
    broken.save(tmp_path / "saved.zsclip")
    with pytest.raises(SavedClassifierError, match="must hold what it compares with"):
        ZeroShotClassifier.load(tmp_path / "saved.zsclip", encoder=encoder)


def test_a_temperature_changes_what_is_read_off_the_scores_and_nothing_else() -> None:
    clf = classifier()
    temperature = Calibration(
        temperature=3.0,
        bound="",
        pictures=9,
        ece_before=0,
        ece_after=0,
        brier_before=0,
        brier_after=0,
        lac=EMPTY,
        aps=EMPTY,
    )
    embeddings = clf.encode_images(pictures(10))
    for method in METHODS:
        rejecting = clf.rejecting(threshold=0.5, method=method, **GIVEN.get(method, {}))
        learnt = rejecting.learnt
        warmer = clf.with_learnt(replace(learnt, calibration=temperature))
        before = [p.confidence for p in rejecting.classify_embeddings(embeddings)]
        after = [p.confidence for p in warmer.classify_embeddings(embeddings)]
        assert (before != after) == (method in ("probability", "margin"))
        if method == "probability":
            scores = warmer.score_embeddings(embeddings).max(axis=1)
            assert after == scores.tolist()


def test_an_engine_that_is_sigmoid_by_nature_rejects_by_its_own_scores() -> None:
    clf = classifier(encoder=FakeEncoder(score_function="sigmoid", logit_scale=10, logit_bias=-2))
    for method in METHODS:
        rejecting = half(clf, method)
        predictions = rejecting.classify_many(pictures(40))
        assert 15 < sum(prediction.accepted for prediction in predictions) < 25
        if method == "probability":
            assert all(prediction.confidence == prediction.score for prediction in predictions)


@pytest.mark.parametrize("method", ["probability", "null", "neglabel"])
def test_where_several_labels_hold_a_picture_may_have_none(method: str) -> None:
    rejecting = half(classifier(multi_label=True), method)
    predictions = rejecting.classify_many(pictures(40))
    assert 15 < sum(prediction.accepted for prediction in predictions) < 25


def test_rejecting_again_takes_the_place_of_what_was_there() -> None:
    clf = classifier()
    twice = half(half(clf, "neglabel"), "mcm")
    assert twice.learnt.parts().keys() == {"rejection"}
    assert twice.rejection == half(clf, "mcm").rejection
    assert clf.rejection is None
    assert clf.learnt == Learnt()
    assert twice.zero_shot().rejection is None
