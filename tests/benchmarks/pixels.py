"""Prepared pictures in memory, for the image towers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MEAN = (0.48145466, 0.4578275, 0.40821073)  # of CLIP's preprocessing
STD = (0.26862954, 0.26130258, 0.27577711)
SIDE = 224


def prepared(count: int) -> NDArray[np.uint8]:
    """Smooth random pictures: uint8 (count, 224, 224, 3)."""
    from PIL import Image

    random = np.random.default_rng(5)
    pictures = []
    for _ in range(count):
        grid = Image.fromarray(random.integers(0, 256, (14, 14, 3), np.uint8))
        pictures.append(np.asarray(grid.resize((SIDE, SIDE), Image.Resampling.BICUBIC)))
    return np.stack(pictures)


def normalise(pixels: NDArray[np.uint8]) -> Tensor:
    """The same pictures as the official transform hands them over: float32 (n, 3, 224, 224)."""
    values = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (MEAN, STD))
    return ((values - mean) / std).contiguous()
