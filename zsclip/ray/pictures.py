"""What a column holds: pictures in any of the ways that datasets have them, or vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.wording import brief, shown

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, DataType

__all__ = ["holds_vectors", "pictures_of"]


def holds_vectors(name: str, kind: DataType, width: int) -> bool:
    """Whether a column is one of embeddings, by its type; else it is one of pictures.

    Args:
        name: The column.
        kind: Its type.
        width: The width of the model's embeddings.

    Raises:
        ParameterError: It holds vectors of another width.
        ParameterTypeError: It holds neither.
    """
    from pyarrow import types

    shape = getattr(kind, "shape", None)  # of a tensor of Ray's or of Arrow's
    if shape is not None:
        if len(shape) == 1:
            return _fitting(name, shape[0], width)
        return False
    if getattr(kind, "extension_name", "").startswith("ray."):  # of tensors of any shape
        return False
    if types.is_fixed_size_list(kind) and types.is_floating(kind.value_type):
        return _fitting(name, kind.list_size, width)
    if _is_list(kind):
        if types.is_floating(kind.value_type):
            return True
        if _is_list(kind.value_type):
            return False
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    is_bytes = types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)
    if is_text or is_bytes or types.is_fixed_size_binary(kind) or types.is_null(kind):
        return False
    if types.is_struct(kind) and {field.name for field in kind} & {"bytes", "path"}:
        return False
    raise ParameterTypeError(
        f"The column {brief(name)} holds {shown(str(kind))}, which are neither pictures (paths, "
        "URLs, bytes, arrays) nor embeddings (lists of floats). Pass column=, the one that does."
    )


def _is_list(kind: DataType) -> bool:
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _fitting(name: str, found: int, width: int) -> bool:
    if found != width:
        raise ParameterError(
            f"The column {brief(name)} holds vectors of {found:,} numbers, and those of this model "
            f"have {width:,}. Embeddings of another model mean nothing to this one."
        )
    return True


def pictures_of(column: ChunkedArray) -> list[Any]:
    """The pictures of a column as `classify_many` takes them, and None where there is none."""
    return [_picture(value) for value in column.to_pylist()]


def _picture(value: Any) -> Any:
    if isinstance(value, dict):  # as the hub's datasets have it
        content = value.get("bytes")
        return value.get("path") if content is None else content
    if isinstance(value, list):
        return _array_of(value)
    return value


def _array_of(rows: list[Any]) -> Any:
    import numpy as np

    try:
        array = np.array(rows)
    except ValueError:  # rows of several lengths, which are no picture
        return rows
    return array.astype(np.uint8) if array.dtype.kind == "i" and _in_bytes(array) else array


def _in_bytes(array: Any) -> bool:
    """Whether whole numbers that came as Python's are those of 8 bits."""
    return bool(array.size == 0 or (array.min() >= 0 and array.max() <= 255))
