"""Engines that turn pictures and texts into embeddings, behind one protocol."""

from __future__ import annotations

from zsclip.encoders.base import Encoder, ModelInfo, PixelEncoder, TokenEncoder
from zsclip.encoders.registry import EncoderEntry, create_encoder, list_encoders

__all__ = [
    "Encoder",
    "EncoderEntry",
    "ModelInfo",
    "PixelEncoder",
    "TokenEncoder",
    "create_encoder",
    "list_encoders",
]
