"""How large a model is, by the shapes of its tensors.

A checkpoint in OpenAI's layout does not say which model it holds; the shapes of its tensors do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from zsclip.clip import HEAD_WIDTH, VOCAB_SIZE, CLIPConfig, Preprocessing, Recipe
from zsclip.errors import CheckpointError, ForeignModelError
from zsclip.wording import brief

__all__ = ["Shapes", "read_config"]

Shapes = Mapping[str, tuple[int, ...]]

_NOTHING = Recipe()

# The width of a head by that of the vision transformer, where it is not `HEAD_WIDTH`: of ViT-H,
# ViT-g, ViT-bigG and ViT-e (open_clip 3.3, src/open_clip/model_configs).
_HEAD_WIDTHS = {1280: 80, 1408: 88, 1664: 104, 1792: 112}


def read_config(shapes: Shapes, recipe: Recipe = _NOTHING) -> CLIPConfig:
    """Read the sizes of a model off the shapes of its tensors.

    Args:
        shapes: The shape of each tensor by its name in OpenAI's layout.
        recipe: What is known of the model beyond them. Where it does not tell the width of heads,
            that is what published models of this width have; without an activation, QuickGELU.

    Raises:
        ForeignModelError: Its texts are made of other tokens than CLIP's.
        CheckpointError: The names or shapes are not those of a CLIP.
    """
    try:
        embed_dim = shapes["text_projection"][1]
        context_length = shapes["positional_embedding"][0]
        vocab_size, text_width = shapes["token_embedding.weight"]
        text_layers = _count(shapes, r"transformer\.resblocks\.(\d+)\.")
        layers: int | tuple[int, ...]
        if "visual.proj" in shapes:
            width, _, _, patch = shapes["visual.conv1.weight"]
            side = _side(shapes["visual.positional_embedding"][0])
            resolution = side * patch
            layers = _count(shapes, r"visual\.transformer\.resblocks\.(\d+)\.")
            image_hidden = shapes["visual.transformer.resblocks.0.mlp.c_fc.weight"][0]
            head_width = recipe.image_head_width or _HEAD_WIDTHS.get(width, HEAD_WIDTH)
        else:
            patch, image_hidden = None, 0
            head_width = recipe.image_head_width or HEAD_WIDTH
            width = shapes["visual.layer1.0.conv1.weight"][0]
            side = _side(shapes["visual.attnpool.positional_embedding"][0])
            resolution = side * 32
            layers = tuple(_count(shapes, rf"visual\.layer{i}\.(\d+)\.") for i in range(1, 5))
        text_hidden = shapes["transformer.resblocks.0.mlp.c_fc.weight"][0]
    except KeyError as e:
        raise CheckpointError(
            f"The tensor {brief(e.args[0])} is missing. {_guess(shapes)}"
        ) from None
    except (ValueError, IndexError):
        raise CheckpointError(f"Tensors have unexpected shapes. {_guess(shapes)}") from None
    sizes = (embed_dim, context_length, vocab_size, resolution, width, text_width, text_hidden)
    if min(sizes) < 1 or (patch is not None and image_hidden < 1):
        raise CheckpointError(f"A tensor has no elements. {_guess(shapes)}")
    if vocab_size != VOCAB_SIZE:
        raise ForeignModelError(
            f"The tensor 'token_embedding.weight' is of {vocab_size:,} tokens, and CLIP's own are "
            f"{VOCAB_SIZE:,}: this model was trained with another tokenizer, and CLIP's ids would "
            "be other words to it. Another engine may run it; zsclip's own does not."
        )
    text_head_width = recipe.text_head_width or HEAD_WIDTH
    pooled = 32 * width if patch is None else width
    if text_width % text_head_width or pooled % head_width or (patch is None and width % 2):
        raise CheckpointError(
            f"Widths {width} and {text_width} with heads {head_width} and {text_head_width} wide "
            f"fit no CLIP. {_guess(shapes)}"
        )
    return CLIPConfig(
        embed_dim, resolution, layers, width, patch, context_length, vocab_size,
        text_width, text_layers,
        activation=recipe.activation or "quickgelu",
        image_heads=pooled // head_width,
        text_heads=text_width // text_head_width,
        image_hidden=image_hidden,
        text_hidden=text_hidden,
        preprocessing=recipe.preprocessing or Preprocessing(),
    )  # fmt: skip


def _count(shapes: Shapes, pattern: str) -> int:
    numbers = {int(m[1]) for key in shapes if (m := re.match(pattern, key))}
    if numbers != set(range(len(numbers))) or not numbers:
        raise ValueError
    return len(numbers)


def _side(places: int) -> int:
    """The side of a square of `places` patches and one class token."""
    side = math.isqrt(max(places - 1, 0))
    if side < 1 or side**2 + 1 != places:
        raise ValueError
    return side


def _guess(shapes: Shapes) -> str:
    if any(key.startswith(("vision_model.", "text_model.")) for key in shapes):
        return (
            "Some names are of Hugging Face's CLIPModel and have no place in OpenAI's layout: "
            "parts of the model are missing, or it is another one."
        )
    if not any(key.startswith("visual.") for key in shapes):
        return "No name begins with 'visual.': this is not a CLIP in OpenAI's layout."
    return "zsclip reads CLIP in OpenAI's layout: give the whole state dict of such a model."
