"""Image towers as they are written down: fp32, on the CPU, with what their pixels are made by.

What computes here has its blocks laid out for a device; what is written for elsewhere starts from
the plain modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from torch import nn

from zsclip.clip import Preprocessing
from zsclip.encoders.protocol import Encoder
from zsclip.errors import ExportError
from zsclip.wording import brief

__all__ = ["PlainTower", "plain_tower_of"]

Three = tuple[float, float, float]


@dataclass(frozen=True)
class PlainTower:
    """An image tower, and what stands before it.

    Attributes:
        module: Pictures (n, 3, resolution, resolution) to embeddings (n, d), not normalized; fp32,
            on the CPU, in evaluation mode.
        mean: What is taken off red, green and blue, of 0 to 1.
        std: What they are divided by then.
        square: How pictures become square; None where it is none of CLIP's two ways.
    """

    module: nn.Module
    mean: Three
    std: Three
    square: Preprocessing | None


class _HasPlainTower(Protocol):
    def plain_tower(self) -> PlainTower: ...


def plain_tower_of(encoder: Encoder) -> PlainTower:
    """The image tower of an engine that can give it.

    Raises:
        ExportError: It cannot.
        ZsclipError: The weights cannot be read.
    """
    if not hasattr(encoder, "plain_tower"):
        raise ExportError(
            f"The engine {brief(encoder.model_info.encoder)} cannot give its model as a graph, "
            'which an ONNX file takes. The engines "clip" and "open-clip" can, of a model that '
            "they find by its name or in a file: of what was exported, export what it was made "
            "from."
        )
    return cast(_HasPlainTower, encoder).plain_tower()
