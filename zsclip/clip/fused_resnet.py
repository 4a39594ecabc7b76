"""CLIP's ResNet for CPUs: the same convolutions, with fewer passes over memory.

Batch norm in inference is a factor and an addend for each channel, which go into the weights;
activations and shortcuts are added by the convolution itself (`onednn`), and channels lie last in
memory, as its kernels want them.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from zsclip.clip.onednn import Convolution
from zsclip.clip.resnet import Bottleneck, ModifiedResNet

__all__ = ["FusedResNet"]


class FusedResNet(nn.Module):
    """CLIP's ResNet for inference on a CPU; takes the weights over.

    Args:
        tower: The tower as it was loaded.
        dtype: What to compute in.
    """

    def __init__(self, tower: ModifiedResNet, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        pairs = [(getattr(tower, f"conv{i}"), getattr(tower, f"bn{i}")) for i in (1, 2, 3)]
        self.stem = [_take_over(conv, norm, dtype) for conv, norm in pairs]
        self.avgpool = tower.avgpool
        self.blocks: list[_FusedBottleneck] = []
        for block in itertools.chain.from_iterable(tower.get_stages()):
            assert isinstance(block, Bottleneck)
            self.blocks.append(_FusedBottleneck(block, dtype))
        self.attnpool = tower.attnpool

    def forward(self, images: Tensor) -> Tensor:
        """Pictures (n, 3, resolution, resolution) to embeddings (n, embed_dim)."""
        x = images.to(self.dtype, memory_format=torch.channels_last)
        for convolution in self.stem:
            x = convolution(x)
        x = self.avgpool(x)
        for block in self.blocks:
            x = block(x)
        return self.attnpool(x)  # type: ignore[no-any-return]


class _FusedBottleneck:
    def __init__(self, block: Bottleneck, dtype: torch.dtype) -> None:
        self.conv1 = _take_over(block.conv1, block.bn1, dtype)
        self.conv2 = _take_over(block.conv2, block.bn2, dtype)
        self.avgpool = block.avgpool
        self.conv3 = _take_over(block.conv3, block.bn3, dtype)
        self.shortcut: tuple[nn.Module, Convolution] | None = None
        if isinstance(block.downsample, nn.Sequential):
            pool, conv, norm = block.downsample
            self.shortcut = pool, _take_over(conv, norm, dtype)

    def __call__(self, x: Tensor) -> Tensor:
        y = self.avgpool(self.conv2(self.conv1(x)))
        if self.shortcut is not None:
            pool, convolution = self.shortcut
            x = convolution(pool(x), relu=False)
        return self.conv3(y, add=x)


def _take_over(conv: nn.Module, norm: nn.Module, dtype: torch.dtype) -> Convolution:
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    made = Convolution(conv, norm, dtype=dtype)
    conv.to_empty(device="meta")  # the weights live on in there
    return made
