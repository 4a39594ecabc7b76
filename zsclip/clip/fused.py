"""The transformer for CPUs: the same blocks, with fewer passes over memory.

On a CPU half of a block's time goes into passes over its activations beside the matrix products:
the activation function, residuals, biases. Here they are part of the products (`onednn`).
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip.onednn import ROWS, Linear, Scratch
from zsclip.clip.transformer import QUICK, Block, Transformer

__all__ = ["FusedTransformer", "KeysAndValues"]

KeysAndValues = tuple[Tensor, Tensor]
"""Of one layer, each (n, heads, length, head width)."""


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
        self.c_fc = linear(mlp.c_fc.weight, mlp.c_fc.bias.float() * QUICK, factor=QUICK)
        self.c_proj = linear(mlp.c_proj.weight, mlp.c_proj.bias, factor=1 / QUICK)
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
        qkv = self.in_proj(_norm(self.ln_1, x))
        q, k, v = qkv.view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
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
            out[part] = self.c_proj(self.c_fc(hidden[part], silu=True), add=flat[part])
        return out if read is not None else out.view(n, length, width)


def _norm(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """Layer norm with fp32 statistics; on a CPU PyTorch takes them so of lower precision too."""
    return F.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
