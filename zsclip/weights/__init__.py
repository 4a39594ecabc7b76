"""Where weights come from and what they are: the table of models, sources, checkpoints.

How they lie in files is known to `zsclip.formats`, how files are fetched to `zsclip.downloads`, and
what is computed with them to `zsclip.clip`. Names below are loaded when they are first used: the
table and the sources do without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsclip.lazy import lazy

if TYPE_CHECKING:
    from zsclip.weights.answers import Answer, ask_sources
    from zsclip.weights.checkpoints import Checkpoint
    from zsclip.weights.choosing import download_size, in_order, is_minor, unbeaten
    from zsclip.weights.having import fetch_weights, find_weights
    from zsclip.weights.loading import find_published, load_checkpoint
    from zsclip.weights.models import MODELS, get_model_spec, is_known, list_models
    from zsclip.weights.sources import hub_spec
    from zsclip.weights.spec import ModelSpec, license_notice

__all__ = [
    "MODELS",
    "Answer",
    "Checkpoint",
    "ModelSpec",
    "ask_sources",
    "download_size",
    "fetch_weights",
    "find_published",
    "find_weights",
    "get_model_spec",
    "hub_spec",
    "in_order",
    "is_known",
    "is_minor",
    "license_notice",
    "list_models",
    "load_checkpoint",
    "unbeaten",
]

if not TYPE_CHECKING:  # a type checker that saw this would let every name pass
    __getattr__ = lazy(
        __name__,
        answers=("Answer", "ask_sources"),
        checkpoints=("Checkpoint",),
        having=("fetch_weights", "find_weights"),
        loading=("find_published", "load_checkpoint"),
        choosing=("download_size", "in_order", "is_minor", "unbeaten"),
        models=("MODELS", "get_model_spec", "is_known", "list_models"),
        sources=("hub_spec",),
        spec=("ModelSpec", "license_notice"),
    )
