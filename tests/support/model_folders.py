"""One small CLIP in the layouts in which models are published: files and folders, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

__all__ = [
    "OPEN_CLIP_CONFIG", "PREPROCESSOR", "TRANSFORMERS_CONFIG", "in_transformers_names",
    "write_folder", "write_open_clip", "write_sharded", "write_transformers",
]  # fmt: skip

State = Mapping[str, Tensor]

# Of the small vision transformer of `checkpoint_fixtures`.
OPEN_CLIP_CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8},
        "text_cfg": {
            "context_length": 77, "vocab_size": 49_408, "width": 64, "heads": 1, "layers": 2,
        },
    },
    "preprocess_cfg": {
        "mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711],
        "interpolation": "bicubic", "resize_mode": "shortest",
    },
}  # fmt: skip
TRANSFORMERS_CONFIG: dict[str, Any] = {
    "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": 32,
    "logit_scale_init_value": 2.6592, "transformers_version": "5.24.0",
    "vision_config": {
        "model_type": "clip_vision_model", "hidden_act": "gelu", "hidden_size": 64,
        "intermediate_size": 256, "num_attention_heads": 1, "num_hidden_layers": 2,
        "image_size": 32, "patch_size": 8, "projection_dim": 32,
    },
    "text_config": {
        "model_type": "clip_text_model", "hidden_act": "gelu", "hidden_size": 64,
        "intermediate_size": 256, "num_attention_heads": 1, "num_hidden_layers": 2,
        "projection_dim": 32, "eos_token_id": 49_407,
    },
}  # fmt: skip
PREPROCESSOR: dict[str, Any] = {
    "image_processor_type": "CLIPImageProcessor", "do_resize": True, "do_center_crop": True,
    "do_rescale": True, "do_normalize": True, "do_convert_rgb": True, "resample": 3,
    "size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32},
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711], "rescale_factor": 1 / 255,
}  # fmt: skip

_NAMES = {
    "class_embedding": "embeddings.class_embedding", "conv1": "embeddings.patch_embedding",
    "positional_embedding": "embeddings.position_embedding.weight", "ln_pre": "pre_layrnorm",
    "ln_post": "post_layernorm", "token_embedding": "embeddings.token_embedding",
    "ln_final": "final_layer_norm", "ln_1": "layer_norm1", "ln_2": "layer_norm2",
    "out_proj": "self_attn.out_proj", "c_fc": "mlp.fc1", "c_proj": "mlp.fc2",
}  # fmt: skip


def in_transformers_names(state: State) -> dict[str, Tensor]:
    """A vision transformer's state dict in OpenAI's layout, as transformers' `CLIPModel` has it."""
    found: dict[str, Tensor] = {}
    for name, tensor in state.items():
        tower = "vision_model" if name.startswith("visual.") else "text_model"
        words = name.removeprefix("visual.").split(".")
        if name in ("visual.proj", "text_projection"):
            kind = "visual" if tower == "vision_model" else "text"
            found[f"{kind}_projection.weight"] = tensor.t().contiguous()
        elif name == "logit_scale":
            found[name] = tensor
        elif words[0] != "transformer":
            found[".".join([tower, _NAMES[words[0]], *words[1:]])] = tensor
        else:
            start = f"{tower}.encoder.layers.{words[2]}"
            if words[-1].startswith("in_proj_"):
                kind = words[-1].removeprefix("in_proj_")
                for letter, part in zip("qkv", tensor.chunk(3), strict=True):
                    found[f"{start}.self_attn.{letter}_proj.{kind}"] = part.clone()
            else:
                found[f"{start}.{_NAMES[words[-2]]}.{words[-1]}"] = tensor
    return found


def write_folder(folder: Path, configs: Mapping[str, Any]) -> Path:
    """Make a folder with JSON files by their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, config in configs.items():
        (folder / name).write_text(json.dumps(config))
    return folder


def write_open_clip(
    folder: Path,
    state: State,
    config: Mapping[str, Any] = OPEN_CLIP_CONFIG,
    *,
    pickled: bool = False,
) -> Path:
    """A folder as open_clip writes it."""
    write_folder(folder, {"open_clip_config.json": config})
    if pickled:
        torch.save(dict(state), folder / "open_clip_pytorch_model.bin")
    else:
        save_file(dict(state), folder / "open_clip_model.safetensors")
    return folder


def write_transformers(
    folder: Path,
    state: State,
    config: Mapping[str, Any] = TRANSFORMERS_CONFIG,
    *,
    pickled: bool = False,
) -> Path:
    """A folder as transformers writes it, of a state dict in OpenAI's layout."""
    write_folder(folder, {"config.json": config, "preprocessor_config.json": PREPROCESSOR})
    tensors = in_transformers_names(state)
    if pickled:
        torch.save(tensors, folder / "pytorch_model.bin")
    else:
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


def write_sharded(folder: Path, state: State, *, shards: int = 3, pickled: bool = False) -> Path:
    """A folder as transformers writes it where a model is large."""
    write_folder(folder, {"config.json": TRANSFORMERS_CONFIG})
    save: Callable[[dict[str, Tensor], Path], None] = torch.save if pickled else save_file
    stem, suffix = ("pytorch_model", ".bin") if pickled else ("model", ".safetensors")
    tensors = in_transformers_names(state)
    told: dict[str, str] = {}
    for number in range(shards):
        file = f"{stem}-{number + 1:05}-of-{shards:05}{suffix}"
        part = {key: tensors[key] for key in list(tensors)[number::shards]}
        told |= dict.fromkeys(part, file)
        save(part, folder / file)
    index = {"metadata": {"total_size": 1}, "weight_map": told}
    (folder / f"{stem}{suffix}.index.json").write_text(json.dumps(index))
    return folder
