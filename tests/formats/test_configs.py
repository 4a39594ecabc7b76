"""What ``open_clip_config.json`` says of a model, and what it must not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from model_folders import OPEN_CLIP_CONFIG

from zsclip.clip import Preprocessing
from zsclip.errors import CheckpointError, ForeignModelError
from zsclip.formats.config_values import Described
from zsclip.formats.configs import read_open_clip


def _read(changes: dict[str, Any]) -> Described:
    """What is read of the small model's configuration with these changes."""
    config = copy.deepcopy(OPEN_CLIP_CONFIG)
    for key, value in changes.items():
        part, (*parents, last) = config, key.split(".")
        for parent in parents:
            part = part[parent]
        part[last] = value
    return read_open_clip(config, "'open_clip_config.json'")


def test_all_that_no_tensor_tells_is_read() -> None:
    described = _read(
        {"model_cfg.quick_gelu": True, "model_cfg.vision_cfg.head_width": 32,
         "model_cfg.text_cfg.heads": 4, "preprocess_cfg.mean": [0.5, 0, 0.25],
         "preprocess_cfg.std": 0.5, "preprocess_cfg.interpolation": "bilinear",
         "preprocess_cfg.resize_mode": "squash"}
    )  # fmt: skip
    recipe = described.recipe
    assert recipe.activation == "quickgelu"
    assert (recipe.image_head_width, recipe.text_head_width) == (32, 16)
    assert recipe.preprocessing == Preprocessing((0.5, 0, 0.25), (0.5,) * 3, "bilinear", "squash")
    assert recipe.source == "open_clip_config.json"


def test_what_is_left_out_is_open_clips_default() -> None:
    described = read_open_clip(
        {"model_cfg": {"embed_dim": 512, "vision_cfg": {}, "text_cfg": {}}}, "'x'"
    )
    assert described.recipe.activation == "gelu"
    assert described.recipe.preprocessing == Preprocessing()
    sizes = described.sizes
    assert (sizes.image_width, sizes.image_layers, sizes.patch, sizes.resolution) == (
        768, 12, 16, 224,
    )  # fmt: skip
    assert (sizes.text_width, sizes.text_layers, sizes.context_length) == (512, 12, 77)
    assert (sizes.image_hidden, sizes.text_hidden) == (3072, 2048)


def test_what_changes_nothing_is_let_pass() -> None:
    same = _read({}).recipe
    cases: tuple[dict[str, Any], ...] = (
        {"model_cfg.vision_cfg.patch_dropout": 0.5},
        {"model_cfg.vision_cfg.output_tokens": True, "model_cfg.text_cfg.output_tokens": True},
        {"model_cfg.custom_text": True},
        {"model_cfg.vision_cfg.ls_init_value": None, "model_cfg.text_cfg.act_kwargs": {}},
        {"model_cfg.text_cfg.pool_type": "argmax", "model_cfg.text_cfg.no_causal_mask": False},
        {"model_cfg.text_cfg.hf_tokenizer_name": "openai/clip-vit-large-patch14"},
        {"model_cfg.text_cfg.hf_tokenizer_name": ""},
        {"model_cfg.vision_cfg.image_size": [32, 32]},
        {"model_cfg.multimodal_cfg": None, "model_cfg.init_logit_bias": None},
        {"preprocess_cfg.size": 999, "preprocess_cfg.fill_color": 3, "preprocess_cfg.mean": None},
        {"preprocess_cfg.interpolation": "random"},
        {"preprocess_cfg.mean": 0.0},  # which open_clip takes for none; [0, 0, 0] is one
    )
    for changes in cases:
        assert _read(changes).recipe == same


FOREIGN = [
    ("model_cfg.multimodal_cfg", {"width": 512}, "a CoCa"),
    ("model_cfg.init_logit_bias", -10, "as SigLIP is"),
    ("model_cfg.vision_cfg.timm_model_name", "vit_base_patch16_siglip_224", "a SigLIP"),
    ("model_cfg.vision_cfg.timm_model_name", "eva02_base_patch16_clip_224", "an EVA"),
    ("model_cfg.vision_cfg.timm_model_name", "convnext_base", "a ConvNeXt"),
    ("model_cfg.vision_cfg.timm_model_name", ["?"], "timm"),
    ("model_cfg.text_cfg.hf_model_name", "roberta-base", "a text tower of transformers'"),
    ("model_cfg.text_cfg.hf_tokenizer_name", "facebook/xlm-v-base", "a tokenizer of its own"),
    ("model_cfg.text_cfg.hf_tokenizer_name", ["openai/clip-vit-base-patch32"], "of its own"),
    ("model_cfg.text_cfg.no_causal_mask", True, "its text tower computes otherwise"),
    ("model_cfg.text_cfg.pool_type", "last", "its text tower"),
    ("model_cfg.text_cfg.tokenizer_kwargs", {"clean": "canonicalize"}, "its texts are cut"),
    ("model_cfg.text_cfg.proj_type", "none", "its text tower"),
    ("model_cfg.text_cfg.act_kwargs", {"approximate": "tanh"}, "its text tower"),
    ("model_cfg.text_cfg.norm_kwargs", {"eps": 1e-6}, "its text tower"),
    ("model_cfg.text_cfg.embed_cls", True, "its text tower"),
    ("model_cfg.text_cfg.qk_norm", True, "its text tower"),
    ("model_cfg.vision_cfg.ls_init_value", 1e-4, "its image tower computes otherwise"),
    ("model_cfg.vision_cfg.ls_init_value", False, "its image tower computes otherwise"),
    ("model_cfg.vision_cfg.pos_embed_type", "sin_cos_2d", "its image tower"),
    ("model_cfg.vision_cfg.attentional_pool", "parallel", "its image tower"),
    ("model_cfg.vision_cfg.no_ln_pre", True, "its image tower"),
    ("model_cfg.vision_cfg.no_ln_pre", 0, "its image tower"),
    ("model_cfg.vision_cfg.pool_type", "avg", "its image tower"),
    ("model_cfg.vision_cfg.global_average_pool", True, "its image tower"),
    ("model_cfg.vision_cfg.final_ln_after_pool", True, "its image tower"),
    ("model_cfg.vision_cfg.block_type", "custom", "its image tower"),
    ("model_cfg.vision_cfg.image_size", [32, 64], "no squares"),
    ("model_cfg.vision_cfg.image_size", 36, "no multiple of 8 pixels wide"),
    ("model_cfg.vision_cfg.new_thing", 1, "zsclip does not know what this key changes"),
    ("model_cfg.text_cfg.contxt_length", 77, "Did you mean 'context_length'"),
    ("model_cfg.fusion_cfg", {}, "zsclip does not know what this key changes"),
    ("preprocess_cfg.resize_mode", "longest", "become squares in another way"),
    ("preprocess_cfg.interpolation", "nearest", "resized otherwise"),
    ("preprocess_cfg.mode", "L", "other colors"),
]


