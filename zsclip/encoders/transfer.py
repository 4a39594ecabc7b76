"""Pictures on their way to a device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["send"]


def send(pixels: NDArray[np.uint8], device: torch.device) -> Tensor:
    """The pictures that `prepare` made, on the device that is to compute: uint8, of any shape.

    To CUDA they go through memory that is pinned, from which the device copies by itself: the call
    returns before it has. What is computed with them on the same stream comes after, and PyTorch
    keeps that memory until then.

    Examples:
        >>> send(np.zeros((1, 2, 2, 3), np.uint8), torch.device("cpu")).shape
        torch.Size([1, 2, 2, 3])
    """
    pictures = torch.from_numpy(pixels)
    if device.type != "cuda":
        return pictures.to(device)
    return pictures.pin_memory().to(device, non_blocking=True)
