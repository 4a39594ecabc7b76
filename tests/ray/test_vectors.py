"""Vectors come out of every type of column as they are, and wrong ones are told by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.ray.vectors import vectors_of

RIGHT = [0.6, 0.8]
ROWS = {
    "right": RIGHT,
    "null": None,
    "short": [1.0],
    "long": [0.6, 0.8, 0.0],
    "hole": [1.0, None],
    "infinite": [np.inf, 0.0],
    "twice": [1.2, 1.6],
    "empty": [],
}


@given(st.lists(st.lists(st.sampled_from([*ROWS]), max_size=6), max_size=4), st.integers(0, 2))
def test_each_row_is_judged_by_itself_in_chunks_of_any_size(
    chunks: list[list[str]], skipped: int
) -> None:
    kind = pyarrow.list_(pyarrow.float32())
    arrays = [pyarrow.array([ROWS[name] for name in names], kind) for names in chunks]
    column = pyarrow.chunked_array(arrays, kind).slice(skipped)
    names = [name for chunk in chunks for name in chunk][skipped:]
    rows, wrong = vectors_of(column, 2)
    assert set(wrong) == {i for i, name in enumerate(names) if name != "right"}
    assert rows.dtype == np.float32
    assert rows.tolist() == [np.array(RIGHT, np.float32).tolist()] * names.count("right")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("null", "it is null"),
        ("short", "has 1 numbers, and those of this model have 2"),
        ("hole", "NaN or infinity"),
        ("infinite", "NaN or infinity"),
        ("twice", "has the length 2, and must have 1"),
    ],
)
def test_what_is_wrong_with_a_vector_is_said(name: str, told: str) -> None:
    column = pyarrow.chunked_array([pyarrow.array([ROWS[name]], pyarrow.list_(pyarrow.float64()))])
    _, wrong = vectors_of(column, 2)
    assert told in wrong[0]


def ray_tensors(rows: Any) -> Any:
    from ray.data.extensions import ArrowTensorArray

    return ArrowTensorArray.from_numpy(rows)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "array_of",
    [
        ray_tensors,
        pyarrow.FixedShapeTensorArray.from_numpy_ndarray,
        lambda rows: pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(rows.reshape(-1)), 2),
        lambda rows: pyarrow.array(list(rows)),
        lambda rows: pyarrow.array(
            list(rows), pyarrow.large_list(pyarrow.from_numpy_dtype(rows.dtype))
        ),
    ],
    ids=["ray", "tensor", "fixed", "list", "large"],
)
def test_vectors_of_every_type_are_the_same(array_of: Any, dtype: Any) -> None:
    rows = np.array([RIGHT, [1.0, 0.0], [0.8, 0.6]], dtype)
    column = pyarrow.chunked_array([array_of(rows)]).slice(1)
    found, wrong = vectors_of(column, 2)
    assert wrong == {}
    assert found.tolist() == rows[1:].astype(np.float32).tolist()
