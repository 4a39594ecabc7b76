"""What an evaluation tells, and that it is a value."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from evaluations import made
from sklearn.metrics import f1_score, precision_score, recall_score

from zsclip import ClassResult, Evaluation, Mistake
from zsclip.errors import NotLearntError, ParameterError, ParameterTypeError
from zsclip.evaluation.several import mean_average_precision

SCORES = [[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.2, 0.5, 0.3], [0.8, 0.1, 0.1]]
TRUTH = ["a", "b", "b", "c"]


def test_each_metric_has_its_name() -> None:
    found = made(SCORES, TRUTH)
    assert found.accuracy == 0.5
    assert found.top_k(1) == 0.5
    assert found.top_k(2) == 0.75
    assert found.top_k() == 1
    assert found.mean_per_class_recall == 0.5
    assert found.metric("top_3") == found.top_k(3)
    assert found.metrics() == {
        "accuracy": found.accuracy,
        "top_5": 1.0,
        "mean_per_class_recall": found.mean_per_class_recall,
        "ece": found.ece,
        "brier": found.brier,
        "log_loss": found.log_loss,
    }
    assert found.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 0]]


def test_accuracy_and_mean_per_class_recall_differ_where_classes_do_in_size() -> None:
    found = made([0] * 8 + [0, 1], ["a"] * 8 + ["b", "b"], "ab")
    assert found.accuracy == 0.9
    assert found.mean_per_class_recall == 0.75


@pytest.mark.parametrize("name", ["acuracy", "top_0", "top-5", "top_", ""])
def test_a_metric_that_is_none_is_told_with_those_there_are(name: str) -> None:
    with pytest.raises(ParameterError, match="`metric` must be the name of one"):
        made(SCORES, TRUTH).metric(name)
    with pytest.raises(ParameterTypeError):
        made(SCORES, TRUTH).interval(5)  # type: ignore[arg-type]


def test_what_is_accepted_is_told_of_classifiers_that_reject() -> None:
    with pytest.raises(NotLearntError, match="`rejecting`"):
        _ = made(SCORES, TRUTH).coverage
    accepted = np.array([True, True, False, False])
    found = made(SCORES, TRUTH, accepted=accepted)
    assert found.coverage == 0.5
    assert found.error_among_accepted == 0.5
    assert found.accuracy == 0.5  # of the best guess, accepted or not
    assert {"coverage", "error_among_accepted"} <= found.metrics().keys()
    low, high = found.interval("error_among_accepted")
    assert 0 <= low <= 0.5 <= high <= 1


def test_what_is_never_accepted_has_no_error() -> None:
    found = made(SCORES, TRUTH, accepted=np.zeros(4, bool))
    assert np.isnan(found.error_among_accepted)
    told = found.to_dict()["metrics"]["error_among_accepted"]
    assert told == {"value": None, "low": None, "high": None}
    assert "error among accepted           -" in str(found)


def test_scores_of_labels_by_themselves_have_no_brier_score() -> None:
    found = made([[0.9, 0.8], [0.1, 0.2]], ["a", "b"])
    assert found.metrics().keys() == {"accuracy", "top_5", "mean_per_class_recall", "ece"}
    with pytest.raises(ParameterError, match="`brier`"):
        _ = found.brier


def test_an_interval_holds_the_number_and_depends_on_its_seed_alone() -> None:
    random = np.random.default_rng(0)
    scores = random.dirichlet(np.ones(4), size=120)
    found = made(scores, random.integers(4, size=120).tolist())
    for name, value in found.metrics().items():
        low, high = found.interval(name)
        assert low <= high
        assert name == "ece" or low <= value <= high  # which resampling makes larger
        assert (low, high) == found.interval(name)
    wide, narrow = (np.diff(found.interval("accuracy", level=level)) for level in (0.99, 0.5))
    assert wide > narrow


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, "0.95", float("nan")])
def test_a_level_that_is_no_part_is_refused(level: Any) -> None:
    with pytest.raises(ParameterError, match="`level`"):
        made(SCORES, TRUTH).interval("accuracy", level=level)


def test_a_level_may_be_any_kind_of_number() -> None:
    found = made(SCORES, TRUTH)
    assert found.interval("brier", level=np.float32(0.5)) == found.interval("brier", level=0.5)  # type: ignore[arg-type]


def test_each_label_has_a_row() -> None:
    found = made([0, 1, 1, 0, 0, 2], ["a", "b", "b", "b", "b", "b"], "abcd")
    assert found.per_class == (
        ClassResult("a", "a", 1, 3, 1.0, 1 / 3, None),
        ClassResult("b", "b", 5, 2, 0.4, 1.0, "a"),
        ClassResult("c", "c", 0, 1, None, 0.0, None),
        ClassResult("d", "d", 0, 0, None, None, None),
    )


def test_rows_say_what_confusion_says() -> None:
    random = np.random.default_rng(1)
    found = made(random.dirichlet(np.ones(5), size=99), random.integers(5, size=99).tolist())
    table = found.confusion
    for i, row in enumerate(found.per_class):
        assert (row.pictures, row.answers) == (table[i].sum(), table[:, i].sum())
        assert row.recall == table[i, i] / table[i].sum()
        others = np.delete(table[i], i)
        assert table[i][found.labelset.names.index(row.taken_for or "")] == others.max()


def test_the_worst_mistakes_come_first() -> None:
    found = made(SCORES, TRUTH)
    assert found.worst() == [
        Mistake("3.png", "c", "c", "a", "a", float(np.float32(0.8))),
        Mistake("1.png", "b", "b", "a", "a", 0.5),
    ]
    assert found.worst(1) == found.worst()[:1]
    assert made([0], ["a"], "ab").worst() == []
    with pytest.raises(ParameterError, match="`k`"):
        found.worst(0)


def test_of_several_labels_what_is_of_one_is_refused() -> None:
    one = made(SCORES, TRUTH)
    found = Evaluation(one.labelset, one.origin, one.sources, np.ones((4, 3), bool), one.scores)
    assert found.multi_label
    with pytest.raises(ParameterError, match="`confusion` does not apply"):
        _ = found.confusion
    with pytest.raises(ParameterError, match="`worst` does not apply"):
        found.worst()
    with pytest.raises(ParameterError, match=r"`accuracy` does not apply to.*several labels"):
        _ = found.accuracy
    with pytest.raises(ParameterError, match="`compare` does not apply"):
        found.compare(found)


def test_of_several_labels_there_are_map_and_f1_by_thresholds() -> None:
    one = made(SCORES, TRUTH)
    truth = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 0]], bool)
    parts = one.labelset, one.origin, one.sources, truth, one.scores
    found = Evaluation(*parts)
    assert found.metrics() == {
        "mean_average_precision": found.mean_average_precision,
        "micro_f1": found.micro_f1,
        "macro_f1": found.macro_f1,
        "precision": precision_score(truth, one.scores >= 0.5, average="micro"),
        "recall": recall_score(truth, one.scores >= 0.5, average="micro"),
    }
    assert found.mean_average_precision == pytest.approx(mean_average_precision(one.scores, truth))
    assert found.micro_f1 == f1_score(truth, one.scores >= 0.5, average="micro")
    low, high = found.interval("macro_f1")
    assert low <= found.macro_f1 <= high
    assert "F1 and recall are by a threshold of 0.5." in str(found)
    assert json.loads(json.dumps(found.to_dict()))["metrics"].keys() == found.metrics().keys()
    assert found.per_class[1] == ClassResult("b", "b", 2, 1, 0.5, 1.0, None)
    with pytest.raises(ParameterError, match=r"`micro_f1` does not apply.*one label"):
        _ = one.micro_f1
    accepted = np.array([True, False, True, True])
    assert Evaluation(*parts, accepted=accepted).metrics() == {**found.metrics(), "coverage": 0.75}


def test_an_evaluation_is_a_value() -> None:
    found, same = made(SCORES, TRUTH), made(SCORES, TRUTH)
    assert found == same
    assert hash(found) == hash(same)
    assert found != made(SCORES, ["a", "b", "b", "b"])
    assert found != 3
    for other in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert other == found
        assert not other.scores.flags.writeable
        assert not other.truth.flags.writeable


def test_arrays_are_copied_if_they_could_change_and_kept_once_if_not() -> None:
    one = made(SCORES, TRUTH)
    scores = one.scores.copy()
    found = Evaluation(one.labelset, one.origin, one.sources, one.truth, scores)
    scores[:] = 0
    assert found == one
    assert Evaluation(one.labelset, one.origin, one.sources, one.truth, one.scores).scores is (
        one.scores
    )


def test_parts_that_do_not_belong_together_are_refused() -> None:
    one = made(SCORES, TRUTH)
    with pytest.raises(ParameterError, match="`scores` must have the shape"):
        Evaluation(one.labelset, one.origin, one.sources, one.truth, one.scores[:2])
    with pytest.raises(ParameterError, match="`accepted` must have the shape"):
        made(SCORES, TRUTH, accepted=np.ones(3, bool))
    with pytest.raises(ParameterError, match="one picture or more"):
        Evaluation(one.labelset, one.origin, (), one.truth[:0], one.scores[:0])
    for truth in (one.truth - 2, one.truth + 2, one.truth.astype(float), np.zeros((4, 3), int)):
        with pytest.raises(ParameterError, match="`truth` must hold"):
            replace(one, truth=truth)


def test_as_plain_values_it_goes_into_json() -> None:
    found = made(SCORES, TRUTH)
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["pictures"] == 4
    assert plain["metrics"]["accuracy"]["value"] == 0.5
    assert plain["metrics"]["accuracy"]["low"] == found.interval("accuracy")[0]
    assert plain["per_class"][0]["label"] == "a"
    assert plain["origin"] == found.origin.to_dict()


def test_its_repr_is_short_and_names_the_metric() -> None:
    one = made(SCORES, TRUTH)
    assert repr(one) == "<Evaluation of 4 pictures: accuracy (top-1) 0.500>"
    parts = one.labelset, one.origin, one.sources, np.ones((4, 3), bool), one.scores
    assert repr(Evaluation(*parts)) == "<Evaluation of 4 pictures: mean average precision 1.000>"
