"""CLIP's ModifiedResNet (Radford et al. 2021, §2.4): an image tower made of convolutions.

It differs from the usual ResNet in three things: a stem of three convolutions, average pooling
before each strided convolution (blur against aliasing), and attention pooling at the end.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip.transformer import HEAD_WIDTH


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions beside a shortcut; the stride is an average pooling."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        outputs = planes * self.expansion
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.avgpool: nn.Module = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            # the keys are those of the checkpoints: the pooling has no parameters
            self.downsample = nn.Sequential(
                OrderedDict[str, nn.Module](
                    {
                        "-1": nn.AvgPool2d(stride),
                        "0": nn.Conv2d(inputs, outputs, 1, bias=False),
                        "1": nn.BatchNorm2d(outputs),
                    }
                )
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(self.avgpool(y)))
        return F.relu(y + self.downsample(x))


class AttentionPool(nn.Module):
    """Attention whose one query is the mean over the places of the feature map."""

    def __init__(self, side: int, width: int, heads: int, embed_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.empty(side**2 + 1, width))
        nn.init.normal_(self.positional_embedding, std=width**-0.5)
        self.k_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.c_proj = nn.Linear(width, embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(2).transpose(1, 2)  # (n, places, width)
        x = torch.cat([x.mean(1, keepdim=True), x], dim=1)
        x = x + self.positional_embedding.to(x.dtype)
        q = self._split(self.q_proj(x[:, :1]))
        k, v = self._split(self.k_proj(x)), self._split(self.v_proj(x))
        pooled = F.scaled_dot_product_attention(q, k, v)  # (n, heads, 1, head width)
        return self.c_proj(pooled.flatten(1))  # type: ignore[no-any-return]

    def _split(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        return x.view(n, length, self.heads, width // self.heads).transpose(1, 2)


class ModifiedResNet(nn.Module):
    """Pictures (n, 3, resolution, resolution) to embeddings (n, embed_dim), not normalized.

    Args:
        layers: The number of blocks in each of the four stages.
        width: The number of channels after the stem; the last stage has 32 times as many.
        resolution: The side of the pictures in pixels, a multiple of 32.
        embed_dim: The width of the embedding.
    """

    def __init__(self, layers: Sequence[int], width: int, resolution: int, embed_dim: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(2)
        inputs = width
        for stage, blocks in enumerate(layers):
            planes = width * 2**stage
            first = Bottleneck(inputs, planes, stride=1 if stage == 0 else 2)
            inputs = planes * Bottleneck.expansion
            rest = [Bottleneck(inputs, planes) for _ in range(blocks - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(first, *rest))
        self.stages = len(layers)
        self.attnpool = AttentionPool(resolution // 32, inputs, inputs // HEAD_WIDTH, embed_dim)

    def forward(self, images: Tensor) -> Tensor:
        x = images.to(self.conv1.weight.dtype)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.avgpool(F.relu(self.bn3(self.conv3(x))))
        for stage in self.get_stages():
            x = stage(x)
        return self.attnpool(x)  # type: ignore[no-any-return]

    def get_stages(self) -> list[nn.Sequential]:
        """The four stages, each of several `Bottleneck`."""
        names = [f"layer{stage + 1}" for stage in range(self.stages)]
        return [cast(nn.Sequential, self.get_submodule(name)) for name in names]
