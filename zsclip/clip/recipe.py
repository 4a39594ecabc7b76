"""What a CLIP is computed with beyond its tensors: facts that no shape and no number of it tells.

Two models of the same shapes may have been trained with other activations, other widths of a head,
other pixels. Each computes something with the weights of the other, and it looks right and is
wrong; so all of this belongs to a model as its weights do. Without torch.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

__all__ = ["ACTIVATIONS", "OPENAI_MEAN", "OPENAI_STD", "Activation", "Preprocessing", "Recipe"]

Activation: TypeAlias = Literal["quickgelu", "gelu"]
"""Between the two layers of a block's MLP: ``x * sigmoid(1.702 x)``, or ``x * Phi(x)``, exact."""

ACTIVATIONS: tuple[Activation, ...] = ("quickgelu", "gelu")

# Of the pictures that CLIP was trained on (openai/CLIP, clip/clip.py), in RGB, of 0 to 1.
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture becomes what an image tower takes, but for the size.

    Attributes:
        mean: What is taken off red, green and blue, of 0 to 1.
        std: What they are divided by then.
        interpolation: The filter that resizes.
        resize: ``"shortest"``: the short side becomes the resolution, and the middle is cut out;
            ``"squash"``: both sides become the resolution, whatever the picture's shape.
    """

    mean: tuple[float, float, float] = OPENAI_MEAN
    std: tuple[float, float, float] = OPENAI_STD
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    resize: Literal["shortest", "squash"] = "shortest"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is known of a model beyond its tensors; None where nothing tells.

    Attributes:
        activation: The activation function of both towers' blocks.
        image_head_width: The width of a head of the image tower's attention.
        text_head_width: That of the text tower's.
        preprocessing: How its pictures are made.
        source: What told the activation, in words for messages, such as
            ``open_clip_config.json``; empty if nothing did.
    """

    activation: Activation | None = None
    image_head_width: int | None = None
    text_head_width: int | None = None
    preprocessing: Preprocessing | None = None
    source: str = ""

    def or_else(self, other: Recipe) -> Recipe:
        """This recipe, and where it says nothing, what the other one says.

        Examples:
            >>> Recipe(activation="gelu").or_else(Recipe("quickgelu", 64)).image_head_width
            64
        """
        told = {}
        for name in (field.name for field in fields(self)):
            own = getattr(self, name)
            told[name] = getattr(other, name) if own is None else own
        told["source"] = (self if self.activation is not None else other).source
        return Recipe(**told)
