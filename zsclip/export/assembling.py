"""A tower and what stands around it, as one graph from pixels to scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.clip import Preprocessing
from zsclip.encoders import OPSET, Nodes, PlainTower, TowerGraph
from zsclip.errors import ExportError
from zsclip.export.precisions import to_half, to_int8
from zsclip.export.resizing import square_of
from zsclip.export.scoring import scores_of
from zsclip.saved import SavedClassifier
from zsclip.version import __version__
from zsclip.wording import brief

__all__ = ["assemble"]

PIXELS, IMAGE, SCORES, EMBEDDINGS = "pixels", "image", "scores", "embeddings"


def assemble(
    saved: SavedClassifier, tower: TowerGraph, precision: str, *, with_resize: bool
) -> tuple[Any, dict[str, NDArray[Any]]]:
    """The graph of a classifier.

    Args:
        saved: The classifier.
        tower: Its image tower, which is changed.
        precision: What the tower is to compute in; all around it is fp32.
        with_resize: Whether pictures become square in there.

    Returns:
        An ``onnx.ModelProto`` without weights, and these.

    Raises:
        ExportError: Pictures are to become square, and the model's way is none of CLIP's two.
    """
    from onnx import TensorProto, helper

    given, taken = tower.images, tower.rows
    if precision == "fp16":
        given, taken = to_half(tower.nodes, given, taken)
    elif precision == "int8":
        to_int8(tower.nodes)
    parts = (
        _normalized(saved, tower, given, with_resize),
        tower.nodes,
        _unit_rows(taken),
        scores_of(saved.head, saved.model, EMBEDDINGS, SCORES),
    )
    side, model = saved.model.input_resolution, saved.model
    wanted = IMAGE if with_resize else PIXELS
    shape: list[str | int | None] = ["n", "h", "w", 3] if with_resize else ["n", side, side, 3]
    widths = {SCORES: len(saved.head.labelset), EMBEDDINGS: model.embedding_dim}
    graph = helper.make_graph(
        [node for part in parts for node in part.nodes],
        "classifier",
        [helper.make_tensor_value_info(wanted, TensorProto.UINT8, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])
            for name, width in widths.items()
        ],
    )
    proto = helper.make_model(
        graph,
        producer_name="zsclip",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    return proto, {name: values for part in parts for name, values in part.weights.items()}


def _normalized(saved: SavedClassifier, tower: TowerGraph, name: str, with_resize: bool) -> Nodes:
    """Pictures as the tower takes them: square, and centered as the model was trained with them."""
    from onnx import TensorProto

    nodes, plain = Nodes("pixels"), tower.plain
    x = nodes.add("Transpose", IMAGE if with_resize else PIXELS, perm=(0, 3, 1, 2))
    if with_resize:
        x = square_of(nodes, x, saved.model.input_resolution, _known_way(saved, plain))
    x = nodes.add("Cast", x, to=TensorProto.FLOAT)
    x = nodes.add("Div", x, nodes.numbers("levels", 255))
    x = nodes.add("Sub", x, nodes.numbers("mean", np.reshape(plain.mean, (3, 1, 1))))
    nodes.add("Div", x, nodes.numbers("std", np.reshape(plain.std, (3, 1, 1))), name=name)
    return nodes


def _known_way(saved: SavedClassifier, plain: PlainTower) -> Preprocessing:
    if plain.square is None:
        raise ExportError(
            f"`with_resize` is for CLIP's two ways to make pictures square, and "
            f"{brief(saved.model.name)} has another ({brief(saved.model.recipe)}). Leave it out, "
            "and make them square before they go in."
        )
    return plain.square


def _unit_rows(rows: str) -> Nodes:
    """Embeddings of length 1."""
    nodes = Nodes("rows")
    lengths = nodes.add("ReduceL2", rows, nodes.whole(1), keepdims=1)
    nodes.add("Div", rows, lengths, name=EMBEDDINGS)
    return nodes
