"""A model to a file, array by array: what is large is in memory once, and never twice.

A message of protobuf is its fields in any order, each with the length of what follows. So the graph
is written as all of it but the arrays, and then one array after the other.
"""

from __future__ import annotations

from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BEGINNING", "LARGEST", "size_of", "stream"]

LARGEST = 2**31 - 1
"""Bytes that a message of protobuf may have."""

IR_VERSION = 10  # of ONNX 1.16, which ONNX Runtime knows from 1.18 on

BEGINNING = bytes((0x08, IR_VERSION, 0x12, 6)) + b"zsclip"
"""How a file of ours begins: the version of its format, and who wrote it."""

# The numbers of fields, in onnx.proto: all hold something of a length of its own.
_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9


def stream(file: IO[bytes], model: Any, weights: dict[str, NDArray[Any]]) -> None:
    """Write a model.

    Args:
        file: Where to.
        model: An ``onnx.ModelProto`` without weights.
        weights: The arrays that its nodes name.
    """
    around, graph, arrays = _parts(model, weights)
    file.write(around)
    file.write(_field(_GRAPH, len(graph) + sum(map(len, arrays)) + _bytes_of(weights)))
    file.write(graph)
    for start, values in zip(arrays, weights.values(), strict=True):
        file.write(start)
        file.write(_little(values).data)


def size_of(model: Any, weights: dict[str, NDArray[Any]]) -> int:
    """How many bytes a model takes as a file."""
    around, graph, arrays = _parts(model, weights)
    inner = len(graph) + sum(map(len, arrays)) + _bytes_of(weights)
    return len(around) + len(_field(_GRAPH, inner)) + inner


def _parts(model: Any, weights: dict[str, NDArray[Any]]) -> tuple[bytes, bytes, list[bytes]]:
    """What is around the graph, the graph, and what stands before each array's numbers."""
    from onnx import ModelProto, TensorProto, helper

    around = ModelProto()
    around.CopyFrom(model)
    around.ClearField("graph")
    around.ir_version = IR_VERSION
    arrays = []
    for name, values in weights.items():
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        about = TensorProto(name=name, dims=values.shape, data_type=kind).SerializeToString()
        about += _field(_RAW_DATA, values.nbytes)
        arrays.append(_field(_INITIALIZER, len(about) + values.nbytes) + about)
    return around.SerializeToString(), model.graph.SerializeToString(), arrays


def _bytes_of(weights: dict[str, NDArray[Any]]) -> int:
    return sum(values.nbytes for values in weights.values())


def _little(values: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of an array, in ONNX's order."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return little.reshape(-1).view(np.uint8)


def _field(number: int, length: int) -> bytes:
    """The beginning of a field that holds so many bytes."""
    return _varint(number << 3 | 2) + _varint(length)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
