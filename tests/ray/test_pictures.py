"""What columns hold, in all the types that readers and tables give."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow
import pytest
from PIL import Image

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.ray.pictures import NAMES, PICTURES, VECTORS, kind_of, pictures_of

FLOAT, BYTES = pyarrow.float32(), pyarrow.binary()
HUB = pyarrow.struct([("bytes", BYTES), ("path", pyarrow.string())])


def ray_tensor(arrays: Any) -> Any:
    from ray.data.extensions import ArrowTensorArray

    return ArrowTensorArray.from_numpy(arrays)


def of_any_shape(*shapes: tuple[int, ...]) -> Any:
    from ray.data.extensions import ArrowVariableShapedTensorArray

    arrays = [np.full(shape, i, np.uint8) for i, shape in enumerate(shapes)]
    return ArrowVariableShapedTensorArray.from_numpy(arrays)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pyarrow.string(), NAMES),
        (pyarrow.large_string(), NAMES),
        (pyarrow.string_view(), NAMES),
        (BYTES, PICTURES),
        (pyarrow.large_binary(), PICTURES),
        (pyarrow.binary_view(), PICTURES),
        (pyarrow.binary(7), PICTURES),
        (pyarrow.null(), PICTURES),
        (HUB, PICTURES),
        (pyarrow.list_(pyarrow.list_(pyarrow.uint8())), PICTURES),
        (pyarrow.list_(FLOAT), VECTORS),
        (pyarrow.large_list(pyarrow.float64()), VECTORS),
        (pyarrow.list_(pyarrow.float16(), 4), VECTORS),
        (pyarrow.fixed_shape_tensor(FLOAT, (4,)), VECTORS),
        (pyarrow.fixed_shape_tensor(pyarrow.uint8(), (4, 4, 3)), PICTURES),
    ],
    ids=str,
)
def test_what_a_column_holds_is_told_by_its_type(column: Any, expected: str) -> None:
    assert kind_of("x", column, 4) == expected


@pytest.mark.parametrize(
    "column",
    [pyarrow.int64(), FLOAT, pyarrow.list_(pyarrow.int64()), pyarrow.struct([("a", FLOAT)])],
)
def test_a_column_of_something_else_is_refused(column: Any) -> None:
    with pytest.raises(ParameterTypeError, match=r"The column 'x' holds .* neither pictures"):
        kind_of("x", column, 4)


@pytest.mark.parametrize(
    "column", [pyarrow.list_(FLOAT, 5), pyarrow.fixed_shape_tensor(FLOAT, (5,))]
)
def test_vectors_of_another_width_are_refused(column: Any) -> None:
    with pytest.raises(ParameterError, match="vectors of 5 numbers, and those of this"):
        kind_of("x", column, 4)


def test_the_hub_s_pictures_are_their_bytes_or_else_their_path() -> None:
    rows = [{"bytes": b"a", "path": "x"}, {"bytes": None, "path": "y"}, None, {}]
    assert pictures_of(pyarrow.chunked_array([pyarrow.array(rows, HUB)])) == [b"a", "y", None, None]


def test_arrays_come_as_they_were_of_one_shape_or_many() -> None:
    one = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    for array in (ray_tensor(one), pyarrow.FixedShapeTensorArray.from_numpy_ndarray(one)):
        pictures = pictures_of(pyarrow.chunked_array([array]))
        assert all(isinstance(picture, np.ndarray) for picture in pictures)
        assert all(np.array_equal(a, b) for a, b in zip(pictures, one, strict=True))
    many = pictures_of(pyarrow.chunked_array([of_any_shape((2, 3, 3), (4, 4, 3))]))
    assert [(picture.shape, picture.dtype) for picture in many] == [
        ((2, 3, 3), np.uint8),
        ((4, 4, 3), np.uint8),
    ]


def test_nested_lists_are_arrays_of_8_bits_where_they_can_be() -> None:
    lists = pyarrow.array([[[[1, 2, 255]]], [[[1, 2, 256]]], [[[1], [1, 2]]]])
    [bits, wide, uneven] = pictures_of(pyarrow.chunked_array([lists]))
    assert (bits.shape, bits.dtype, wide.dtype) == ((1, 1, 3), np.uint8, np.int64)
    assert uneven == [[[1], [1, 2]]]  # for `load_image` to refuse


def test_bytes_come_as_bytes() -> None:
    file = io.BytesIO()
    Image.new("RGB", (2, 2)).save(file, "png")
    column = pyarrow.chunked_array([pyarrow.array([file.getvalue(), None], BYTES)])
    assert pictures_of(column) == [file.getvalue(), None]
