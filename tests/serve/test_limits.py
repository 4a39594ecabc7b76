"""Limits, and the reading that follows from them."""

from __future__ import annotations

from typing import Any

import pytest

from zsclip import Reading
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.serve import Limits
from zsclip.serve.limits import reading_for_strangers


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("pictures", 0, ParameterError),
        ("pictures", "8", ParameterTypeError),
        ("body_seconds", 0, ParameterError),
        ("body_seconds", float("nan"), ParameterError),
        ("body_seconds", 1e9, ParameterError),
        ("body_seconds", "1", ParameterTypeError),
        ("body_seconds", True, ParameterTypeError),
        ("kept_pictures", -1, ParameterError),
    ],
)
def test_a_limit_that_is_none_is_refused_by_its_name(
    field: str, value: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"`{field}`"):
        Limits(**{field: value})


def test_nothing_need_be_kept() -> None:
    assert Limits(kept_pictures=0).kept_pictures == 0


def test_pixels_stay_as_the_classifier_reads_them_and_the_tighter_limit_holds() -> None:
    own = Reading(background="red", levels="full", max_pixels=1000, timeout=60, strict=True)
    read = reading_for_strangers(own, Limits(picture_pixels=2000, picture_seconds=5), "public")
    assert read.key == own.key
    assert (read.max_pixels, read.timeout, read.urls, read.strict) == (1000, 5, "public", True)
