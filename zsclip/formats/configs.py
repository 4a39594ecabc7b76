"""Configurations that stand beside weights: which one is read, and open_clip's.

What open_clip's keys mean and default to is that of its 3.3 (`CLIPVisionCfg`, `CLIPTextCfg`,
`PreprocessCfg`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from zsclip.clip import Preprocessing, Recipe
from zsclip.errors import CheckpointError
from zsclip.formats.config_values import CLIPS, Described, Section, Sizes
from zsclip.formats.folders import LAYOUT_NAMES, OPEN_CLIP, TRANSFORMERS
from zsclip.formats.json_files import CONFIG_LIMIT, read_json
from zsclip.formats.transformers_config import is_of_transformers, read_transformers

__all__ = ["read_configuration", "read_open_clip"]

# The values with which a key of a tower changes nothing; what else it says is another model.
_EITHER: dict[str, Collection[object]] = {
    **dict.fromkeys(("ls_init_value", "act_kwargs", "norm_kwargs"), ({},)),
    "block_type": ("default",),
    **dict.fromkeys(
        ("qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn",
         "scale_fc", "final_ln_after_pool"), (False,)
    ),
}  # fmt: skip
_VISION: dict[str, Collection[object]] = {
    **_EITHER,
    "attentional_pool": (False, ""),
    "no_ln_pre": (False,),
    "pos_embed_type": ("learnable",),
    "pool_type": ("tok",),
    "input_patchnorm": (False,),  # of versions before 2.30
    "global_average_pool": (False,),
}
_TEXT: dict[str, Collection[object]] = {
    **_EITHER,
    "embed_cls": (False,),
    "no_causal_mask": (False,),
    "pool_type": ("argmax",),
    "proj_bias": (False,),
    "proj_type": ("linear",),
    "tokenizer_mode": ("clip",),
    "tokenizer_kwargs": ({}, {"clean": "lower"}),
}
_VISION_KNOWN = {
    *_VISION, "layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size",
    "patch_dropout", "output_tokens",  # of training, and of what else is given back
    # of towers that are refused by other keys
    "timm_model_name", "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias",
    "timm_drop", "timm_drop_path", "attn_pooler_queries", "attn_pooler_heads", "n_queries",
}  # fmt: skip
_TEXT_KNOWN = {
    *_TEXT, "context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio",
    "hf_tokenizer_name", "output_tokens",
    "pad_id", "eos_id",  # of other ways to find the end of a text
    "hf_model_name", "hf_model_pretrained", "hf_proj_type", "hf_pooler_type", "proj", "pooler_type",
}  # fmt: skip
_MODEL_KNOWN = {
    "embed_dim", "vision_cfg", "text_cfg", "quick_gelu",
    "custom_text",  # where the text tower's tensors lie
    "init_logit_scale", "nonscalar_logit_scale", "output_dict", "cast_dtype",
    "multimodal_cfg", "init_logit_bias",
}  # fmt: skip
_KEYS = {
    "embed_dim": "embed_dim", "resolution": "vision_cfg.image_size",
    "image_layers": "vision_cfg.layers", "image_width": "vision_cfg.width",
    "image_hidden": "MLP width by vision_cfg.mlp_ratio", "patch": "vision_cfg.patch_size",
    "context_length": "text_cfg.context_length", "vocab_size": "text_cfg.vocab_size",
    "text_width": "text_cfg.width", "text_hidden": "MLP width by text_cfg.mlp_ratio",
    "text_layers": "text_cfg.layers",
}  # fmt: skip
# Whose tokenizer is CLIP's own, under names of the hub.
_OWN_TOKENIZER = re.compile(r"(openai/clip-vit|laion/CLIP-ViT)-[\w.-]{1,100}", re.ASCII)
_FAMILIES = {
    "siglip": "a SigLIP",
    "eva": "an EVA",
    "convnext": "a ConvNeXt",
    "vitamin": "a ViTamin",
}


def read_configuration(weights: Path, names: Collection[str]) -> Described | None:
    """What stands beside weights of the model.

    Args:
        weights: The file of the weights.
        names: Which configurations are there.

    Returns:
        None where nothing tells.

    Raises:
        ForeignModelError: The model is no plain CLIP.
        CheckpointError: A configuration is damaged, or says what cannot be.
    """
    is_transformers = weights.name in LAYOUT_NAMES and not weights.name.startswith("open_clip")
    order = (TRANSFORMERS, OPEN_CLIP) if is_transformers else (OPEN_CLIP, TRANSFORMERS)
    for name in (name for name in order if name in names):
        path = weights.with_name(name)
        config = read_json(path, CONFIG_LIMIT)
        if name == OPEN_CLIP:
            return read_open_clip(config, repr(str(path)))
        if is_of_transformers(config):
            return read_transformers(config, _processor(weights, names), repr(str(path)))
    if is_transformers and TRANSFORMERS in names:
        raise CheckpointError(
            f"{str(weights.with_name(TRANSFORMERS))!r} is no configuration of transformers': it "
            "has no `model_type`. timm has such files, beside weights of an image tower alone."
        )
    return None


def _processor(weights: Path, names: Collection[str]) -> dict[str, Any] | None:
    """How transformers prepares pictures for the model; None where nothing tells.

    What version 5 writes, of texts and pictures, goes before a file of older versions that a folder
    still has: so it does there.
    """
    if "processor_config.json" in names:
        path = weights.with_name("processor_config.json")
        found = Section(read_json(path, CONFIG_LIMIT), repr(str(path)))
        if pictures := found.part("image_processor").values:
            return pictures
    if "preprocessor_config.json" in names:
        return read_json(weights.with_name("preprocessor_config.json"), CONFIG_LIMIT)
    return None


def read_open_clip(config: dict[str, Any], where: str) -> Described:
    """The model that an ``open_clip_config.json`` describes.

    Args:
        config: What it holds.
        where: The file, for errors.

    Raises:
        ForeignModelError: The model is no plain CLIP.
        CheckpointError: It says what cannot be.
    """
    if not isinstance(config.get("model_cfg"), dict):
        raise CheckpointError(f"{where} has no `model_cfg`: it is no configuration of open_clip's.")
    whole = Section(config, where)
    model = Section(config["model_cfg"], where)
    vision, text = model.part("vision_cfg"), model.part("text_cfg")
    _refuse_others(model, vision, text)
    resnet = isinstance(vision.values.get("layers"), list)
    width, text_width = vision.whole("width", 768), text.whole("width", 512)
    head_width, heads = vision.whole("head_width", 64), text.whole("heads", 8)
    if text_width % heads:
        raise text.wrong("heads", f"a divisor of the width {text_width}", heads)
    if (width * 32 if resnet else width) % head_width:
        raise vision.wrong("head_width", f"a divisor of the width {width}", head_width)
    if resnet and head_width != 64:
        raise vision.foreign("head_width", "a ResNet with other heads")
    patch = None if resnet else vision.side("patch_size", 16)
    recipe = Recipe(
        activation="quickgelu" if model.flag("quick_gelu", default=False) else "gelu",
        image_head_width=head_width,
        text_head_width=text_width // heads,
        preprocessing=_preprocessing(whole.part("preprocess_cfg")),
        source=OPEN_CLIP,
    )
    sizes = Sizes(
        embed_dim=model.whole("embed_dim"),
        resolution=vision.resolution(224, patch or 32),
        image_layers=_stages(vision) if resnet else vision.whole("layers", 12),
        image_width=width,
        image_hidden=None if resnet else _hidden(vision, width),
        patch=patch,
        context_length=text.whole("context_length", 77),
        vocab_size=text.whole("vocab_size", 49_408),
        text_width=text_width,
        text_hidden=_hidden(text, text_width),
        text_layers=text.whole("layers", 12),
        keys=_KEYS,
    )
    return Described(recipe, sizes, where)


def _refuse_others(model: Section, vision: Section, text: Section) -> None:
    """Raise for what is no plain CLIP, by the key that tells the most."""
    if model.values.get("multimodal_cfg") is not None:
        raise model.foreign("multimodal_cfg", "a CoCa, which writes texts")
    if tower := vision.values.get("timm_model_name"):
        family = next((kind for part, kind in _FAMILIES.items() if part in str(tower)), "")
        raise vision.foreign("timm_model_name", f"{family or 'one'} with an image tower of timm's")
    if text.values.get("hf_model_name"):
        raise text.foreign("hf_model_name", "one with a text tower of transformers'")
    if model.values.get("init_logit_bias") is not None:
        raise model.foreign("init_logit_bias", "trained with a sigmoid, as SigLIP is")
    tokenizer = text.values.get("hf_tokenizer_name")
    if tokenizer and not (isinstance(tokenizer, str) and _OWN_TOKENIZER.fullmatch(tokenizer)):
        raise text.foreign("hf_tokenizer_name", "one with a tokenizer of its own")
    vision.plain(_VISION, "its image tower computes otherwise")
    text.plain(_TEXT, "its text tower computes otherwise, or its texts are cut otherwise")
    model.known(_MODEL_KNOWN)
    vision.known(_VISION_KNOWN)
    text.known(_TEXT_KNOWN)


def _stages(vision: Section) -> tuple[int, ...]:
    stages = vision.values["layers"]
    if len(stages) != 4 or not all(type(n) is int and 1 <= n <= 1000 for n in stages):
        raise vision.wrong("layers", "one whole number, or four", stages)
    return tuple(stages)


def _hidden(tower: Section, width: int) -> int:
    ratio = tower.number("mlp_ratio", 4.0)
    if not 0 < ratio <= 1000:
        raise tower.wrong("mlp_ratio", "a number from 0 to 1000", ratio)
    return int(width * ratio)  # rounded as open_clip does


def _preprocessing(config: Section) -> Preprocessing:
    """What `preprocess_cfg` says; ``size`` is that of the image tower, whatever stands there."""
    config.plain({"mode": ("RGB",)}, "its pictures have other colors")
    config.plain(
        {"resize_mode": ("shortest", "squash")}, "its pictures become squares in another way"
    )
    # what is drawn by lot in training is bicubic otherwise
    config.plain(
        {"interpolation": ("bicubic", "bilinear", "random")}, "its pictures are resized otherwise"
    )
    mean = config.colors("mean", CLIPS.mean)
    return Preprocessing(
        # one number 0 is no mean to open_clip, which takes its usual one then
        mean=mean if config.values.get("mean") != 0 else CLIPS.mean,
        std=config.deviations("std", CLIPS.std),
        interpolation="bilinear" if config.values.get("interpolation") == "bilinear" else "bicubic",
        resize="squash" if config.values.get("resize_mode") == "squash" else "shortest",
    )
