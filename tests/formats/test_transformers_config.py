"""What transformers' configurations say of a model and its pictures, and what they must not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from model_folders import PREPROCESSOR, TRANSFORMERS_CONFIG

from zsclip.clip import Preprocessing
from zsclip.errors import CheckpointError, ForeignModelError
from zsclip.formats.config_values import Described
from zsclip.formats.transformers_config import is_of_transformers, read_transformers


def _read(changes: dict[str, Any], pictures: dict[str, Any] | None = None) -> Described:
    """What is read of the small model's configuration with these changes."""
    config, processor = copy.deepcopy(TRANSFORMERS_CONFIG), copy.deepcopy(PREPROCESSOR)
    for key, value in changes.items():
        first, _, second = key.partition(".")
        if second:
            config[first][second] = value
        else:
            config[first] = value
    return read_transformers(config, {**processor, **(pictures or {})}, "'config.json'")


def test_activation_heads_and_pixels_are_read() -> None:
    recipe = _read({}).recipe
    assert recipe.activation == "gelu"
    assert (recipe.image_head_width, recipe.text_head_width) == (64, 64)
    assert recipe.preprocessing == Preprocessing()
    assert recipe.source == "config.json"
    heads = {"vision_config.num_attention_heads": 2, "text_config.num_attention_heads": 4}
    recipe = _read(heads).recipe
    assert (recipe.image_head_width, recipe.text_head_width) == (32, 16)


def test_what_is_left_out_is_that_of_clip_base_patch32_with_quickgelu() -> None:
    described = read_transformers({"model_type": "clip"}, None, "'config.json'")
    assert described.recipe.activation == "quickgelu"
    assert described.recipe.preprocessing is None
    sizes = described.sizes
    assert (sizes.image_width, sizes.image_layers, sizes.patch, sizes.resolution) == (
        768, 12, 32, 224,
    )  # fmt: skip
    assert (sizes.text_width, sizes.text_layers, sizes.vocab_size) == (512, 12, 49_408)
    assert sizes.embed_dim == 512


def test_the_parts_of_older_files_overrule_the_others_with_their_defaults() -> None:
    """As in `CLIPConfig`: laion's and OpenAI's first files have both."""
    older = {"hidden_size": 64, "num_attention_heads": 2, "hidden_act": "gelu"}
    changes = {"vision_config_dict": older, "vision_config.image_size": 64}
    described = _read(changes, {"size": 224, "crop_size": 224})
    assert described.recipe.image_head_width == 32
    assert described.sizes.image_layers == 12
    assert described.sizes.resolution == 224
    assert _read({"text_config_dict": None}).sizes == _read({}).sizes


def test_what_older_versions_write_besides_is_let_pass() -> None:
    more = {"dropout": 0.0, "id2label": {"0": "LABEL_0"}, "top_k": 50, "torch_dtype": "float32",
            "pruned_heads": {}, "is_decoder": False, "chunk_size_feed_forward": 0,
            "add_cross_attention": False, "model_type": "clip_vision_model"}  # fmt: skip
    for end in (2, 49_407, None):
        assert _read({"text_config.eos_token_id": end}).recipe == _read({}).recipe
    changes = {f"vision_config.{key}": value for key, value in more.items()}
    assert _read({**changes, "initializer_factor": 1.0, "note": "mine"}).recipe == _read({}).recipe


FOREIGN = [
    ("model_type", "siglip", "a SigLIP"), ("model_type", "siglip2", "a SigLIP 2"),
    ("model_type", "chinese_clip", "a Chinese-CLIP"), ("model_type", "fox", "another one"),
    ("model_type", None, "another one"), ("model_type", ["clip"], "another one"),
    ("architectures", ["CLIPForImageClassification"], "something else was made"),
    ("auto_map", {"AutoModel": "modeling.Fox"}, "code of its own"),
    ("vision_config.hidden_act", "gelu_new", "another activation"),
    ("vision_config.hidden_act", None, "another activation"),
    ("vision_config.hidden_act", ["gelu"], "another activation"),
    ("text_config.hidden_act", "quick_gelu", "two activation functions"),
    ("text_config.layer_norm_eps", 1e-6, "its tower computes otherwise"),
    ("text_config.eos_token_id", 49_406, "read at another token than their end"),
    ("text_config.eos_token_id", [2], "read at another token than their end"),
    ("vision_config.num_channels", 1, "other colors"),
    ("vision_config.pruned_heads", {"0": [1]}, "computes otherwise"),
    ("vision_config.model_type", "siglip_vision_model", "a tower of another model"),
    ("vision_config.image_size", [32, 64], "no squares"),
    ("vision_config.image_size", 36, "no multiple of 8 pixels wide"),
    ("vision_config.qk_norm", True, "zsclip does not know what this key changes"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "kind"), FOREIGN)
