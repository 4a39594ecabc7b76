"""The towers for CPUs: the same blocks, with fewer passes over memory.

On a CPU half of a transformer block's time goes into passes over its activations beside the matrix
products: the activation function, residuals, biases. Here they are part of the products (`onednn`).
In a ResNet it is batch norm, which in inference is a factor and an addend for each channel and goes
into the weights; activations and shortcuts, which the convolution itself adds; and the order in
memory: channels lie last, as its kernels want them.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any, overload

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip.model import Bottleneck, ModifiedResNet, TextTower, VisionTransformer
from zsclip.clip.onednn import ROWS, After, Convolution, Linear, Scratch
from zsclip.clip.transformer import QUICK, Block, LayerNorm, Transformer, split_heads

__all__ = ["FusedResNet", "FusedTransformer", "KeysAndValues", "lay_out"]

KeysAndValues = tuple[Tensor, Tensor]
"""Of one layer, each (n, heads, length, head width)."""


@overload
def lay_out(tower: TextTower, device: torch.device, dtype: torch.dtype) -> TextTower: ...
@overload
def lay_out(tower: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module: ...
def lay_out(tower: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """A tower as it was loaded, made ready to run on a device; takes the weights over.

    Norms stay in fp32, whose statistics half precision would spoil. On a CPU the blocks are those
    of this file; on CUDA convolutions' channels lie last.

    Args:
        tower: An image or text tower, on the CPU.
        device: Where it is to run.
        dtype: What to compute in.
    """
    table = None
    if device.type == "cpu":
        if isinstance(tower, ModifiedResNet):
            tower = FusedResNet(tower, dtype)
        elif isinstance(tower, VisionTransformer | TextTower):
            tower.add_module("transformer", FusedTransformer(tower.transformer, dtype))
        if isinstance(tower, TextTower):
            # looked up row by row: the table may stay as it lies in the file
            table = tower.token_embedding
            del tower.token_embedding
    tower.to(device, dtype)
    if device.type == "cuda":  # whose convolutions are faster, and patches lie in order, so
        untyped: Any = tower  # not every PyTorch's types know of it
        untyped.to(memory_format=torch.channels_last)
    if table is not None:
        tower.token_embedding = table
    if dtype != torch.float32:
        for module in tower.modules():
            if isinstance(module, LayerNorm | nn.BatchNorm2d):
                module.float()
    return tower


class FusedTransformer(nn.Module):
    """A transformer's blocks for inference on a CPU; takes the weights over.

    Args:
        transformer: The blocks as they were loaded.
        dtype: What to compute in; layer norms' weights stay in fp32.
    """

    def __init__(self, transformer: Transformer, dtype: torch.dtype) -> None:
        super().__init__()
        self.causal = transformer.causal
        self.blocks: list[_FusedBlock] = []
        scratch = Scratch(transformer.parameters(), dtype)
        for block in transformer.resblocks:
            assert isinstance(block, Block)
            self.blocks.append(_FusedBlock(block, scratch))

    def forward(
        self,
        x: Tensor,
        *,
        read: Tensor | None = None,
        mask: Tensor | None = None,
        context: list[KeysAndValues] | None = None,
        kept: list[KeysAndValues] | None = None,
    ) -> Tensor:
        """Run the blocks.

        Args:
            x: (n, length, width).
            read: int64 (m,): the places, among all n * length, that the caller reads. The last
                block computes no others.
            mask: (n, 1, length, context's length + length), added to the attention's logits; None
                for full or causal attention, as the transformer has it.
            context: The keys and values of tokens before these, of each layer.
            kept: A list that takes the keys and values of these tokens, of each layer.

        Returns:
            (n, length, width), or (m, width) with `read`.
        """
        last = len(self.blocks) - 1
        for i, block in enumerate(self.blocks):
            before = context[i] if context else None
            x = block(
                x,
                causal=self.causal and mask is None,
                mask=mask,
                context=before,
                kept=kept,
                read=read if i == last else None,
            )
        return x


class _FusedBlock:
    def __init__(self, block: Block, scratch: Scratch) -> None:
        attention, mlp = block.attn, block.mlp
        linear = functools.partial(Linear, scratch=scratch)
        self.heads = attention.heads
        self.ln_1, self.ln_2 = block.ln_1.float(), block.ln_2.float()
        self.in_proj = linear(attention.in_proj_weight, attention.in_proj_bias)
        self.out_proj = linear(attention.out_proj.weight, attention.out_proj.bias)
        # QuickGELU(x) = x * sigmoid(1.702 x) = SiLU(1.702 x) / 1.702, and SiLU is what there is
        quick = QUICK if mlp.activation == "quickgelu" else 1
        self.after: After = "swish" if mlp.activation == "quickgelu" else "gelu"
        self.c_fc = linear(mlp.c_fc.weight, mlp.c_fc.bias.float() * quick, factor=quick)
        self.c_proj = linear(mlp.c_proj.weight, mlp.c_proj.bias, factor=1 / quick)
        attention.to_empty(device="meta")  # the weights live on in the layout above
        mlp.to_empty(device="meta")

    def __call__(
        self,
        x: Tensor,
        *,
        causal: bool,
        mask: Tensor | None,
        context: KeysAndValues | None,
        kept: list[KeysAndValues] | None,
        read: Tensor | None,
    ) -> Tensor:
        n, length, width = x.shape
        q, k, v = split_heads(self.in_proj(_norm(self.ln_1, x)), self.heads, parts=3)
        if kept is not None:
            kept.append((k, v))
        if context is not None:
            k, v = (
                torch.cat([old.expand(n, -1, -1, -1), new], 2)
                for old, new in zip(context, (k, v), strict=True)
            )
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
        mixed = mixed.transpose(1, 2).reshape(n * length, width)
        flat = x.reshape(n * length, width)
        if read is not None:
            mixed, flat = mixed[read], flat[read]
        flat = self.out_proj(mixed, add=flat)
        hidden = _norm(self.ln_2, flat)
        out = torch.empty_like(flat)
        # so few at a time that hidden activations stay in a core's cache between the two layers
        for start in range(0, len(flat), ROWS):
            part = slice(start, start + ROWS)
            out[part] = self.c_proj(self.c_fc(hidden[part], after=self.after), add=flat[part])
        return out if read is not None else out.view(n, length, width)


def _norm(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """Layer norm with fp32 statistics; on a CPU PyTorch takes them so of lower precision too."""
    return F.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


# ------------------------------------------------------------------------------------------- ResNet


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
        side = 32 * math.isqrt(len(tower.attnpool.positional_embedding) - 1)  # of the pictures
        sides = (side, side // 2, side // 2)
        self.stem = [
            _take_over(*pair, side, dtype) for pair, side in zip(pairs, sides, strict=True)
        ]
        self.avgpool = tower.avgpool
        side //= 4
        self.blocks: list[_FusedBottleneck] = []
        for block in itertools.chain.from_iterable(tower.get_stages()):
            assert isinstance(block, Bottleneck)
            self.blocks.append(_FusedBottleneck(block, side, dtype))
            side = self.blocks[-1].side
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
    def __init__(self, block: Bottleneck, side: int, dtype: torch.dtype) -> None:
        self.conv1 = _take_over(block.conv1, block.bn1, side, dtype)
        self.conv2 = _take_over(block.conv2, block.bn2, side, dtype)
        self.avgpool = block.avgpool
        if isinstance(block.avgpool, nn.AvgPool2d):
            side //= 2
        self.side = side  # of what it gives
        self.conv3 = _take_over(block.conv3, block.bn3, side, dtype)
        self.shortcut: tuple[nn.Module, Convolution] | None = None
        if isinstance(block.downsample, nn.Sequential):
            pool, conv, norm = block.downsample
            self.shortcut = pool, _take_over(conv, norm, side, dtype)

    def __call__(self, x: Tensor) -> Tensor:
        y = self.avgpool(self.conv2(self.conv1(x)))
        if self.shortcut is not None:
            pool, convolution = self.shortcut
            x = convolution(pool(x), relu=False)
        return self.conv3(y, add=x)


def _take_over(conv: nn.Module, norm: nn.Module, side: int, dtype: torch.dtype) -> Convolution:
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    made = Convolution(conv, norm, side=side, dtype=dtype)
    conv.to_empty(device="meta")  # the weights live on in there
    return made
