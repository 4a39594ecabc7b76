"""An image tower as a graph of ONNX: traced by PyTorch, and stripped of what tells of this machine.

Weights stay apart from the graph, since a message of protobuf that holds them would be one more
copy of them in memory.
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
from numpy.typing import NDArray

from zsclip.encoders.calls import undisturbed
from zsclip.encoders.protocol import Encoder
from zsclip.encoders.towers import PlainTower, plain_tower_of
from zsclip.errors import ExportError
from zsclip.needs import needed
from zsclip.wording import brief, fit_to_tell, shown

__all__ = ["TracedTower", "trace_tower"]

# The first in which `Resize` knows antialiasing; ONNX Runtime, its builds for browsers and OpenVINO
# have it.
OPSET = 18


@dataclass(frozen=True)
class TracedTower:
    """A tower as a graph.

    Attributes:
        model: An ``onnx.ModelProto`` without weights: float32 ``images`` (n, 3, resolution,
            resolution), normalized, to float32 ``rows`` (n, d), which are not.
        weights: What its nodes name and no node gives, in the order in which it is first named.
        plain: The tower that was traced, and what stands before it.
    """

    model: Any
    weights: dict[str, NDArray[Any]]
    plain: PlainTower


def trace_tower(encoder: Encoder) -> TracedTower:
    """The image tower of an engine in fp32, whatever the engine computes in.

    Raises:
        ExportError: The engine cannot give its tower, or PyTorch cannot trace it.
        MissingExtraError: ``zsclip[onnx]`` is not installed.
        ZsclipError: The weights cannot be read.
    """
    with needed("An ONNX file", "onnx"):
        import onnx_ir
        import onnxscript  # noqa: F401 - which PyTorch's exporter asks for
    return undisturbed(None, _traced, encoder, onnx_ir)


def _traced(encoder: Encoder, onnx_ir: Any) -> TracedTower:
    tower, info = plain_tower_of(encoder), encoder.model_info
    side = info.input_resolution
    # Of two pictures: of a single one PyTorch would take the number for a constant.
    images = torch.zeros((2, 3, side, side))
    try:
        with _in_silence(), torch.no_grad():
            program = torch.onnx.export(
                tower.module,
                (images,),
                dynamo=True,
                verbose=False,
                input_names=["images"],
                output_names=["rows"],
                dynamic_shapes=({0: torch.export.Dim("n")},),
                opset_version=OPSET,
            )
    except Exception as error:  # noqa: BLE001 - of anybody's model, it may be anything
        raise ExportError(
            f"PyTorch cannot trace the image tower of {brief(info.name)}, which an ONNX file "
            f"takes: {type(error).__name__}: {shown(str(error), 300)}"
        ) from fit_to_tell(error)
    assert program is not None
    return TracedTower(*_stripped(program.model, onnx_ir), tower)


def _stripped(model: Any, onnx_ir: Any) -> tuple[Any, dict[str, NDArray[Any]]]:
    """The graph alone, without the lines of code that each node came from, and its weights."""
    values = {name: value.const_value for name, value in model.graph.initializers.items()}
    model.graph.initializers.clear()
    proto = onnx_ir.to_proto(model)
    assert not proto.functions
    named = (name for node in proto.graph.node for name in node.input)
    weights = {name: np.asarray(values[name].numpy()) for name in named if name in values}
    graph = proto.graph
    for part in (proto, graph, *graph.node, *graph.input, *graph.output):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.ClearField("value_info")
    return proto, weights


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
