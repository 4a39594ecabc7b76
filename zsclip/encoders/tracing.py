"""The image tower of an engine as a graph of ONNX, in fp32 whatever the engine computes in.

CLIP's own towers are written from their weights; others, which open_clip makes, PyTorch traces.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from zsclip.encoders.calls import undisturbed
from zsclip.encoders.graphs import graph_of
from zsclip.encoders.nodes import Nodes
from zsclip.encoders.protocol import Encoder
from zsclip.encoders.towers import PlainTower, plain_tower_of
from zsclip.errors import ExportError
from zsclip.needs import needed
from zsclip.wording import brief, fit_to_tell, shown

__all__ = ["OPSET", "TowerGraph", "graph_of_tower"]

OPSET = 18
"""The version of ONNX's operators: the first in which `Resize` knows antialiasing."""

IMAGES, ROWS = "images", "rows"


@dataclass(frozen=True)
class TowerGraph:
    """A tower as a graph.

    Attributes:
        nodes: From float32 ``images`` (n, 3, resolution, resolution), normalized, to float32
            ``rows`` (n, d), which are not.
        plain: The tower, and what stands before it.
        images: The name of what it takes.
        rows: The name of what it gives.
    """

    nodes: Nodes
    plain: PlainTower
    images: str = IMAGES
    rows: str = ROWS


def graph_of_tower(encoder: Encoder) -> TowerGraph:
    """The image tower of an engine, from its weights in fp32.

    Raises:
        ExportError: The engine cannot give its tower, or PyTorch cannot trace it.
        MissingExtraError: ``zsclip[onnx]`` is not installed.
        ZsclipError: The weights cannot be read.
    """
    with needed("An ONNX file", "onnx"):
        import onnx  # noqa: F401 - before weights are read for nothing
    return undisturbed(None, _graph, encoder)


def _graph(encoder: Encoder) -> TowerGraph:
    plain, info = plain_tower_of(encoder), encoder.model_info
    nodes = graph_of(plain.module, IMAGES, ROWS)
    if nodes is None:
        with needed("An ONNX file of a model of open_clip's", "onnx"):
            import onnx_ir
            import onnxscript  # noqa: F401 - which PyTorch's exporter asks for
        nodes = _stripped(_traced(plain.module, info.input_resolution, info.name), onnx_ir)
    return TowerGraph(nodes, plain)


def _traced(tower: nn.Module, side: int, name: str) -> Any:
    """What PyTorch makes of a tower."""
    # Of two pictures: of a single one PyTorch would take the number for a constant.
    images = torch.zeros((2, 3, side, side))
    try:
        with _in_silence(), torch.no_grad():
            program = torch.onnx.export(
                tower,
                (images,),
                dynamo=True,
                verbose=False,
                input_names=[IMAGES],
                output_names=[ROWS],
                dynamic_shapes=({0: torch.export.Dim("n")},),
                opset_version=OPSET,
            )
    except Exception as error:  # noqa: BLE001 - of anybody's model, it may be anything
        raise ExportError(
            f"PyTorch cannot trace the image tower of {brief(name)}, which an ONNX file takes: "
            f"{type(error).__name__}: {shown(str(error), 300)}"
        ) from fit_to_tell(error)
    assert program is not None
    return program.model


def _stripped(model: Any, onnx_ir: Any) -> Nodes:
    """The nodes, without the lines of code that each came from, and the arrays that they name."""
    values = {name: value.const_value for name, value in model.graph.initializers.items()}
    model.graph.initializers.clear()
    proto = onnx_ir.to_proto(model)
    assert not proto.functions
    nodes = Nodes("tower")
    for node in proto.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
        nodes.nodes.append(node)
        for name in node.input:
            if name in values:
                nodes.weights[name] = np.asarray(values[name].numpy())
    return nodes


@contextmanager
def _in_silence() -> Iterator[None]:
    """Keep to itself what PyTorch's exporter has to say to those who work on it."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
