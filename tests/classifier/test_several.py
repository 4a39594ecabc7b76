"""Several labels at once: each by itself, against null prompts or standardized, and thresholds."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
)

from zsclip import Label, LabelSet, Prediction, ZeroShotClassifier
from zsclip.errors import (
    LabelError,
    LearntMismatchError,
    NotLearntError,
    ParameterError,
    ParameterTypeError,
)
from zsclip.scoring.nulls import usual_null_prompts
from zsclip.testing import FakeEncoder

LABELS = ["cat", "dog", "owl"]
TEMPLATES = ["a {}.", "the {}."]
NULLS = ["a plant.", "a person.", "nothing."]
PICTURES = [np.full((3, 4, 3), i, np.uint8) for i in range(30)]


def several(labels: Any = LABELS, encoder: FakeEncoder | None = None, **given: Any) -> Any:
    given = {"templates": TEMPLATES, "null_prompts": NULLS, "multi_label": True, **given}
    encoder = encoder or FakeEncoder(logit_scale=20.0)
    return ZeroShotClassifier(labels, encoder=encoder, cache=False, **given)


def truth_of(n: int = 30) -> list[list[str]]:
    return [[LABELS[i % 3]] * (i % 4 > 0) + ["owl"] * (i % 5 == 0) for i in range(n)]


# ------------------------------------------------------------------------------- against nothing


def test_a_score_is_a_label_s_share_against_null_prompts_that_share_one_vote() -> None:
    clf = several()
    embeddings = clf.encode_images(PICTURES)
    nulls = np.exp(20.0 * (embeddings @ clf.encode_texts(NULLS).T).astype(np.float64)).mean(axis=1)
    for i, name in enumerate(LABELS):
        prompts = clf.encode_texts([t.replace("{}", name) for t in TEMPLATES]).mean(axis=0)
        label = np.exp(20.0 * embeddings @ (prompts / np.linalg.norm(prompts)))
        scores = clf.predict_proba(PICTURES)[:, i]
        np.testing.assert_allclose(scores, label / (label + nulls), rtol=1e-5)


@given(st.permutations(LABELS), st.integers(1, 3))
@settings(max_examples=20)
def test_a_score_does_not_depend_on_the_other_labels(order: list[str], count: int) -> None:
    whole = several().score_embeddings(several().encode_images(PICTURES))
    some = several(order[:count]).predict_proba(PICTURES)
    for j, name in enumerate(order[:count]):
        np.testing.assert_allclose(some[:, j], whole[:, LABELS.index(name)], rtol=1e-5)


def test_a_classifier_that_chooses_one_label_embeds_no_null_prompt_and_has_none() -> None:
    encoder = FakeEncoder()
    clf = several(encoder=encoder, multi_label=False, null_prompts=None)
    clf.classify(PICTURES[0])
    assert [len(texts) for texts in encoder.text_calls] == [6]
    assert clf.origin.null_prompts == ()
    with pytest.raises(ParameterError, match=r"`null_prompts` has no effect .* to `rejecting`"):
        several(multi_label=False)


def test_null_prompts_are_embedded_once() -> None:
    encoder = FakeEncoder()
    clf = several(encoder=encoder)
    clf.classify(PICTURES[0])
    clf.classify_many(PICTURES)
    clf.with_labels(["hen", "fox"]).classify(PICTURES[0])
    assert [tuple(sorted(texts)) for texts in encoder.text_calls if "nothing." in texts] == [
        tuple(sorted(NULLS))
    ]
    assert len(encoder.text_calls) == 3


def test_null_prompts_come_from_the_call_the_label_set_or_everyday_words() -> None:
    own = LabelSet("pets", (Label("cat", "cat"), Label("dog", "dog")), null_prompts=("a basket.",))
    assert several(own, null_prompts=None).origin.null_prompts == ("a basket.",)
    assert several(own).origin.null_prompts == tuple(NULLS)
    usual = several(null_prompts=None)
    assert usual.origin.null_prompts == usual_null_prompts(usual.labelset, TEMPLATES)
    assert usual.origin.to_dict()["multi_label"] is True


def test_null_prompts_that_were_given_go_along_to_other_labels() -> None:
    assert several().with_labels(["hen"]).origin.null_prompts == tuple(NULLS)
    other = several().with_labels(["hen"], null_prompts=["a stone."])
    assert other.origin.null_prompts == ("a stone.",)
    assert "a plant." not in several(null_prompts=None).with_labels(["hen"]).origin.null_prompts
    own = LabelSet("hens", (Label("hen", "hen"),), null_prompts=("an egg.",))
    assert several(null_prompts=None).with_labels(own).origin.null_prompts == ("an egg.",)


def test_a_sigmoid_model_has_a_bias_of_its_own_and_no_null_prompts() -> None:
    encoder = FakeEncoder(logit_scale=10.0, logit_bias=-2.0, score_function="sigmoid")
    clf = several(encoder=encoder)
    embeddings = clf.encode_images(PICTURES)
    cosines = embeddings @ clf._embedded_head().class_matrix.T
    expected = 1 / (1 + np.exp(2.0 - 10.0 * cosines))
    np.testing.assert_allclose(clf.predict_proba(PICTURES), expected, rtol=1e-5)
    assert clf.origin.null_prompts == ()
    assert not any("nothing." in texts for texts in encoder.text_calls)


def test_is_there_a_dog() -> None:
    prediction = several(["dog"]).classify(PICTURES[0])
    assert prediction.label == "dog"
    assert 0 < prediction.score < 1
    assert [score.label for score in prediction.above(0)] == ["dog"]
    with pytest.raises(LabelError, match=r"two labels or more, got one.* pass multi_label=True"):
        several(["dog"], multi_label=False, null_prompts=None)


def test_a_null_prompt_that_is_a_label_is_refused() -> None:
    with pytest.raises(LabelError, match="'Owl' stands for none of the labels, and is 'owl'"):
        several(null_prompts=["Owl"])
    with pytest.raises(LabelError, match=r"'The OWL\.' is a prompt of 'owl'"):
        several(null_prompts=["nothing.", "The OWL."])
    with pytest.raises(LabelError, match=r"'a cat\.' is a prompt of 'cat'"):
        several(multi_label=False, null_prompts=None).rejecting(
            threshold=0.5, method="null", null_prompts=["a cat."]
        )


@pytest.mark.parametrize("word", ["no", 1, None])
def test_several_labels_are_asked_for_by_a_truth_value(word: object) -> None:
    with pytest.raises(ParameterTypeError, match="`multi_label` must be True or False, got"):
        several(multi_label=word)


# -------------------------------------------------------------------------------------- thresholds


def prediction_of(scores: Sequence[float], clf: Any = None) -> Prediction:
    made: Prediction = (clf or several()).classify(PICTURES[0])
    return Prediction(
        "x", np.array(scores, np.float32), made.labelset, made.origin, None, made.learnt
    )


def test_labels_above_a_threshold_come_best_first() -> None:
    prediction = prediction_of([0.5, 0.9, 0.2])
    assert [score.label for score in prediction.above(0.5)] == ["dog", "cat"]
    assert [score.score for score in prediction.above(0.5)] == [
        pytest.approx(0.9),
        pytest.approx(0.5),
    ]
    assert prediction.above(0.95) == []
    assert len(prediction.above(0)) == 3
    with pytest.raises(NotLearntError, match="No thresholds were fitted"):
        prediction.above()
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ParameterError, match="must be from 0 to 1"):
            prediction.above(wrong)
    for none in ("0.5", True):
        with pytest.raises(ParameterTypeError, match="must be a number from 0 to 1"):
            prediction.above(none)  # type: ignore[arg-type]


def test_fitted_thresholds_are_of_each_label() -> None:
    clf = several().calibrated(PICTURES, truth_of())
    values = clf.thresholds.values
    prediction = prediction_of(values, clf)
    assert {score.label for score in prediction.above()} == set(LABELS)
    lower = np.nextafter(values.astype(np.float32), np.float32(-1), dtype=np.float32)
    assert prediction_of(lower, clf).above() == []
    assert prediction.to_dict()["above"] == [score.id for score in prediction.above()]
    assert "above" not in prediction_of([0, 0, 0]).to_dict()


def test_calibrating_makes_scores_the_part_that_is_true() -> None:
    truth = truth_of()
    clf = several().calibrated(PICTURES, truth)
    matrix = np.array([[name in names for name in LABELS] for names in truth])
    assert clf.predict_proba(PICTURES).mean() == pytest.approx(matrix.mean(), abs=0.05)
    assert clf.thresholds.target == "f1"
    assert clf.calibration is None
    by_array = several().calibrated(several().encode_images(PICTURES), matrix)
    assert by_array.thresholds == clf.thresholds
    with pytest.raises(ParameterError, match="`target` and `precision` are of thresholds"):
        several(multi_label=False, null_prompts=None).calibrated(
            PICTURES, ["cat"] * 30, target="f1"
        )


# ------------------------------------------------------------------------------------ standardized


def test_a_standardized_score_is_that_of_the_deviations_from_a_label_s_mean() -> None:
    clf = several()
    embeddings = clf.encode_images(PICTURES)
    cosines = (embeddings @ clf._embedded_head().class_matrix.T).astype(np.float64)
    z = (cosines[20:] - cosines[:20].mean(axis=0)) / cosines[:20].std(axis=0)
    standardized = clf.standardized(PICTURES[:20])
    expected = 1 / (1 + np.exp(-2 * (z - 2)))
    np.testing.assert_allclose(standardized.predict_proba(PICTURES[20:]), expected, rtol=1e-4)
    assert standardized.origin.null_prompts == ()
    assert standardized.learnt.standardization.pictures == 20


def test_standardizing_comes_before_what_stands_on_scores() -> None:
    with pytest.raises(ParameterError, match="is for several labels at once"):
        several(multi_label=False, null_prompts=None).standardized(PICTURES)
    calibrated = several().calibrated(PICTURES, truth_of())
    with pytest.raises(ParameterError, match=r"What was learnt \(thresholds\) stands on scores"):
        calibrated.standardized(PICTURES)
    both = several().standardized(PICTURES).calibrated(PICTURES, truth_of())
    assert list(both.learnt.parts()) == ["standardization", "thresholds"]


@pytest.mark.parametrize("way", ["null", "standardized", "thresholds"])
def test_it_travels(way: str, tmp_path: Path) -> None:
    encoder = FakeEncoder(logit_scale=20.0)
    clf = several(encoder=encoder)
    if way != "null":
        clf = clf.standardized(PICTURES)
    if way == "thresholds":
        clf = clf.calibrated(PICTURES, truth_of())
    expected: NDArray[np.float32] = clf.predict_proba(PICTURES)
    clf.save(tmp_path / "x.zsclip")
    loaded = ZeroShotClassifier.load(tmp_path / "x.zsclip", encoder=encoder, cache=False)
    for other in (loaded, pickle.loads(pickle.dumps(clf)), copy.deepcopy(clf)):
        np.testing.assert_array_equal(other.predict_proba(PICTURES), expected)
        assert other.learnt == clf.learnt
        assert other.origin == clf.origin
        assert list(other.stream(PICTURES)) == clf.classify_many(PICTURES)
    if way == "null":
        assert loaded.with_labels(["hen"]).origin.null_prompts == tuple(NULLS)


def test_what_was_learnt_belongs_to_its_null_prompts_and_kind() -> None:
    encoder = FakeEncoder(logit_scale=20.0)
    learnt = several(encoder=encoder).calibrated(PICTURES, truth_of()).learnt
    others = [
        several(encoder=encoder, null_prompts=["a stone."]),
        several(encoder=encoder, multi_label=False, null_prompts=None),
    ]
    for other in others:
        with pytest.raises(LearntMismatchError, match="several labels"):
            other.with_learnt(learnt)
    assert several(encoder=encoder).with_learnt(learnt).learnt == learnt


def test_a_picture_in_any_batch_has_the_same_scores() -> None:
    clf = several().standardized(PICTURES)
    image = Image.fromarray(PICTURES[5])
    [alone] = clf.classify_many([image])
    np.testing.assert_allclose(alone.scores, clf.predict_proba(PICTURES)[5], rtol=1e-5)


# -------------------------------------------------------------------------------------- evaluation


def test_an_evaluation_of_several_labels_is_scikit_learn_s() -> None:
    truth = truth_of()
    matrix = np.array([[name in names for name in LABELS] for names in truth])
    for clf in (several(), several().calibrated(PICTURES, truth)):
        evaluation, scores = clf.evaluate(PICTURES, truth), clf.predict_proba(PICTURES)
        values = 0.5 if clf.thresholds is None else clf.thresholds.values
        said = scores.astype(np.float64) >= values
        options = {"zero_division": 0.0}
        assert evaluation.metrics() == {
            "mean_average_precision": pytest.approx(average_precision_score(matrix, scores)),
            "micro_f1": pytest.approx(f1_score(matrix, said, average="micro", **options)),
            "macro_f1": pytest.approx(f1_score(matrix, said, average="macro", **options)),
            "precision": pytest.approx(precision_score(matrix, said, average="micro", **options)),
            "recall": pytest.approx(recall_score(matrix, said, average="micro", **options)),
        }
        assert evaluation.mean_average_precision == evaluation.metric("mean_average_precision")
        assert evaluation.micro_f1 == evaluation.metric("micro_f1")
        assert evaluation.macro_f1 == evaluation.metric("macro_f1")
        low, high = evaluation.interval("mean_average_precision", resamples=50)
        assert low < evaluation.mean_average_precision < high
        assert "mean average precision" in str(evaluation)
        assert repr(evaluation).startswith("<Evaluation of 30 pictures: mean average precision 0.")
        assert evaluation.to_dict()["metrics"]["micro_f1"]["value"] == evaluation.micro_f1
        with pytest.raises(ParameterError, match="`accuracy` does not apply"):
            assert evaluation.accuracy
    one = several(multi_label=False, null_prompts=None).evaluate(PICTURES, ["cat"] * 30)
    with pytest.raises(ParameterError, match="does not apply"):
        assert one.mean_average_precision
