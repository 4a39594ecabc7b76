"""What `to_dict` gives is plain: Python's own types, which any JSON encoder takes as they are."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from typing import Any

import numpy as np
import pytest
from evaluations import made
from hypothesis import given
from hypothesis import strategies as st

from zsclip import Failure, LabelSet, ModelInfo, Origin, Prediction, UnknownTruth
from zsclip.errors import ImageError
from zsclip.results import plain_json

TYPES = {str, int, float, bool, type(None), list, dict}

NUMBERS = st.one_of(
    st.floats(width=32),
    st.floats().map(np.float64),
    st.floats(width=32).map(np.float32),
    st.integers(-1000, 1000).map(np.int64),
    st.booleans().map(np.bool_),
    st.none(),
)
TEXTS = st.text(st.characters(), max_size=20)


def is_plain(value: Any) -> bool:
    """Whether a value is of plain types all through, and holds no NaN."""
    if type(value) is dict:
        return all(type(key) is str and is_plain(inner) for key, inner in value.items())
    if type(value) is list:
        return all(map(is_plain, value))
    return type(value) in TYPES and (type(value) is not float or math.isfinite(value))


def is_json(value: Any) -> bool:
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    return bool(json.loads(text.encode("utf-8")) == value)


def origin(scale: float, text: str) -> Origin:
    model = ModelInfo(
        name=text,
        encoder="fake",
        parameters=1,
        input_resolution=1,
        context_length=77,
        vocab_size=4,
        embedding_dim=8,
        logit_scale=scale,
        device="cpu",
        precision="fp32",
        source=text,
    )
    return Origin(model, None, text, (), (text,), "1")


@given(
    st.recursive(
        st.one_of(NUMBERS, TEXTS),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(TEXTS, x, max_size=3),
        max_leaves=8,
    )
)
def test_any_value_becomes_a_plain_one(value: Any) -> None:
    plain = plain_json((value,))
    assert is_plain(plain)
    assert is_json(plain)


def test_a_text_of_a_subclass_becomes_one_of_python() -> None:
    color = enum.Enum("color", {"RED": "red"}, type=str)
    assert type(plain_json(np.str_("a"))) is type(plain_json(color.RED)) is str
    assert plain_json(color.RED) == "red"


@given(
    st.lists(st.floats(width=32), min_size=3, max_size=3), NUMBERS, NUMBERS, TEXTS, st.integers(1)
)
def test_a_prediction_made_of_anything_is_told_in_plain_values(
    scores: list[float], scale: Any, confidence: Any, text: str, k: int
) -> None:
    labels = LabelSet.from_names(["cat", "dog", "owl"])
    told = Prediction(
        text, np.array(scores, np.float32), labels, origin(scale, text), confidence
    ).to_dict(k)
    assert is_plain(told)
    assert is_json(told)


@given(TEXTS, TEXTS)
def test_a_failure_of_any_text_is_told_in_plain_values(source: str, reason: str) -> None:
    told = Failure(source, ImageError(source, reason)).to_dict()
    assert is_plain(told)
    assert is_json(told)


@pytest.mark.parametrize("several", [False, True])
def test_an_evaluation_and_a_comparison_are_told_in_plain_values(several: bool) -> None:
    one = made([0, 1, 2, 2], ["a", "b", "c", "a"], "abcd")  # and none of d
    if several:
        one = dataclasses.replace(one, truth=np.eye(4, dtype=bool)[one.truth])
    unknown = (UnknownTruth("e.png", np.int64(7)), UnknownTruth("f\udce9.png", "x\udce9"))
    told = dataclasses.replace(one, unknown=unknown).to_dict()
    assert is_plain(told)
    assert is_json(told)
    if not several:
        assert is_plain(one.compare(one).to_dict())
