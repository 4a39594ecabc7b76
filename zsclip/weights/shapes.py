"""How large a model is, by the shapes of its tensors.

A checkpoint in OpenAI's layout does not say which model it holds; the shapes of its tensors do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from zsclip.clip import HEAD_WIDTH, CLIPConfig
from zsclip.errors import CheckpointError
from zsclip.wording import brief

__all__ = ["Shapes", "read_config"]

Shapes = Mapping[str, tuple[int, ...]]


def read_config(shapes: Shapes) -> CLIPConfig:
    """Read the sizes of a model off the shapes of its tensors.

    Args:
        shapes: The shape of each tensor by its name in OpenAI's layout.

    Raises:
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
        else:
            patch = None
            width = shapes["visual.layer1.0.conv1.weight"][0]
            side = _side(shapes["visual.attnpool.positional_embedding"][0])
            resolution = side * 32
            layers = tuple(_count(shapes, rf"visual\.layer{i}\.(\d+)\.") for i in range(1, 5))
    except KeyError as e:
        raise CheckpointError(
            f"The tensor {brief(e.args[0])} is missing. {_guess(shapes)}"
        ) from None
    except (ValueError, IndexError):
        raise CheckpointError(f"Tensors have unexpected shapes. {_guess(shapes)}") from None
    if min(embed_dim, context_length, vocab_size, resolution, width, text_width) < 1:
        raise CheckpointError(f"A tensor has no elements. {_guess(shapes)}")
    if text_width % HEAD_WIDTH or width % (2 if patch is None else HEAD_WIDTH):
        raise CheckpointError(f"Widths {width} and {text_width} fit no CLIP. {_guess(shapes)}")
    return CLIPConfig(
        embed_dim, resolution, layers, width, patch, context_length, vocab_size,
        text_width, text_layers,
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
            "The names are those of Hugging Face's CLIPModel; zsclip reads OpenAI's layout, in "
            "which openai/CLIP and open_clip publish."
        )
    if not any(key.startswith("visual.") for key in shapes):
        return "No name begins with 'visual.': this is not a CLIP in OpenAI's layout."
    return "zsclip reads CLIP in OpenAI's layout: give the whole state dict of such a model."
