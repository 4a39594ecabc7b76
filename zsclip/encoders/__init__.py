"""Engines that turn pictures and texts into embeddings, behind one protocol.

The public face; what tells of devices and precisions loads PyTorch, the other names do not.

An engine describes its model by a `ModelInfo`, and is found again by that. What it is asked for is
checked when it comes in and when it answers. Knows nothing of labels, files of pictures, or scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsclip.encoders.again import PackedEncoder, find_encoder_again, require_same_model
from zsclip.encoders.contract import (
    as_pixel_encoder,
    non_finite,
    require_embeddings,
    require_pixels,
)
from zsclip.encoders.nodes import Nodes
from zsclip.encoders.protocol import Encoder, ModelInfo, PixelEncoder, TokenEncoder, TooLong
from zsclip.encoders.registry import (
    ENCODERS_GROUP,
    EncoderEntry,
    create_encoder,
    engine_key,
    list_encoders,
    require_loadable,
    resolve_encoder,
    score_function_of,
)
from zsclip.lazy import lazy

if TYPE_CHECKING:
    from zsclip.encoders.devices import AutoPrecision, default_device, explain_auto, list_devices
    from zsclip.encoders.native import DEFAULT_MODEL
    from zsclip.encoders.remembered import ChangedError, recall_encoder, remember_encoder
    from zsclip.encoders.towers import PlainTower
    from zsclip.encoders.tracing import OPSET, TowerGraph, graph_of_tower

__all__ = [
    "DEFAULT_MODEL",
    "ENCODERS_GROUP",
    "OPSET",
    "AutoPrecision",
    "ChangedError",
    "Encoder",
    "EncoderEntry",
    "ModelInfo",
    "Nodes",
    "PackedEncoder",
    "PixelEncoder",
    "PlainTower",
    "TokenEncoder",
    "TooLong",
    "TowerGraph",
    "as_pixel_encoder",
    "create_encoder",
    "default_device",
    "engine_key",
    "explain_auto",
    "find_encoder_again",
    "graph_of_tower",
    "list_devices",
    "list_encoders",
    "non_finite",
    "recall_encoder",
    "remember_encoder",
    "require_embeddings",
    "require_loadable",
    "require_pixels",
    "require_same_model",
    "resolve_encoder",
    "score_function_of",
]

if not TYPE_CHECKING:  # a type checker that saw this would let every name pass
    __getattr__ = lazy(
        __name__,
        devices=("AutoPrecision", "default_device", "explain_auto", "list_devices"),
        native=("DEFAULT_MODEL",),
        remembered=("ChangedError", "recall_encoder", "remember_encoder"),
        towers=("PlainTower",),
        tracing=("OPSET", "TowerGraph", "graph_of_tower"),
    )
