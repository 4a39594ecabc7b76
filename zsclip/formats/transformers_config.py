"""transformers' configurations of a CLIP, and of how its pictures are prepared.

What the keys mean and default to is that of transformers 5 (`CLIPConfig`, `CLIPImageProcessor`);
files of older versions say more, of which nothing changes what a `CLIPModel` computes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from zsclip.clip import Activation, Preprocessing, Recipe
from zsclip.errors import CheckpointError
from zsclip.formats.config_values import CLIPS, Described, Section, Sizes
from zsclip.formats.folders import TRANSFORMERS
from zsclip.wording import brief

__all__ = ["is_of_transformers", "read_transformers"]

_ACTIVATIONS: dict[str, Activation] = {"quick_gelu": "quickgelu", "gelu": "gelu"}
_VISION = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
    "num_attention_heads": 12, "image_size": 224, "patch_size": 32, "num_channels": 3,
    "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
}  # fmt: skip
_TEXT = {
    "vocab_size": 49_408, "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12,
    "num_attention_heads": 8, "max_position_embeddings": 77,
    "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
}  # fmt: skip
# Values with which a key changes nothing. A number of 1e-5 is told from 1e-6, on which a tower
# depends in the third digit.
_NEUTRAL: dict[str, Collection[object]] = {
    "layer_norm_eps": (1e-5,), "pruned_heads": ({},), "is_decoder": (False,),
    "add_cross_attention": (False,), "chunk_size_feed_forward": (0,), "use_bfloat16": (False,),
}  # fmt: skip
# Of training, of generating texts, of bookkeeping: what `PretrainedConfig` of any version writes.
_HARMLESS = frozenset({
    "_attn_implementation", "_attn_implementation_autoset", "_attn_implementation_internal",
    "_commit_hash", "_name_or_path", "architectures", "attention_dropout", "bad_words_ids",
    "begin_suppress_tokens", "bos_token_id", "cross_attention_hidden_size",
    "decoder_start_token_id", "diversity_penalty", "do_sample", "dropout", "dtype",
    "early_stopping", "encoder_no_repeat_ngram_size", "eos_token_id",
    "exponential_decay_length_penalty", "finetuning_task", "forced_bos_token_id",
    "forced_eos_token_id", "gradient_checkpointing", "hidden_dropout", "id2label",
    "initializer_factor", "initializer_range", "is_encoder_decoder", "label2id", "length_penalty",
    "max_length", "min_length", "model_type", "no_repeat_ngram_size", "num_beam_groups",
    "num_beams", "num_labels", "num_return_sequences", "output_attentions",
    "output_hidden_states", "output_past", "output_scores", "pad_token_id", "prefix",
    "problem_type", "projection_dim", "remove_invalid_values", "repetition_penalty",
    "return_dict", "return_dict_in_generate", "sep_token_id", "suppress_tokens",
    "task_specific_params", "temperature", "tf_legacy_loss", "tie_encoder_decoder",
    "tie_word_embeddings", "tokenizer_class", "top_k", "top_p", "torch_dtype", "torchscript",
    "transformers_version", "typical_p", "use_cache", "xla_device",
})  # fmt: skip
_KEYS = {
    "embed_dim": "projection_dim", "resolution": "vision_config.image_size",
    "image_layers": "vision_config.num_hidden_layers", "image_width": "vision_config.hidden_size",
    "image_hidden": "vision_config.intermediate_size", "patch": "vision_config.patch_size",
    "context_length": "text_config.max_position_embeddings", "vocab_size": "text_config.vocab_size",
    "text_width": "text_config.hidden_size", "text_hidden": "text_config.intermediate_size",
    "text_layers": "text_config.num_hidden_layers",
}  # fmt: skip
_PROCESSORS = ("CLIPImageProcessor", "CLIPImageProcessorFast", "CLIPImageProcessorPil",
               "CLIPFeatureExtractor")  # fmt: skip
_TOWERS = {"clip_vision_model": "image", "clip_text_model": "text"}
_FAMILIES = {
    "siglip": "a SigLIP", "siglip2": "a SigLIP 2", "chinese_clip": "a Chinese-CLIP",
    "altclip": "an AltCLIP", "metaclip_2": "a MetaCLIP 2", "clipseg": "a CLIPSeg",
    "blip": "a BLIP", "align": "an ALIGN", "clap": "a CLAP, which hears",
}  # fmt: skip


def is_of_transformers(config: dict[str, Any]) -> bool:
    """Whether a ``config.json`` is one of transformers'; timm has files of this name too."""
    return any(key in config for key in ("model_type", "text_config", "vision_config"))


