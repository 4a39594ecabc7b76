"""A traced tower and what stands around it, as one graph from pixels to scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from zsclip.clip import Preprocessing
from zsclip.encoders import PlainTower, TracedTower
from zsclip.errors import ExportError
from zsclip.export.graph import Nodes
from zsclip.export.precisions import to_half, to_int8
from zsclip.export.resizing import square_of
from zsclip.export.scoring import scores_of
from zsclip.saved import SavedClassifier
from zsclip.version import __version__
from zsclip.wording import brief

__all__ = ["assemble"]

PIXELS, IMAGE, SCORES, EMBEDDINGS = "pixels", "image", "scores", "embeddings"


def assemble(
    saved: SavedClassifier, traced: TracedTower, precision: str, *, with_resize: bool
) -> None:
    """Have the graph of a tower take pixels and give scores and embeddings.

    Args:
        saved: The classifier.
        traced: Its image tower, which is changed.
        precision: What the tower is to compute in; all around it is fp32.
        with_resize: Whether pictures become square in there.

    Raises:
        ExportError: They are to, and the model's way to make them square is none of CLIP's two.
    """
    model, weights = traced.model, traced.weights
    graph, side = model.graph, saved.model.input_resolution
    [images], [rows] = graph.input, graph.output
    given, taken = images.name, rows.name
    if precision == "fp16":
        given, taken = to_half(graph, weights)
    elif precision == "int8":
        to_int8(graph, weights)
    nodes = Nodes("pixels")
    pixels = nodes.add("Transpose", IMAGE if with_resize else PIXELS, perm=(0, 3, 1, 2))
    if with_resize:
        pixels = square_of(nodes, pixels, side, _known_way(saved, traced))
    _normalize(nodes, pixels, traced.plain, given)
    nodes.put_before(graph, weights)
    _unit_rows(taken).put_behind(graph, weights)
    scores_of(saved.head, saved.model, EMBEDDINGS, SCORES).put_behind(graph, weights)
    _declare(
        graph,
        {IMAGE: ["n", "h", "w", 3]} if with_resize else {PIXELS: ["n", side, side, 3]},
        {
            SCORES: ["n", len(saved.head.labelset)],
            EMBEDDINGS: ["n", saved.model.embedding_dim],
        },
    )
    graph.name = "classifier"
    model.producer_name, model.producer_version = "zsclip", __version__


def _known_way(saved: SavedClassifier, traced: TracedTower) -> Preprocessing:
    if traced.plain.square is None:
        raise ExportError(
            f"`with_resize` is for CLIP's two ways to make pictures square, and "
            f"{brief(saved.model.name)} has another ({brief(saved.model.recipe)}). Leave it out, "
            "and make them square before they go in."
        )
    return traced.plain.square


def _normalize(nodes: Nodes, pixels: str, plain: PlainTower, name: str) -> None:
    """Scale and center pixels, uint8 (n, 3, side, side), as the model was trained with them."""
    from onnx import TensorProto

    x = nodes.add("Cast", pixels, to=TensorProto.FLOAT)
    x = nodes.add("Div", x, nodes.numbers("levels", 255))
    x = nodes.add("Sub", x, nodes.numbers("mean", np.reshape(plain.mean, (3, 1, 1))))
    nodes.add("Div", x, nodes.numbers("std", np.reshape(plain.std, (3, 1, 1))), name=name)


def _unit_rows(rows: str) -> Nodes:
    """Embeddings of length 1."""
    nodes = Nodes("rows")
    lengths = nodes.add("ReduceL2", rows, nodes.whole(1), keepdims=1)
    nodes.add("Div", rows, lengths, name=EMBEDDINGS)
    return nodes


def _declare(graph: Any, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]) -> None:
    """Say what a graph takes, uint8, and what it gives, float32, by names and shapes."""
    from onnx import TensorProto, helper

    for part, kind, values in (
        ("input", TensorProto.UINT8, inputs),
        ("output", TensorProto.FLOAT, outputs),
    ):
        graph.ClearField(part)
        getattr(graph, part).extend(
            helper.make_tensor_value_info(name, kind, shape) for name, shape in values.items()
        )
