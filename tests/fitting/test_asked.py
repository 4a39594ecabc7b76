"""What is asked of a rejection: what goes together, and the errors about what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zsclip import LabelSet, ZeroShotClassifier
from zsclip.errors import LabelError, ParameterError, ParameterTypeError
from zsclip.scoring.nulls import usual_null_prompts
from zsclip.testing import FakeEncoder

PICTURES = np.eye(30, 64, dtype=np.float32)


def classifier(**options: Any) -> ZeroShotClassifier:
    return ZeroShotClassifier(
        ["cat", "dog", "owl"], templates=["a {}."], encoder=FakeEncoder(), **options
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "Exactly one of `coverage`, `max_error` and `threshold` must be given, got none"),
        ({"coverage": 0.9, "threshold": 0.3}, "got coverage, threshold"),
        ({"coverage": 0.9}, "`coverage` takes `images` of the wanted kind, and no `truth`"),
        ({"images": PICTURES, "truth": ["cat"] * 30, "coverage": 0.9}, "got `images` and `truth`"),
        ({"images": PICTURES, "max_error": 0.1}, "`max_error` takes `images` and their `truth`"),
        ({"images": PICTURES, "threshold": 0.3}, "`threshold` is given by hand, without `images`"),
        ({"images": PICTURES, "coverage": 95}, "`coverage` must lie between 0 and 1, got 95"),
        ({"images": PICTURES, "coverage": 1.0}, "between 0 and 1"),
        ({"threshold": 30.0}, "as confidence by 'probability' does"),
        ({"threshold": float("nan")}, "must be a finite number"),
        ({"threshold": 0.3, "method": "msp"}, "must be one of probability, mcm, energy"),
        ({"threshold": 0.3, "method": "neglable"}, "got 'neglable'. Did you mean 'neglabel'"),
        ({"threshold": 0.3, "null_prompts": ["a thing."]}, 'Pass method="null"'),
        ({"threshold": 0.3, "words": "wordnet-words"}, 'Pass method="neglabel"'),
    ],
)
def test_what_does_not_go_together_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError) as raised:
        classifier().rejecting(**given)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    "given",
    [
        {"threshold": "0.3"},
        {"threshold": True},
        {"threshold": 0.3, "method": 1},
        {"threshold": 0.3, "method": "null", "null_prompts": "a thing."},
        {"threshold": 0.3, "method": "neglabel", "words": ["a", "b"]},
    ],
)
def test_what_has_another_type_is_told(given: dict[str, Any]) -> None:
    with pytest.raises(ParameterTypeError):
        classifier().rejecting(**given)


def test_what_cannot_be_is_told_before_anything_is_embedded() -> None:
    clf = classifier()
    with pytest.raises(ParameterError):
        clf.rejecting([np.zeros((8, 8, 3), np.uint8)], coverage=2)
    assert isinstance(clf.encoder, FakeEncoder)
    assert clf.encoder.image_calls == []
    assert clf.encoder.text_calls == []


def method_of(clf: ZeroShotClassifier) -> str:
    assert clf.rejection is not None
    return clf.rejection.method


def test_the_method_is_mcm_or_what_a_threshold_by_hand_means() -> None:
    clf = classifier()
    assert method_of(clf.rejecting(PICTURES, coverage=0.9)) == "mcm"
    by_hand = clf.rejecting(threshold=0.3)
    assert method_of(by_hand) == "probability"
    [prediction] = by_hand.classify_embeddings(PICTURES[:1])
    assert prediction.confidence == prediction.score
    alone = ZeroShotClassifier(["cat"], encoder=FakeEncoder(score_function="sigmoid"), cache=False)
    assert method_of(alone.rejecting(PICTURES, coverage=0.9)) == "probability"
    with pytest.raises(ParameterError, match="'mcm' compares labels"):
        alone.rejecting(PICTURES, coverage=0.9, method="mcm")
    several = classifier(multi_label=True)
    assert method_of(several.rejecting(PICTURES, coverage=0.9)) == "probability"


@pytest.mark.parametrize("method", ["mcm", "energy", "margin"])
def test_what_sets_labels_against_each_other_means_nothing_with_several(method: str) -> None:
    with pytest.raises(ParameterError, match="one of probability, null, neglabel where a picture"):
        classifier(multi_label=True).rejecting(threshold=0.3, method=method)


def test_of_a_single_label_its_score_is_asked() -> None:
    fake = FakeEncoder(score_function="sigmoid")
    clf = ZeroShotClassifier(["cat"], templates=["a {}."], encoder=fake)
    assert method_of(clf.rejecting(PICTURES, coverage=0.9)) == "probability"
    for method in ("mcm", "margin"):
        with pytest.raises(ParameterError, match="compares labels with each other, and there is"):
            clf.rejecting(PICTURES, coverage=0.9, method=method)


def test_an_error_is_not_asked_of_several_labels() -> None:
    with pytest.raises(ParameterError, match="`max_error` must be left out"):
        classifier(multi_label=True).rejecting(PICTURES, [["cat"]] * 30, max_error=0.1)


def null_prompts_of(clf: ZeroShotClassifier, *given: str) -> tuple[str, ...]:
    rejection = clf.rejecting(threshold=0.5, method="null", null_prompts=given or None).rejection
    assert rejection is not None
    assert rejection.negatives is not None
    assert rejection.negatives.tolist() == clf.encode_texts(rejection.null_prompts).tolist()
    return rejection.null_prompts


def test_null_prompts_are_those_of_the_call_or_of_the_label_set_or_the_usual_ones() -> None:
    clf = classifier()
    assert null_prompts_of(clf) == usual_null_prompts(clf.labelset, clf.templates)
    own = clf.with_labels(
        LabelSet.from_names(["cat", "dog"], templates=["a {}."]).with_templates(["the {}."])
    )
    assert null_prompts_of(own) == usual_null_prompts(own.labelset, ["the {}."])
    several = classifier(multi_label=True, null_prompts=["a sea."])
    assert null_prompts_of(several) == ("a sea.",)
    own = clf.with_labels(replace(own.labelset, null_prompts=("a scene.", "a sky.")))
    assert null_prompts_of(own) == ("a scene.", "a sky.")
    assert null_prompts_of(own, "a thing.", "a photo.") == ("a thing.", "a photo.")
    for wrong in ([], ["cat"]):
        with pytest.raises(LabelError, match="null_prompts"):
            own.rejecting(threshold=0.5, method="null", null_prompts=wrong)


def test_words_are_given_by_name_or_as_a_label_set() -> None:
    clf = classifier()
    by_name = clf.rejecting(threshold=0.5, method="neglabel", words="cartoon-animals/bird")
    assert by_name.rejection is not None
    assert "cartoon-animals/bird" in by_name.rejection.words
    words = LabelSet.from_names(["tree", "car"])
    assert clf.rejecting(threshold=0.5, method="neglabel", words=words).rejection is not None