@pytest.mark.parametrize(("key", "value", "kind"), FOREIGN)
def test_what_is_no_plain_clip_is_told_by_key_and_value(key: str, value: object, kind: str) -> None:
    with pytest.raises(ForeignModelError) as caught:
        _read({key: value})
    said = str(caught.value)
    assert kind in said
    assert f"({key.removeprefix('model_cfg.')} is " in said
    assert said.startswith("'open_clip_config.json' describes a model that is no plain CLIP: ")
    assert 'pip install "zsclip[open-clip]"' in said


WRONG: list[tuple[str, object]] = [
    ("model_cfg.embed_dim", None), ("model_cfg.embed_dim", "512"), ("model_cfg.embed_dim", True),
    ("model_cfg.embed_dim", 512.0), ("model_cfg.embed_dim", 0), ("model_cfg.embed_dim", 1 << 40),
    ("model_cfg.vision_cfg", [1]), ("model_cfg.text_cfg", "x"),
    ("model_cfg.quick_gelu", 1), ("model_cfg.quick_gelu", "true"),
    ("model_cfg.vision_cfg.width", -1), ("model_cfg.vision_cfg.head_width", 48),
    ("model_cfg.vision_cfg.head_width", 0),
    ("model_cfg.text_cfg.heads", 5), ("model_cfg.text_cfg.layers", True),
    ("model_cfg.vision_cfg.patch_size", None), ("model_cfg.vision_cfg.patch_size", [True, True]),
    ("model_cfg.vision_cfg.mlp_ratio", 1e308), ("model_cfg.vision_cfg.mlp_ratio", -4),
    ("model_cfg.vision_cfg.mlp_ratio", True), ("model_cfg.vision_cfg.mlp_ratio", 10**400),
    ("model_cfg.vision_cfg.layers", []), ("model_cfg.vision_cfg.layers", [1, 2, 3]),
    ("model_cfg.vision_cfg.layers", [1, 2, 3, "4"]), ("model_cfg.vision_cfg.layers", [1, 1, 1, 0]),
    ("preprocess_cfg.mean", [0.5, 0.5]), ("preprocess_cfg.mean", [0.5, 0.5, float("nan")]),
    ("preprocess_cfg.mean", [0.5, 0.5, float("inf")]), ("preprocess_cfg.mean", "half"),
    ("preprocess_cfg.mean", {}), ("preprocess_cfg.mean", [True, 0.5, 0.5]),
    ("preprocess_cfg.std", 0), ("preprocess_cfg.std", [0.5, 0.5, 0.0]),
    ("preprocess_cfg.std", [0.5, -0.5, 0.5]), ("preprocess_cfg.std", 1e-300),
    ("preprocess_cfg", [1]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_what_cannot_be_is_told_by_key(key: str, value: object) -> None:
    with pytest.raises(CheckpointError) as caught:
        _read({key: value})
    assert not isinstance(caught.value, ForeignModelError)
    assert f"`{key.removeprefix('model_cfg.')}` must be " in str(caught.value)


def test_resnets_have_stages_and_heads_of_one_width() -> None:
    resnet = {"image_size": 64, "layers": [1, 2, 1, 1], "width": 16, "patch_size": None}
    assert _read({"model_cfg.vision_cfg": resnet}).sizes.image_layers == (1, 2, 1, 1)
    with pytest.raises(ForeignModelError, match="a ResNet with other heads"):
        _read({"model_cfg.vision_cfg": {**resnet, "head_width": 32}})


@pytest.mark.parametrize("config", [{}, {"model_cfg": None}, {"model_cfg": [1]}, {"embed_dim": 3}])
def test_what_is_no_configuration_of_open_clips(config: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match="has no `model_cfg`"):
        read_open_clip(config, "'x'")
