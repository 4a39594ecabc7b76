"""What a column holds: pictures in any of the ways that datasets have them, or vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.wording import brief, shown

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, DataType

__all__ = ["NAMES", "PICTURES", "VECTORS", "kind_of", "pictures_of"]

NAMES, PICTURES, VECTORS = "names", "pictures", "vectors"
"""Paths and URLs, to be waited for; encoded pictures and arrays; embeddings."""


def kind_of(name: str, given: DataType, width: int) -> str:
    """What a column holds, by its type: `NAMES`, `PICTURES` or `VECTORS`.

    Args:
        name: The column.
        given: Its type.
        width: The width of the model's embeddings.

    Raises:
        ParameterError: It holds vectors of another width.
        ParameterTypeError: It holds nothing of these.
    """
    from pyarrow import types

    shape = getattr(given, "shape", None)  # of tensors of one shape, of Ray's and of Arrow's
    if shape is not None:
        return _vectors(name, shape[0], width) if len(shape) == 1 else PICTURES
    if getattr(given, "extension_name", "").startswith("ray."):  # tensors of any shape
        return PICTURES
    if types.is_fixed_size_list(given) and types.is_floating(given.value_type):
        return _vectors(name, given.list_size, width)
    if _is_list(given) and types.is_floating(given.value_type):
        return VECTORS
    if _is_list(given) and _is_list(given.value_type):
        return PICTURES
    if types.is_string(given) or types.is_large_string(given) or types.is_string_view(given):
        return NAMES
    if types.is_struct(given) and {field.name for field in given} & {"bytes", "path"}:
        return PICTURES
    if types.is_null(given) or _is_bytes(given):
        return PICTURES
    raise ParameterTypeError(
        f"The column {brief(name)} holds {shown(str(given))}, which are neither pictures (paths, "
        "URLs, bytes, arrays) nor embeddings (lists of floats). Pass column=, the one that does."
    )


def _is_list(kind: DataType) -> bool:
    from pyarrow import types

    lists = types.is_list, types.is_large_list, types.is_fixed_size_list
    return any(is_list(kind) for is_list in lists)


def _is_bytes(kind: DataType) -> bool:
    from pyarrow import types

    strings = types.is_binary, types.is_large_binary, types.is_binary_view
    return any(is_string(kind) for is_string in (*strings, types.is_fixed_size_binary))


def _vectors(name: str, found: int, width: int) -> str:
    if found != width:
        raise ParameterError(
            f"The column {brief(name)} holds vectors of {found:,} numbers, and those of this model "
            f"have {width:,}. Embeddings of another model mean nothing to this one."
        )
    return VECTORS


def pictures_of(column: ChunkedArray) -> list[Any]:
    """The pictures of a column as `classify_many` takes them, and None where there is none."""
    from pyarrow import FixedShapeTensorType

    if isinstance(column.type, FixedShapeTensorType):  # whose values come as flat lists
        return [
            picture if there.as_py() else None
            for chunk in column.chunks
            for picture, there in zip(chunk.to_numpy_ndarray(), chunk.is_valid(), strict=True)
        ]
    return [_picture(value) for value in column.to_pylist()]


def _picture(value: Any) -> Any:
    if isinstance(value, dict):  # as datasets on the hub have it
        content = value.get("bytes")
        return value.get("path") if content is None else content
    return _array_of(value) if isinstance(value, list) else value


def _array_of(rows: list[Any]) -> Any:
    """An array of nested lists; whole numbers in them are Python's, and 8 bits are meant."""
    try:
        array = np.array(rows)
    except ValueError:  # rows of several lengths, which are no picture
        return rows
    if array.dtype.kind == "i" and array.size and array.min() >= 0 and array.max() <= 255:
        return array.astype(np.uint8)
    return array
