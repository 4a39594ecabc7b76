"""CLIP's preprocessing on Pillow pictures, bit for bit what the official transforms give.

The official code composes torchvision's Resize (bicubic), CenterCrop, ToTensor and Normalize.
Their arithmetic is small: the short side becomes the resolution, the long side is truncated to
whole pixels, and the crop's corner is rounded half to even. open_clip has models for which both
sides become the resolution, without a crop, and some that are resized bilinearly. It is written out
here because torchvision does not load beside a CPU build of torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zsclip.clip.recipe import Preprocessing

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["USUAL", "normalize", "resize_and_crop", "to_pixels", "words_of"]

# What a picture may have on its way, before it is cropped or resized in its other direction: 500
# MB. Of a picture of 224 pixels, this is one that is 2,600 times as long as it is wide.
MOST_PIXELS = 2**27

USUAL = Preprocessing()
"""As OpenAI's models were trained."""

_FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}


def words_of(how: Preprocessing) -> str:
    """What differs from OpenAI's preprocessing, in a few words; others where numbers differ.

    Examples:
        >>> words_of(Preprocessing(std=(0.5, 0.5, 0.5), resize="squash"))
        'squash std 0.5 0.5 0.5'
    """
    words = [
        getattr(how, name)
        for name in ("resize", "interpolation")
        if getattr(how, name) != getattr(USUAL, name)
    ]
    for name in ("mean", "std"):
        if (numbers := getattr(how, name)) != getattr(USUAL, name):
            words += [name, *map(repr, map(float, numbers))]
    return " ".join(words)


def resize_and_crop(image: Image.Image, resolution: int, how: Preprocessing = USUAL) -> Image.Image:
    """A picture as a square: the middle of it, or all of it, as the model was trained.

    A strip that would take more than `MOST_PIXELS` on the way is cropped before it is resized, or
    resized in its long direction first. Its pixels are then not bit for bit those of the official
    transform: single ones of a noisy strip that is made smaller were seen to differ by up to 24
    levels of 255.

    Args:
        image: An RGB picture of any size.
        resolution: The side of the square in pixels.
        how: How it becomes square, and the filter that resizes.

    Returns:
        An RGB picture of resolution x resolution.
    """
    if how.resize == "squash":
        return _squash(image, resolution, _FILTERS[how.interpolation])
    width, height = image.size
    if width <= height:
        size = (resolution, int(resolution * height / width))
    else:
        size = (int(resolution * width / height), resolution)
    left = round((size[0] - resolution) / 2)
    top = round((size[1] - resolution) / 2)
    resample = _FILTERS[how.interpolation]
    if size[0] * size[1] > MOST_PIXELS:
        return _crop_and_resize(image, size, (left, top), resolution, resample)
    if size != image.size:
        image = image.resize(size, resample)
    return image.crop((left, top, left + resolution, top + resolution))


def _squash(image: Image.Image, resolution: int, resample: Image.Resampling) -> Image.Image:
    size = (resolution, resolution)
    # Pillow resizes the width first, and holds what comes of it
    if resolution * image.height > MOST_PIXELS:
        image = image.resize((image.width, resolution), resample)
    return image if image.size == size else image.resize(size, resample)


def _crop_and_resize(
    image: Image.Image,
    size: tuple[int, int],
    corner: tuple[int, int],
    resolution: int,
    resample: Image.Resampling,
) -> Image.Image:
    """What a crop at `corner` would hold after resizing to `size`, of the pixels that it needs."""
    part, box = [], []
    for whole, resized, first in zip(image.size, size, corner, strict=True):
        scale = whole / resized
        margin = 2 * max(scale, 1) + 2  # how far a bicubic filter reaches, the farther of the two
        begin = max(0, math.floor(first * scale - margin))
        part.append((begin, min(whole, math.ceil((first + resolution) * scale + margin))))
        # of few pixels, since Pillow keeps a box in single precision
        box.append((first * scale - begin, min((first + resolution) * scale, whole) - begin))
    (left, right), (top, bottom) = part
    image = image.crop((left, top, right, bottom))
    (left_edge, right_edge), (top_edge, bottom_edge) = box
    return image.resize(
        (resolution, resolution), resample, box=(left_edge, top_edge, right_edge, bottom_edge)
    )


def to_pixels(
    images: Sequence[Image.Image], resolution: int, how: Preprocessing = USUAL
) -> NDArray[np.uint8]:
    """Resize, crop and stack pictures.

    Args:
        images: RGB pictures of any sizes.
        resolution: The side of the squares in pixels.
        how: How they become square, and the filter that resizes.

    Returns:
        uint8 (n, resolution, resolution, 3), RGB.
    """
    pixels = np.empty((len(images), resolution, resolution, 3), np.uint8)
    for row, image in zip(pixels, images, strict=True):
        row[...] = np.asarray(resize_and_crop(image, resolution, how))
    return pixels


def normalize(pixels: Tensor, how: Preprocessing = USUAL) -> Tensor:
    """Scale and center pixels as the model's image tower expects them.

    Args:
        pixels: uint8 (n, height, width, 3), RGB, on any device.
        how: What is taken off, and what they are divided by.

    Returns:
        float32 (n, 3, height, width) on the same device.
    """
    import torch

    x = pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    mean = torch.tensor(how.mean, dtype=x.dtype, device=x.device).view(3, 1, 1)
    std = torch.tensor(how.std, dtype=x.dtype, device=x.device).view(3, 1, 1)
    return x.div_(255).sub_(mean).div_(std)
