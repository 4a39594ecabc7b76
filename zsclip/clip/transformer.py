"""The transformer that both of CLIP's towers are built of (Radford et al. 2021, §2.4).

Parameter names are those of OpenAI's checkpoints, so that a state dict loads as it is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip.recipe import Activation

__all__ = ["QUICK", "Block", "LayerNorm", "QuickGELU", "Transformer", "split_heads"]

QUICK = 1.702  # of QuickGELU


def split_heads(x: Tensor, heads: int, *, parts: int) -> Tensor:
    """(n, length, parts * width) to (parts, n, heads, length, head width), without a copy.

    Parts are what lies beside each other in a row: queries, keys and values if there are three.
    """
    n, length, width = x.shape
    return x.view(n, length, parts, heads, width // parts // heads).permute(2, 0, 3, 1, 4)


class LayerNorm(nn.LayerNorm):
    """Layer norm whose statistics are fp32 whatever the precision of its input."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that nn.LayerNorm uses
        return super().forward(input.to(self.weight.dtype)).to(input.dtype)


class QuickGELU(nn.Module):
    """The sigmoid approximation of GELU that CLIP was trained with: x * sigmoid(1.702 x)."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(QUICK * x)


class Attention(nn.Module):
    """Multi-head self-attention with one projection for queries, keys and values.

    `forward` ends before the output projection, which only the places that are read need.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.normal_(self.in_proj_weight, std=width**-0.5)

    def forward(self, x: Tensor, *, causal: bool) -> Tensor:
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = split_heads(qkv, self.heads, parts=3)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return mixed.transpose(1, 2).flatten(2)  # (n, length, width)


class MLP(nn.Module):
    """The two linear layers of a block, and the activation between them."""

    def __init__(self, width: int, hidden: int, activation: Activation) -> None:
        super().__init__()
        self.activation: Activation = activation
        self.c_fc = nn.Linear(width, hidden)
        self.gelu = QuickGELU() if activation == "quickgelu" else nn.GELU()
        self.c_proj = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(self.gelu(self.c_fc(x)))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Pre-norm residual attention block."""

    def __init__(self, width: int, *, heads: int, hidden: int, activation: Activation) -> None:
        super().__init__()
        self.attn = Attention(width, heads)
        self.ln_1 = LayerNorm(width)
        self.mlp = MLP(width, hidden, activation)
        self.ln_2 = LayerNorm(width)

    def forward(self, x: Tensor, *, causal: bool, read: Tensor | None = None) -> Tensor:
        mixed = self.attn(self.ln_1(x), causal=causal)
        if read is not None:
            x, mixed = x.flatten(0, 1)[read], mixed.flatten(0, 1)[read]
        x = x + self.attn.out_proj(mixed)
        return x + self.mlp(self.ln_2(x))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """A stack of blocks; causal in the text tower, full attention in the image tower.

    Args:
        width: What goes from block to block.
        layers: The number of blocks.
        heads: The number of heads of each attention.
        hidden: The width between the two layers of each MLP.
        activation: What stands there.
        causal: Whether a token sees only itself and those before it.
    """

    def __init__(
        self,
        width: int,
        layers: int,
        *,
        heads: int,
        hidden: int,
        activation: Activation,
        causal: bool,
    ) -> None:
        super().__init__()
        self.causal = causal
        self.resblocks = nn.ModuleList(
            [Block(width, heads=heads, hidden=hidden, activation=activation) for _ in range(layers)]
        )

    def forward(self, x: Tensor, *, read: Tensor | None = None) -> Tensor:
        """Run the blocks over x (n, length, width).

        With `read`, int64 (m,), the last block computes no more than these places among all
        n * length, and gives (m, width).
        """
        last = len(self.resblocks) - 1
        for i, block in enumerate(self.resblocks):
            x = block(x, causal=self.causal, read=read if i == last else None)
        return x
