"""Whole numbers and truth values that users give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.values import truth, whole_number


class Index:
    def __init__(self, number: int) -> None:
        self.number = number

    def __index__(self) -> int:
        return self.number


@given(st.integers(), st.integers())
def test_a_whole_number_is_given_back_as_an_int_unless_it_is_too_small(n: int, least: int) -> None:
    given_as: list[object] = [n, Index(n)]
    if -(2**63) <= n < 2**63:
        given_as.append(np.int64(n))
        given_as.append(np.array(n))
    for value in given_as:
        if n >= least:
            found = whole_number("count", value, least=least)
            assert found == n
            assert type(found) is int
        else:
            with pytest.raises(ParameterError, match=f"`count` must be {least:,} or more, got"):
                whole_number("count", value, least=least)


@pytest.mark.parametrize(
    "value", [True, np.True_, 8.0, np.float32(8), "8", b"8", None, [8], np.array([8, 9]), 8j]
)
def test_what_is_no_whole_number_is_a_type_error(value: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`batch_size` must be a whole number, got"):
        whole_number("batch_size", value)


@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_given_back(value: bool) -> None:
    assert truth("exact", value) is value


@pytest.mark.parametrize("value", [1, 0, np.True_, "yes", "", None, [True]])
def test_what_is_no_truth_value_is_a_type_error(value: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`exact` must be True or False, got"):
        truth("exact", value)