def test_what_is_no_plain_clip_of_transformers_is_told(key: str, value: object, kind: str) -> None:
    with pytest.raises(ForeignModelError) as caught:
        _read({key: value})
    assert kind in str(caught.value)
    assert f"({key} is " in str(caught.value)
    assert "open-clip" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model_type", "clip_vision_model", "the image tower of a CLIP alone"),
        ("model_type", "clip_text_model", "the text tower of a CLIP alone"),
        ("quantization_config", {"load_in_8bit": True}, "a quantized model"),
        ("projection_dim", True, "`projection_dim` must be a whole number"),
        ("text_config", 3, "`text_config` must be an object"),
        ("text_config_dict", [1], "`text_config_dict` must be an object"),
        ("text_config.hidden_size", 64.0, r"`text_config\.hidden_size` must be"),
        ("vision_config.num_attention_heads", 5, "a divisor of the width 64"),
        ("vision_config.patch_size", "8", r"`vision_config\.patch_size` must be"),
    ],
)
def test_what_no_engine_could_make_is_told(key: str, value: object, said: str) -> None:
    with pytest.raises(CheckpointError, match=said) as caught:
        _read({key: value})
    assert not isinstance(caught.value, ForeignModelError)


SQUARE = {"height": 32, "width": 32}


@pytest.mark.parametrize(
    ("pictures", "made"),
    [
        ({"size": 32, "crop_size": 32}, Preprocessing()),
        ({"size": SQUARE}, Preprocessing(resize="squash")),
        ({"size": SQUARE, "do_center_crop": False}, Preprocessing(resize="squash")),
        ({"size": 32, "default_to_square": False, "use_square_size": False}, Preprocessing()),
        ({"size": {"shortest_edge": 32}, "default_to_square": True}, Preprocessing()),
        ({"resample": 2}, Preprocessing(interpolation="bilinear")),
        ({"image_mean": [0, 0, 0], "image_std": [1, 1, 1]}, Preprocessing((0,) * 3, (1,) * 3)),
        ({"do_normalize": False}, Preprocessing((0,) * 3, (1,) * 3)),
        ({"do_pad": None, "do_convert_rgb": False, "rescale_factor": 0.00392156862745098},
         Preprocessing()),
        ({"feature_extractor_type": "CLIPFeatureExtractor", "image_processor_type": None},
         Preprocessing()),
    ],
)  # fmt: skip
def test_how_pictures_are_prepared(pictures: dict[str, Any], made: Preprocessing) -> None:
    assert _read({}, pictures).recipe.preprocessing == made


@pytest.mark.parametrize(
    ("pictures", "key"),
    [
        ({"image_processor_type": "ViTImageProcessor"}, "image_processor_type"),
        ({"do_resize": False}, "do_resize"),
        ({"do_rescale": False}, "do_rescale"),
        ({"do_center_crop": False}, "do_center_crop"),
        ({"do_pad": True}, "do_pad"),
        ({"use_square_size": True}, "use_square_size"),
        ({"size": 32, "default_to_square": True}, "default_to_square"),
        ({"do_flip_channel_order": True}, "do_flip_channel_order"),
        ({"rescale_factor": 1 / 127.5}, "rescale_factor"),
        ({"resample": 0}, "resample"),
        ({"size": {"shortest_edge": 64}}, "size"),
        ({"size": {"shortest_edge": 32, "longest_edge": 64}}, "size"),
        ({"size": {"height": 32, "width": 64}}, "size"),
        ({"size": {"height": 32}}, "size"),
        ({"size": True}, "size"),
        ({"size": []}, "size"),
        ({"size": None}, "size"),
        ({"crop_size": 24}, "crop_size"),
        ({"crop_size": {}}, "crop_size"),
        ({"crop_size": {"height": 32, "width": 24}}, "crop_size"),
    ],
)
def test_pictures_that_zsclip_would_prepare_otherwise(pictures: dict[str, Any], key: str) -> None:
    with pytest.raises(ForeignModelError, match=rf"\({key} is "):
        _read({}, pictures)


@pytest.mark.parametrize(
    "pictures",
    [{"image_std": [0, 1, 1]}, {"image_mean": [0.5]}, {"rescale_factor": "1/255"},
     {"do_normalize": "yes"}, {"image_mean": [1e300 * 10, 0, 0]}],
)  # fmt: skip
def test_numbers_of_pixels_that_cannot_be(pictures: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match="must be") as caught:
        _read({}, pictures)
    assert not isinstance(caught.value, ForeignModelError)


def test_which_config_is_of_transformers() -> None:
    assert is_of_transformers({"model_type": "clip"})
    assert is_of_transformers({"vision_config": {}})
    assert not is_of_transformers({"architecture": "vit_base_patch32_clip_224", "num_classes": 0})