def read_transformers(
    config: dict[str, Any], processor: dict[str, Any] | None, where: str
) -> Described:
    """The model that a ``config.json`` of transformers' describes.

    Args:
        config: What it holds.
        processor: What says how pictures are prepared, such as ``preprocessor_config.json``.
        where: The file, for errors.

    Raises:
        ForeignModelError: The model is no plain CLIP.
        CheckpointError: It says what cannot be, or describes one tower alone.
    """
    model = Section(config, where)
    _refuse_others(model)
    vision = _tower(model, "vision_config", _VISION)
    text = _tower(model, "text_config", _TEXT)
    vision.plain({"num_channels": (3,)}, "its pictures have other colors")
    # 2, of older files, stands for the highest id, which the end of a text has
    text.plain({"eos_token_id": (2, 49_407)}, "its texts are read at another token than their end")
    activation = _activation(vision)
    if _activation(text) != activation:
        raise text.foreign("hidden_act", "one with two activation functions")
    patch = vision.side("patch_size", 32)
    resolution = vision.resolution(224, patch)
    recipe = Recipe(
        activation=activation,
        image_head_width=_head_width(vision),
        text_head_width=_head_width(text),
        preprocessing=None if processor is None else _preprocessing(processor, resolution, where),
        source=TRANSFORMERS,
    )
    sizes = Sizes(
        embed_dim=model.whole("projection_dim", 512),
        resolution=resolution,
        image_layers=vision.whole("num_hidden_layers"),
        image_width=vision.whole("hidden_size"),
        image_hidden=vision.whole("intermediate_size"),
        patch=patch,
        context_length=text.whole("max_position_embeddings"),
        vocab_size=text.whole("vocab_size"),
        text_width=text.whole("hidden_size"),
        text_hidden=text.whole("intermediate_size"),
        text_layers=text.whole("num_hidden_layers"),
        keys=_KEYS,
    )
    return Described(recipe, sizes, where)


def _refuse_others(model: Section) -> None:
    kind = model.values.get("model_type", "clip")
    if kind in _TOWERS if isinstance(kind, str) else False:
        raise CheckpointError(
            f"{model.where} describes the {_TOWERS[kind]} tower of a CLIP alone (model_type is "
            f"{kind!r}). Give the whole model."
        )
    if kind != "clip":
        family = _FAMILIES.get(kind) if isinstance(kind, str) else None
        raise model.foreign("model_type", family or "another one of transformers'")
    if model.values.get("quantization_config") is not None:
        raise CheckpointError(
            f"{model.where} describes a quantized model (quantization_config is "
            f"{brief(model.values['quantization_config'])}). Give the model as it was before."
        )
    if model.values.get("auto_map") is not None:
        raise model.foreign("auto_map", "one with code of its own, which zsclip does not run")
    classes = model.values.get("architectures")
    if classes and "CLIPModel" not in (classes if isinstance(classes, list) else [classes]):
        raise model.foreign("architectures", "a CLIP of which something else was made")


