"""Thresholds keep what was asked for on new pictures: by simulation, and to the last picture."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from zsclip import ZeroShotClassifier
from zsclip.errors import LabelNotFoundError, ParameterError
from zsclip.fitting.rejection import threshold_of_coverage, threshold_of_error
from zsclip.learnt import Rejection
from zsclip.testing import FakeEncoder

# --------------------------------------------------------------------------------------- coverage


@pytest.mark.parametrize(
    ("coverage", "least"), [(0.5, 1), (0.75, 3), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)]
)
def test_a_coverage_takes_as_many_pictures_as_it_takes(coverage: float, least: int) -> None:
    values = np.arange(200.0)
    assert threshold_of_coverage(values[: least - 1], coverage) is None
    assert threshold_of_coverage(values[:least], coverage) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.05, 0.99))
def test_the_quantile_is_the_highest_that_as_many_reach(
    values: list[float], coverage: float
) -> None:
    found = threshold_of_coverage(np.array(values), coverage)
    enough = [
        value
        for value in values
        if sum(other >= value for other in values) >= (len(values) + 1) * coverage - 1e-9
    ]
    assert found == max(enough, default=None)


@pytest.mark.parametrize("n", [25, 60, 333])
@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_a_new_picture_of_the_kind_is_accepted_as_often_as_was_asked(
    n: int, coverage: float
) -> None:
    rng = np.random.default_rng(n)
    reached = []
    for _ in range(400):
        values = rng.beta(5, 2, n)
        threshold = threshold_of_coverage(values, coverage)
        assert threshold is not None
        reached.append(float((rng.beta(5, 2, 500) >= threshold).mean()))
    kept = math.ceil((n + 1) * coverage - 1e-9) / (n + 1)
    assert np.mean(reached) == pytest.approx(kept, abs=0.01)
    assert kept >= coverage


# ------------------------------------------------------------------------------------------ error


def draw(
    rng: np.random.Generator, n: int, kind: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence of pictures, and which answers are wrong."""
    confidence = rng.uniform(size=n)
    chance = {
        "steep": 0.8 * (1 - confidence) ** 2,
        "step": np.where(confidence < 0.7, 0.3, 0.02),
        "right": np.full(n, 0.01),
    }[kind]
    return confidence, rng.uniform(size=n) < chance


@pytest.mark.parametrize("kind", ["steep", "step", "right"])
@pytest.mark.parametrize("max_error", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("n", [200, 600])
def test_the_error_among_accepted_new_pictures_is_what_was_asked(
    kind: str, max_error: float, n: int
) -> None:
    rng = np.random.default_rng(n)
    new, wrong = draw(rng, 100_000, kind)
    errors = []
    for _ in range(200):
        try:
            threshold = threshold_of_error(*draw(rng, n, kind), max_error)
        except ParameterError:  # nothing is answered then, and nothing is wrong
            errors.append(0.0)
        else:
            errors.append(float(wrong[new >= threshold].mean()))
    assert np.mean(errors) <= max_error + 0.003
    if wrong.mean() > max_error:  # otherwise everything is accepted
        assert np.mean(errors) >= max_error - 0.03


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5]), st.booleans()), min_size=1),
    st.sampled_from([0.05, 0.1, 0.25, 0.5]),
)
def test_the_threshold_is_the_lowest_that_keeps_the_error(
    answers: list[tuple[float, bool]], max_error: float
) -> None:
    confidence = np.array([value for value, _ in answers])
    wrong = np.array([value for _, value in answers])
    kept = [
        value
        for value in confidence
        if (wrong[confidence >= value].sum() + 1) / ((confidence >= value).sum() + 1)
        <= max_error + 1e-9
    ]
    if kept:
        assert threshold_of_error(confidence, wrong, max_error) == min(kept)
    else:
        with pytest.raises(ParameterError, match=r"the lowest is|no answer is right") as raised:
            threshold_of_error(confidence, wrong, max_error)
        if found := re.search(r"the lowest is ([\d.]+)", str(raised.value)):
            threshold_of_error(confidence, wrong, float(found[1].rstrip(".,")))


def test_an_error_that_cannot_be_had_says_what_can() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6])
    wrong = np.array([False, False, True, True])
    with pytest.raises(ParameterError) as raised:
        threshold_of_error(confidence, wrong, 0.05)
    told = str(raised.value)
    assert "these 4 pictures can show, got 0.05: the lowest is 0.334" in told
    assert "50.0% of them accepted, 0 of 2 wrong" in told
    with pytest.raises(ParameterError, match="no answer is right"):
        threshold_of_error(np.arange(4.0), np.ones(4, bool), 0.9)


# --------------------------------------------------------------------------------- a classifier's


def unit(rng: np.random.Generator, n: int, d: int = 64) -> NDArray[np.float32]:
    rows = rng.normal(size=(n, d))
    made: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made.astype(np.float32)


@pytest.fixture
def clf() -> ZeroShotClassifier:
    return ZeroShotClassifier(["cat", "dog", "owl"], templates=["a {}."], encoder=FakeEncoder())


