"""Configurations of all of open_clip's architectures, against what open_clip makes of them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from zsclip.errors import ForeignModelError
from zsclip.formats.configs import read_open_clip
from zsclip.formats.naming import openai_sources

open_clip = pytest.importorskip("open_clip")

# Of their families every architecture is of another kind, and none of the rest is.
OTHERS = (
    "SigLIP", "siglip", "EVA", "coca", "convnext", "CLIPA", "MobileCLIP", "ViTamin", "PE-", "nllb",
    "roberta", "mt5", "worldwide", "swin", "vit_", "ViT-M-16-alt",
)  # fmt: skip


def _model(config: dict[str, Any]) -> Any:
    """The model without any numbers."""
    made = copy.deepcopy(config)
    kind = open_clip.CustomTextCLIP if made.pop("custom_text", False) else open_clip.CLIP
    with torch.device("meta"):
        return kind(**made)


@pytest.mark.parametrize("name", open_clip.list_models())
def test_sizes_and_activation_are_those_that_open_clip_takes(name: str) -> None:
    config = open_clip.get_model_config(name)
    if any(part in name for part in OTHERS):
        with pytest.raises(ForeignModelError):
            read_open_clip({"model_cfg": config}, repr(name))
        return
    described = read_open_clip({"model_cfg": config}, repr(name))
    model = _model(config)
    state = model.state_dict()
    sources = openai_sources(state, repr(name))
    shapes = {ours: tuple(state[source.names[0]].shape) for ours, source in sources.items()}
    described.require_fit(shapes, Path("weights"))
    text = getattr(model, "text", model)
    block = text.transformer.resblocks[0]
    assert type(block.mlp.gelu).__name__.lower() == described.recipe.activation
    assert block.attn.head_dim == described.recipe.text_head_width
    if hasattr(model.visual, "transformer"):
        block = model.visual.transformer.resblocks[0]
        assert type(block.mlp.gelu).__name__.lower() == described.recipe.activation
        assert block.attn.head_dim == described.recipe.image_head_width
    else:
        heads = shapes["visual.attnpool.q_proj.weight"][0] // model.visual.attnpool.num_heads
        assert heads == described.recipe.image_head_width
