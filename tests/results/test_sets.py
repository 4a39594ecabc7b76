"""Prediction sets: from what was learnt to labels, best first."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip import Calibration, Label, LabelSet, Learnt, Origin, Prediction
from zsclip.errors import CalibrationWarning, NotLearntError, ParameterError, ParameterTypeError
from zsclip.scoring import aps, part_left_out
from zsclip.testing import FakeEncoder

LABELS = LabelSet("pets", tuple(Label(name, name) for name in "abcd"))
ORIGIN = Origin(
    model=FakeEncoder().model_info,
    weights_sha256=None,
    labelset="pets",
    provenance=(),
    templates=("{}",),
    zsclip="1",
)
SCORES = (0.25, 0.5, 0.0625, 0.1875)

Methods = pytest.mark.parametrize("method", ["lac", "aps"])


def learnt(*strange: float, method: str = "lac") -> Learnt:
    """What pictures whose truth was so strange give; by the other method it was stranger."""
    values = {"lac": np.full(len(strange), 9.0), "aps": np.full(len(strange), 9.0)}
    values[method] = np.array(strange)
    made = Calibration(
        temperature=1.0,
        bound="",
        pictures=2 * len(strange),
        ece_before=0.0,
        ece_after=0.0,
        brier_before=0.0,
        brier_after=0.0,
        **values,
    )
    return Learnt(calibration=made)


def predict(what: Learnt, scores: Any = SCORES, **origin: Any) -> Prediction:
    made = Origin(**({f: getattr(ORIGIN, f) for f in ORIGIN.__dataclass_fields__} | origin))
    return Prediction("p.png", np.array(scores, np.float32), LABELS, made, None, what)


def names(prediction: Prediction, *args: Any, **more: Any) -> str:
    return "".join(score.label for score in prediction.prediction_set(*args, **more))


@pytest.mark.parametrize(
    ("strange", "held"), [(0.5, "b"), (0.75, "ba"), (0.8, "ba"), (0.8125, "bad"), (0.99, "badc")]
)
def test_a_label_no_stranger_than_the_quantile_is_in_the_set(strange: float, held: str) -> None:
    assert names(predict(learnt(*[strange] * 9))) == held


def test_aps_takes_the_number_that_the_scores_give() -> None:
    wide = np.array([SCORES])
    strange = np.sort(aps(wide, part_left_out(wide))[0])
    for i, held in enumerate(["b", "ba", "bad", "badc"]):
        assert names(predict(learnt(*[strange[i]] * 9, method="aps")), method="aps") == held


@Methods
def test_a_set_is_never_empty(method: str) -> None:
    assert names(predict(learnt(*[0.0] * 9, method=method)), method=method) == "b"


def test_a_set_has_the_scores_of_the_prediction() -> None:
    prediction = predict(learnt(*[0.75] * 9))
    assert prediction.prediction_set() == prediction.top(2)


@Methods
@given(
    scores=st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4),
    strange=st.lists(st.floats(0, 2), min_size=30, max_size=30).map(sorted),
    coverages=st.lists(st.floats(0.01, 0.96), min_size=2, max_size=2).map(sorted),
)
def test_sets_grow_with_the_coverage(
    method: str, scores: list[float], strange: list[float], coverages: list[float]
) -> None:
    prediction = predict(learnt(*strange, method=method), scores)
    less, more = (prediction.prediction_set(c, method=method) for c in coverages)
    assert more[: len(less)] == less
    assert less[0].label == prediction.label


@Methods
def test_with_too_few_pictures_the_set_is_every_label_and_says_so(method: str) -> None:
    prediction = predict(learnt(*[0.1] * 8, method=method))
    told = r"^The set is every label: a coverage of 0\.9 takes 17 pictures .*, and there were 16\."
    with pytest.warns(CalibrationWarning, match=told) as caught:
        assert names(prediction, method=method) == "badc"
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert names(prediction, 0.8, method=method) == "b"
        assert names(predict(learnt(*[0.1] * 9, method=method)), method=method) == "b"


def test_the_same_picture_always_has_the_same_set() -> None:
    random = np.random.default_rng(0)
    what = learnt(*np.sort(random.random(40)), method="aps")
    for _ in range(50):
        prediction = predict(what, random.dirichlet(np.ones(4)))
        again = pickle.loads(pickle.dumps(prediction))
        assert again.prediction_set(method="aps") == prediction.prediction_set(method="aps")


def test_without_a_calibration_there_is_no_set() -> None:
    with pytest.raises(
        NotLearntError, match=r"needs .* calibrated.*clf\.calibrated\(images, truth"
    ):
        predict(Learnt()).prediction_set()


def test_where_a_picture_may_have_several_labels_there_is_no_set() -> None:
    with pytest.raises(ParameterError, match=r"`prediction_set` is of one label .* Use `above`"):
        predict(learnt(*[0.1] * 9), multi_label=True).prediction_set()


def test_wrong_parameters_of_a_set_are_told() -> None:
    prediction = predict(learnt(*[0.1] * 9))
    with pytest.raises(ParameterError, match="`coverage` must be between 0 and 1, got 90"):
        prediction.prediction_set(90)
    with pytest.raises(ParameterTypeError, match="`coverage` must be a number, got 'lac'"):
        prediction.prediction_set("lac")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='`method` must be "lac" or "aps", got \'naive\''):
        prediction.prediction_set(method="naive")
