"""A traced tower and what stands around it, as one graph from pixels to scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from zsclip.encoders import TracedTower
from zsclip.export.graph import Nodes
from zsclip.export.precisions import to_half, to_int8
from zsclip.export.scoring import scores_of
from zsclip.saved import SavedClassifier
from zsclip.version import __version__

__all__ = ["assemble"]

PIXELS, SCORES, EMBEDDINGS = "pixels", "scores", "embeddings"


def assemble(saved: SavedClassifier, traced: TracedTower, precision: str) -> None:
    """Have the graph of a tower take pixels and give scores and embeddings.

    Args:
        saved: The classifier.
        traced: Its image tower, which is changed.
        precision: What the tower is to compute in; all around it is fp32.
    """
    from onnx import TensorProto, helper

    model, weights = traced.model, traced.weights
    graph = model.graph
    [images], [rows] = graph.input, graph.output
    given, taken = images.name, rows.name
    if precision == "fp16":
        given, taken = to_half(graph, weights)
    elif precision == "int8":
        to_int8(graph, weights)
    _normalized(traced, given).put_before(graph, weights)
    _unit_rows(taken).put_behind(graph, weights)
    scores_of(saved.head, saved.model, EMBEDDINGS, SCORES).put_behind(graph, weights)
    side, n = saved.model.input_resolution, "n"
    graph.ClearField("input")
    graph.ClearField("output")
    graph.input.append(helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, [n, side, side, 3]))
    widths = {SCORES: len(saved.head.labelset), EMBEDDINGS: saved.model.embedding_dim}
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [n, width])
        for name, width in widths.items()
    )
    graph.name = "classifier"
    model.producer_name, model.producer_version = "zsclip", __version__


def _normalized(traced: TracedTower, images: str) -> Nodes:
    """Pixels, scaled and centered as the model was trained with them."""
    nodes, plain = Nodes("pixels"), traced.plain
    x = nodes.add("Transpose", PIXELS, perm=(0, 3, 1, 2))
    x = nodes.add("Cast", x, to=_float())
    x = nodes.add("Div", x, nodes.numbers("levels", 255))
    x = nodes.add("Sub", x, nodes.numbers("mean", np.reshape(plain.mean, (3, 1, 1))))
    nodes.add("Div", x, nodes.numbers("std", np.reshape(plain.std, (3, 1, 1))), name=images)
    return nodes


def _unit_rows(rows: str) -> Nodes:
    """Embeddings of length 1."""
    nodes = Nodes("rows")
    lengths = nodes.add("ReduceL2", rows, nodes.whole(1), keepdims=1)
    nodes.add("Div", rows, lengths, name=EMBEDDINGS)
    return nodes


def _float() -> Any:
    from onnx import TensorProto

    return TensorProto.FLOAT
