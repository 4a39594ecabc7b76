"""One product of a tower's width, small enough to be computed often: what rates are measured by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zsclip.clip.model import unfilled
from zsclip.clip.onednn import Convolution, Linear, Scratch

__all__ = ["Sample", "sample_product"]

_MULTIPLICATIONS = 20e6
"""In one product: fractions of a millisecond, which a busy neighbor lets some tries have."""

_OUTPUTS = 256  # at once: more would need more memory, and time to fill it, for the same rate
_SIDE = 14  # of a ResNet's feature maps where it does half of its work, in its third stage


@dataclass(frozen=True, slots=True)
class Sample:
    """A product that can be computed again and again.

    Attributes:
        run: Computes it.
        operations: How many multiplications and additions it has.
    """

    run: Callable[[], Tensor]
    operations: int


def sample_product(width: int, dtype: torch.dtype, *, convolution: bool = False) -> Sample:
    """A product as the image towers for CPUs compute it, by their own layers.

    Args:
        width: Of the vision transformer, or of the ResNet after its stem.
        dtype: What to compute in.
        convolution: Whether it is a ResNet's; a 3x3 convolution of its third stage is taken then.
    """
    if convolution:
        planes = min(4 * width, _OUTPUTS)
        with (
            unfilled()
        ):  # random numbers would take long, and be missing where the user's come from
            conv = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        conv.weight = nn.Parameter(torch.ones(conv.weight.shape))
        layer = Convolution(conv, nn.BatchNorm2d(planes), side=_SIDE, dtype=dtype)
        rows = _fitting(9 * planes * planes * _SIDE, least=1)
        x = torch.ones(1, planes, rows, _SIDE, dtype=dtype)
        x = x.contiguous(memory_format=torch.channels_last)
        return Sample(lambda: layer(x), 2 * 9 * planes * planes * rows * _SIDE)
    outputs = min(width, _OUTPUTS)
    weight = torch.ones(outputs, width)
    linear = Linear(weight, torch.zeros(outputs), scratch=Scratch([weight], dtype))
    rows = _fitting(width * outputs, least=16)
    tokens = torch.ones(rows, width, dtype=dtype)
    return Sample(lambda: linear(tokens), 2 * width * outputs * rows)


def _fitting(multiplications: int, *, least: int) -> int:
    return max(least, int(_MULTIPLICATIONS / multiplications))
