"""open_clip's preprocessing in two halves: a picture to its pixels, and pixels to a model's input.

The first half is what open_clip's own transform does on Pillow pictures, so that its pixels are
open_clip's bit for bit, whatever way it has of making a picture square. The second is arithmetic on
numbers that a batch and a device can share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from zsclip.clip import Preprocessing
from zsclip.encoders.towers import PlainTower
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.wording import brief

__all__ = ["Pixels"]

# What makes a picture square, by the names of torchvision and open_clip. Those of training cut out
# a part at random.
_STEPS = {"Resize", "CenterCrop", "ResizeKeepRatio", "CenterCropOrPad", "MaybeConvertMode"}
_SETTINGS = ("size", "interpolation", "longest", "fill")

MOST_ASPECT = 512
"""How many times as long as wide a picture may be; of a longer one, the middle is taken before it
is resized, where a short side of 224 pixels would make gigabytes of it."""


class Pixels:
    """open_clip's transform for inference, taken apart.

    Args:
        transform: The transform: the last of what ``create_model_and_transforms`` returns.

    Attributes:
        resolution: The side of the pictures in pixels.
        description: What `prepare` and `normalize` do, in words that change when they do.

    Raises:
        ParameterTypeError: It is none of open_clip's.
        ParameterError: It is the one for training, or its pictures are not square.
    """

    def __init__(self, transform: Any) -> None:
        steps = list(getattr(transform, "transforms", ()))
        names = [type(step).__name__ for step in steps]
        if names[-2:] not in (["MaybeToTensor", "Normalize"], ["ToTensor", "Normalize"]):
            raise ParameterTypeError(
                "`preprocess` must be the transform for inference, the last thing that open_clip's "
                f"create_model_and_transforms returns, got {brief(transform)}."
            )
        foreign = [name for name in names[:-2] if name not in _STEPS]
        if foreign:
            raise ParameterError(
                "`preprocess` must be open_clip's transform for inference, and this one has "
                f"{', '.join(map(brief, foreign))}, which it does not have. Pass the last thing "
                "that create_model_and_transforms returns; the one before it is for training."
            )
        self._steps: list[Callable[[Image.Image], Image.Image]] = steps[:-2]
        self._mean, self._std = (_three(getattr(steps[-1], name)) for name in ("mean", "std"))
        self.resolution = _side(steps[:-2])
        # if the long side is what is resized to, nothing is left of a strip's short side
        longest = any(getattr(step, "longest", 0) for step in steps[:-2])
        self._most_aspect = min(MOST_ASPECT, self.resolution) if longest else MOST_ASPECT
        self.description = "; ".join(
            [*map(_describe, steps[:-2]), f"mean {self._mean}, std {self._std}"]
        )

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """One RGB picture of any size as pixels: uint8 (resolution, resolution, 3)."""
        image = _shortened(image, self._most_aspect)
        for step in self._steps:
            image = step(image)
        return np.array(image)  # one that can be written to, which PyTorch asks for

    def plain_tower(self, model: Any) -> PlainTower:
        """A model's image tower with what stands before it, in fp32 on the CPU; takes it over."""
        return PlainTower(_Images(model).float().cpu().eval(), self._mean, self._std, self._square)

    @property
    def _square(self) -> Preprocessing | None:
        """Its way to make pictures square in CLIP's words; None where it is another."""
        steps = [step for step in self._steps if type(step).__name__ != "MaybeConvertMode"]
        names = [type(step).__name__ for step in steps]
        size = getattr(steps[0], "size", None) if steps else None
        filters = {"bicubic": "bicubic", "bilinear": "bilinear"}
        interpolation: Any = filters.get(
            getattr(getattr(steps[0], "interpolation", None), "value", "") if steps else ""
        )
        if interpolation is None:
            return None
        if names == ["Resize", "CenterCrop"] and size in (self.resolution, [self.resolution]):
            return Preprocessing(self._mean, self._std, interpolation, "shortest")
        if names in (["Resize"], ["Resize", "CenterCrop"]) and (
            isinstance(size, tuple | list) and tuple(size) == (self.resolution,) * 2
        ):
            return Preprocessing(self._mean, self._std, interpolation, "squash")
        return None

    def normalize(self, pixels: Tensor) -> Tensor:
        """Scale and center pixels as the model was trained with them.

        Args:
            pixels: uint8 (n, resolution, resolution, 3), RGB, on any device.

        Returns:
            float32 (n, 3, resolution, resolution) on the same device.
        """
        x = pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
        mean = torch.tensor(self._mean, dtype=x.dtype, device=x.device).view(3, 1, 1)
        std = torch.tensor(self._std, dtype=x.dtype, device=x.device).view(3, 1, 1)
        return x.div_(255).sub_(mean).div_(std)


class _Images(nn.Module):
    """The half of a model for pictures: what it embeds texts with is not asked for."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Pictures as they are normalized to embeddings, which are not."""
        return self.model.encode_image(images)  # type: ignore[no-any-return]


def _shortened(image: Image.Image, most_aspect: int) -> Image.Image:
    """The picture, or the middle of a strip that is longer than can be resized."""
    short, long = sorted(image.size)
    if not short or long <= most_aspect * short:
        return image
    kept = most_aspect * short
    first = (long - kept) // 2
    if image.width == long:
        return image.crop((first, 0, first + kept, image.height))
    return image.crop((0, first, image.width, first + kept))


def _side(steps: list[Any]) -> int:
    """The side of the square that the last step with a size leaves."""
    sizes = [step.size for step in steps if hasattr(step, "size")]
    size = sizes[-1] if sizes else None
    # one number to Resize is the short side, and what follows it cuts the square out
    sides = (size, size) if isinstance(size, int) else tuple(size or ())
    if len(sides) != 2 or sides[0] != sides[1]:
        raise ParameterError(
            f"`preprocess` must make square pictures, and its size is {brief(size)}. zsclip takes "
            "models of square pictures only."
        )
    return int(sides[0])


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _describe(step: Any) -> str:
    settings = {name: getattr(step, name, None) for name in _SETTINGS}
    told = [
        f"{name}={getattr(value, 'value', value)}"
        for name, value in settings.items()
        if value is not None
    ]
    return " ".join([type(step).__name__, *told])
