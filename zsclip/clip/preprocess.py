"""CLIP's preprocessing on Pillow pictures, bit for bit what the official transform gives.

The official code composes torchvision's Resize (bicubic), CenterCrop, ToTensor and Normalize.
Their arithmetic is small: the short side becomes the resolution, the long side is truncated to
whole pixels, and the crop's corner is rounded half to even. It is written out here because
torchvision does not load beside a CPU build of torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from zsclip.clip.recipe import OPENAI_MEAN, OPENAI_STD

# What a resized picture may have before it is cropped: 500 MB. Of a picture of 224 pixels, this is
# one that is 2,600 times as long as it is wide.
MOST_PIXELS = 2**27


def resize_and_crop(image: Image.Image, resolution: int) -> Image.Image:
    """The centered square of a picture, its short side resized to the resolution.

    A strip that would take more than `MOST_PIXELS` on the way is cropped before it is resized. Its
    pixels are then not bit for bit those of the official transform: single ones of a noisy strip
    that is made smaller were seen to differ by up to 24 levels of 255.

    Args:
        image: An RGB picture of any size.
        resolution: The side of the square in pixels.

    Returns:
        An RGB picture of resolution x resolution.
    """
    width, height = image.size
    if width <= height:
        size = (resolution, int(resolution * height / width))
    else:
        size = (int(resolution * width / height), resolution)
    left = round((size[0] - resolution) / 2)
    top = round((size[1] - resolution) / 2)
    if size[0] * size[1] > MOST_PIXELS:
        return _crop_and_resize(image, size, (left, top), resolution)
    if size != image.size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    return image.crop((left, top, left + resolution, top + resolution))


def _crop_and_resize(
    image: Image.Image, size: tuple[int, int], corner: tuple[int, int], resolution: int
) -> Image.Image:
    """What a crop at `corner` would hold after resizing to `size`, of the pixels that it needs."""
    part, box = [], []
    for whole, resized, first in zip(image.size, size, corner, strict=True):
        scale = whole / resized
        margin = 2 * max(scale, 1) + 2  # how far a bicubic filter reaches
        begin = max(0, math.floor(first * scale - margin))
        part.append((begin, min(whole, math.ceil((first + resolution) * scale + margin))))
        # of few pixels, since Pillow keeps a box in single precision
        box.append((first * scale - begin, min((first + resolution) * scale, whole) - begin))
    (left, right), (top, bottom) = part
    image = image.crop((left, top, right, bottom))
    (left_edge, right_edge), (top_edge, bottom_edge) = box
    return image.resize(
        (resolution, resolution),
        Image.Resampling.BICUBIC,
        box=(left_edge, top_edge, right_edge, bottom_edge),
    )


def to_pixels(images: Sequence[Image.Image], resolution: int) -> NDArray[np.uint8]:
    """Resize, crop and stack pictures.

    Args:
        images: RGB pictures of any sizes.
        resolution: The side of the squares in pixels.

    Returns:
        uint8 (n, resolution, resolution, 3), RGB.
    """
    pixels = np.empty((len(images), resolution, resolution, 3), np.uint8)
    for row, image in zip(pixels, images, strict=True):
        row[...] = np.asarray(resize_and_crop(image, resolution))
    return pixels


def normalize(pixels: Tensor) -> Tensor:
    """Scale and center pixels as CLIP's towers expect them.

    Args:
        pixels: uint8 (n, height, width, 3), RGB, on any device.

    Returns:
        float32 (n, 3, height, width) on the same device.
    """
    x = pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    mean = torch.tensor(OPENAI_MEAN, dtype=x.dtype, device=x.device).view(3, 1, 1)
    std = torch.tensor(OPENAI_STD, dtype=x.dtype, device=x.device).view(3, 1, 1)
    return x.div_(255).sub_(mean).div_(std)