@pytest.mark.parametrize("method", ["probability", "mcm", "energy", "margin", "null"])
def test_what_was_reached_on_the_pictures_stands_beside_what_was_asked(
    clf: ZeroShotClassifier, method: str
) -> None:
    pictures = unit(np.random.default_rng(0), 200)
    nulls = ["a picture."] if method == "null" else None
    rejecting = clf.rejecting(pictures, coverage=0.9, method=method, null_prompts=nulls)
    rejection = rejecting.rejection
    assert rejection is not None
    assert (rejection.pictures, rejection.coverage, rejection.max_error) == (200, 0.9, None)
    predictions = rejecting.classify_embeddings(pictures)
    sure = np.array([prediction.confidence for prediction in predictions])
    below, last = np.sort(sure)[200 - 182 : 200 - 180]
    assert below < rejection.threshold < last
    assert rejection.threshold == pytest.approx(last - (last - below) / 10, rel=1e-5)
    assert rejection.accepted == pytest.approx(181 / 200)
    accepted = [prediction.accepted for prediction in predictions]
    assert np.mean(accepted) == 181 / 200
    assert rejection.error is None
    assert f"by {method}" not in repr(rejection)
    assert f"<Rejection accepts from {method} = " in repr(rejection)
    assert "for a coverage of 0.9, of 200 pictures; of these it accepts 90.5%" in repr(rejection)


@pytest.mark.parametrize("n", [19, 40])
@pytest.mark.parametrize("method", ["probability", "mcm", "energy", "margin", "null"])
def test_pictures_one_by_one_are_accepted_as_they_were_together(
    clf: ZeroShotClassifier, method: str, n: int
) -> None:
    for seed in range(20):
        pictures = unit(np.random.default_rng(seed), n)
        rejecting = clf.rejecting(pictures, coverage=0.95, method=method)
        assert rejecting.rejection is not None
        alone = [rejecting.classify_embeddings(row[None])[0].accepted for row in pictures]
        assert np.mean(alone) == rejecting.rejection.accepted


def test_pictures_of_one_confidence_have_it_as_threshold(clf: ZeroShotClassifier) -> None:
    same = np.repeat(unit(np.random.default_rng(0), 1), 32, axis=0)
    rejecting = clf.rejecting(same, coverage=0.9, method="probability")
    assert rejecting.rejection is not None
    assert rejecting.rejection.accepted == 1
    assert all(prediction.accepted for prediction in rejecting.classify_embeddings(same))


def test_too_few_pictures_for_a_coverage_accept_everything_and_say_so(
    clf: ZeroShotClassifier, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = unit(np.random.default_rng(0), 18)
    for method in ("mcm", "energy"):
        rejecting = clf.rejecting(pictures, coverage=0.95, method=method)
        assert rejecting.rejection is not None
        assert rejecting.rejection.accepted == 1
        assert f"accepts everything by {method}" in repr(rejecting.rejection)
        others = unit(np.random.default_rng(1), 50)
        assert all(prediction.accepted for prediction in rejecting.classify_embeddings(others))
    lines = [record.getMessage() for record in caplog.records]
    told = "18 pictures are too few for a coverage of 0.95, which takes 19 of them: every picture"
    assert lines == [f"{told} is accepted."] * 2


def test_an_error_is_one_of_answers_and_pictures_of_no_label_count(clf: ZeroShotClassifier) -> None:
    pictures = unit(np.random.default_rng(3), 300)
    best = clf.score_embeddings(pictures).argmax(axis=1)
    sure = clf.score_embeddings(pictures).max(axis=1)
    truth = [None if sure[i] < 0.6 else clf.labelset[int(best[i])].name for i in range(300)]
    rejecting = clf.rejecting(pictures, truth, max_error=0.05, method="probability")
    rejection = rejecting.rejection
    assert rejection is not None
    assert rejection.error is not None
    assert rejection.error <= 0.05
    wrong = np.array([value is None for value in truth])
    last = threshold_of_error(sure, wrong, 0.05)
    assert sure[sure < last].max(initial=0) < rejection.threshold < last
    accepted = sure >= rejection.threshold
    assert rejection.error == pytest.approx(wrong[accepted].mean())
    assert rejection.accepted == pytest.approx(accepted.mean())
    assert "for an error of at most 0.05, of 300 pictures" in repr(rejection)


def test_a_truth_that_is_no_label_or_of_another_length_is_told(clf: ZeroShotClassifier) -> None:
    pictures = unit(np.random.default_rng(3), 3)
    with pytest.raises(LabelNotFoundError, match=r"truth\[1\].*'cow'"):
        clf.rejecting(pictures, ["cat", "cow", None], max_error=0.5)
    with pytest.raises(ParameterError, match="there are 3 pictures, and 2 in `truth`"):
        clf.rejecting(pictures, ["cat", "dog"], max_error=0.5)
    with pytest.raises(ParameterError, match="one picture or more"):
        clf.rejecting(pictures[:0], coverage=0.9)


def test_pictures_are_judged_a_block_at_a_time(clf: ZeroShotClassifier) -> None:
    pictures = unit(np.random.default_rng(5), 5000)
    rejecting = clf.rejecting(pictures, coverage=0.9)
    assert isinstance(rejecting.rejection, Rejection)
    assert rejecting.rejection.accepted == pytest.approx(math.ceil(5001 * 0.9) / 5000)