def _tower(model: Section, key: str, defaults: dict[str, Any]) -> Section:
    """A tower's part, with what it leaves out; the part of older files stands above it.

    That one replaces all that it does not say by the defaults as well: so do transformers.
    """
    told, older = model.part(key), model.part(f"{key}_dict")
    values = {**defaults, **told.values}
    if model.values.get(f"{key}_dict") is not None:
        values = {**values, **defaults, **older.values}
    tower = Section(values, model.where, key)
    expected = f"clip_{key.removesuffix('_config')}_model"
    tower.plain({"model_type": (expected, "clip")}, "one with a tower of another model")
    tower.plain(_NEUTRAL, "its tower computes otherwise")
    tower.known({*defaults, *_NEUTRAL, *_HARMLESS})
    return tower


def _activation(tower: Section) -> Activation:
    name = tower.values.get("hidden_act")
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        raise tower.foreign("hidden_act", "one with another activation function")
    return _ACTIVATIONS[name]


def _head_width(tower: Section) -> int:
    width, heads = tower.whole("hidden_size"), tower.whole("num_attention_heads")
    if width % heads:
        raise tower.wrong("num_attention_heads", f"a divisor of the width {width}", heads)
    return width // heads


def _preprocessing(processor: dict[str, Any], resolution: int, where: str) -> Preprocessing:
    """How pictures are prepared, if zsclip can do it so.

    Raises:
        ForeignModelError: It cannot.
    """
    found = Section(processor, f"What stands beside {where} of pictures")
    for key in ("image_processor_type", "feature_extractor_type"):
        found.plain({key: _PROCESSORS}, "its pictures are prepared for another model")
    doing = {key: value for key, value in processor.items() if key.startswith("do_")}
    for key in ("do_resize", "do_rescale"):
        if not found.flag(key, default=True):
            raise found.foreign(key, "its pictures are not prepared as CLIP's")
    known = ("do_resize", "do_rescale", "do_center_crop", "do_normalize", "do_convert_rgb")
    for key, value in doing.items():
        if key not in known and value not in (None, False):
            raise found.foreign(key, "its pictures are prepared otherwise")
    if abs(found.number("rescale_factor", 1 / 255) * 255 - 1) > 1e-4:
        raise found.foreign("rescale_factor", "its pixels do not go from 0 to 1")
    found.plain({"resample": (2, 3)}, "its pictures are resized otherwise")
    normalized = found.flag("do_normalize", default=True)
    return Preprocessing(
        mean=found.colors("image_mean", CLIPS.mean) if normalized else (0.0, 0.0, 0.0),
        std=found.deviations("image_std", CLIPS.std) if normalized else (1.0, 1.0, 1.0),
        interpolation="bilinear" if processor.get("resample") == 2 else "bicubic",
        resize="squash" if _is_squashed(found, resolution) else "shortest",
    )


def _is_squashed(found: Section, resolution: int) -> bool:
    """Whether both sides become the resolution; else the short one does, and the middle is cut."""
    size, squash = found.values.get("size"), False
    found.plain({"use_square_size": (False,)}, "its pictures become squares by another size")
    if not isinstance(size, dict):  # which says itself how
        found.plain({"default_to_square": (False,)}, "its pictures become squares by another size")
    if isinstance(size, dict) and "height" in size:
        squash = True
        size = size["height"] if size.get("height") == size.get("width") else None
    elif isinstance(size, dict):
        size = size.get("shortest_edge") if size.get("longest_edge") is None else None
    elif size is None:
        size = 224
    if type(size) is not int or size != resolution:
        raise found.foreign("size", f"its pictures do not become squares of {resolution} pixels")
    cropped = found.flag("do_center_crop", default=True)
    crop = found.values.get("crop_size")
    if isinstance(crop, dict):
        crop = crop.get("height") if crop.get("height") == crop.get("width") else None
    elif crop is None:
        crop = 224
    if cropped and (type(crop) is not int or crop != resolution):
        raise found.foreign("crop_size", f"no squares of {resolution} pixels are cut out of it")
    if not cropped and not squash:
        raise found.foreign("do_center_crop", "its pictures do not become squares")
    return squash
