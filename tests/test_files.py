"""What `zsclip.files` says of sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.files import size_in_words


@given(st.integers(0, 10**13))
def test_sizes_are_right_to_a_digit(n_bytes: int) -> None:
    number, unit = size_in_words(n_bytes).split()
    factor = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]
    assert float(number) * factor == pytest.approx(n_bytes, abs=0.051 * factor)
    assert unit == "GB" or float(number) < 1000
