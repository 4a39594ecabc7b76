"""A graph in fp32 made smaller: computed in fp16, or with the weights of its products in int8."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import Nodes

__all__ = ["to_half", "to_int8"]


def to_half(graph: Nodes, given: str, taken: str) -> tuple[str, str]:
    """Have a graph compute in fp16, between a cast before it and one behind.

    Layer norms take their statistics in fp32 as before (``stash_type`` 1).

    Args:
        graph: The graph in fp32, which is changed.
        given: The name of what it takes.
        taken: The name of what it gives.

    Returns:
        The names of what it takes and of what it gives now, both fp32.
    """
    from onnx import TensorProto, helper, numpy_helper

    for name, values in graph.weights.items():
        if values.dtype == np.float32:
            graph.weights[name] = values.astype(np.float16)
    for node in graph.nodes:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to":
                attribute.i = {TensorProto.FLOAT: TensorProto.FLOAT16}.get(attribute.i, attribute.i)
            elif attribute.HasField("t") and attribute.t.data_type == TensorProto.FLOAT:
                halved = numpy_helper.to_array(attribute.t).astype(np.float16)
                attribute.t.CopyFrom(numpy_helper.from_array(halved))
    before, behind = f"{given}.fp32", f"{taken}.fp32"
    to_fp16 = helper.make_node("Cast", [before], [given], name=before, to=TensorProto.FLOAT16)
    to_fp32 = helper.make_node("Cast", [taken], [behind], name=behind, to=TensorProto.FLOAT)
    graph.nodes[:] = [to_fp16, *graph.nodes, to_fp32]
    return before, behind


def to_int8(graph: Nodes) -> None:
    """Have the weights of matrix products be int8, each output channel with a scale of its own.

    They are made fp32 again when the graph runs, and what they are multiplied with stays as it is:
    of activations int8 would take more than it is worth (Dettmers et al. 2022, §2: some of their
    channels are larger by orders of magnitude than all others).

    Args:
        graph: The graph in fp32, which is changed.
    """
    from onnx import helper

    made: dict[str, Any] = {}
    for node in graph.nodes:
        name = node.input[1] if node.op_type in ("MatMul", "Gemm") else ""
        values = graph.weights.get(name)
        if values is None or values.dtype != np.float32 or values.ndim != 2:
            continue
        turned = any(at.name == "transB" and at.i for at in node.attribute)
        axis = 0 if turned else 1  # on which the output channels lie
        quantized, scale, restored = (f"{name}.{part}" for part in ("int8", "scale", "fp32"))
        if restored not in made:
            graph.weights[quantized], graph.weights[scale] = _quantized(values, axis)
            made[restored] = helper.make_node(
                "DequantizeLinear", [quantized, scale], [restored], name=restored, axis=axis
            )
        node.input[1] = restored
    graph.nodes[:] = [*made.values(), *graph.nodes]
    named = {name for node in graph.nodes for name in node.input}
    for name in graph.weights.keys() - named:
        del graph.weights[name]


def _quantized(
    values: NDArray[np.float32], axis: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A matrix in int8, and what each of its channels is to be multiplied by."""
    largest = np.abs(values).max(axis=1 - axis, keepdims=True)
    scale = np.where(largest > 0, largest, 1) / np.float32(127)
    whole = np.rint(values / scale).astype(np.int8)
    return whole, scale.reshape(-1).astype(np.float32)
