"""Results and truth put together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from evaluations import made

from zsclip import Failure, LabelSet, Learnt, Prediction, Rejection, UnknownTruth
from zsclip.errors import ImageError, ParameterError
from zsclip.evaluation import indices_of, judge

LABELS = LabelSet.from_names(["a", "b"])
ORIGIN = made([0], [0], "ab").origin


def results(*said: str) -> Iterator[Prediction | Failure]:
    """A prediction for each letter, and a failure for each dot."""
    for i, best in enumerate(said):
        if best == ".":
            yield Failure(f"{i}.png", ImageError(f"{i}.png", "it is empty."))
        else:
            scores = np.array([0.8, 0.2] if best == "a" else [0.3, 0.7], np.float32)
            yield Prediction(f"{i}.png", scores, LABELS, ORIGIN)


def test_what_could_be_read_and_has_a_label_is_judged() -> None:
    truth = indices_of(LABELS, ["a", "cow", "b", "a", None, "dog"])
    found = judge(results("a", "a", ".", "b", "a", "."), truth, LABELS)
    assert found.sources == ("0.png", "3.png")
    assert found.truth.tolist() == [0, 0]
    assert found.scores.tolist() == [
        [np.float32(0.8), np.float32(0.2)],
        [np.float32(0.3), np.float32(0.7)],
    ]
    assert [failure.source for failure in found.failures] == ["2.png", "5.png"]
    assert found.unknown == (UnknownTruth("1.png", "cow"), UnknownTruth("4.png", None))
    assert found.accepted is None
    assert found.origin is ORIGIN


def test_more_or_fewer_pictures_than_truth_are_told_when_they_are_found() -> None:
    truth = indices_of(LABELS, ["a", "b"])
    taken: list[int] = []

    def counted() -> Iterator[Prediction | Failure]:
        for i, result in enumerate(results(*"aaaaaa")):
            taken.append(i)
            yield result

    with pytest.raises(ParameterError, match="more than 2 pictures, and 2 in `truth`"):
        judge(counted(), truth, LABELS)
    assert taken == [0, 1, 2]
    with pytest.raises(ParameterError, match="there are 1 pictures, and 2 in `truth`"):
        judge(results("a"), truth, LABELS)


def test_where_nothing_could_be_judged_it_is_said_why() -> None:
    truth = indices_of(LABELS, ["a", "cow"])
    with pytest.raises(ParameterError, match=r"(?s)1 pictures could not be read, and 1 .*'cow' is"):
        judge(results(".", "a"), truth, LABELS)
    with pytest.raises(ParameterError, match="nothing to evaluate"):
        judge(results(), indices_of(LABELS, []), LABELS)


def test_of_several_labels_a_picture_with_an_unknown_one_is_listed_once() -> None:
    truth = indices_of(LABELS, [["a"], ["cow", "a", "emu"], ["b", "a"]], several=True)
    found = judge(results("a", "a", "b"), truth, LABELS)
    assert found.truth.tolist() == [[True, False], [True, True]]
    assert found.unknown == (UnknownTruth("1.png", "cow"),)


def test_what_a_classifier_that_rejects_accepts_is_kept() -> None:
    learnt = Learnt(rejection=Rejection(method="mcm", threshold=0.5))
    scores = np.array([0.8, 0.2], np.float32)
    sure = [
        Prediction(f"{i}.png", scores, LABELS, ORIGIN, confidence, learnt)
        for i, confidence in enumerate((0.9, 0.5, 0.1, 0.7))
    ]
    found = judge(sure, indices_of(LABELS, ["a", "b", "b", "cow"]), LABELS)
    assert found.accepted is not None
    assert found.accepted.tolist() == [True, True, False]
    assert found.coverage == pytest.approx(2 / 3)
    assert found.error_among_accepted == 0.5
    assert found.learnt is learnt
