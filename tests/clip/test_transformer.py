"""What the blocks of a transformer compute."""

from __future__ import annotations

import torch
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip.transformer import Block, LayerNorm, QuickGELU

TOLERANCE = 1e-5


def test_quick_gelu() -> None:
    x = torch.linspace(-5, 5, 101)
    torch.testing.assert_close(QuickGELU()(x), x / (1 + torch.exp(-1.702 * x)))
    assert (QuickGELU()(x) - F.gelu(x)).abs().max() > 0.01


def test_layer_norm_computes_in_single_precision() -> None:
    """Of halves this large the sum of squares is infinite in fp16."""
    norm = LayerNorm(8)
    x = torch.tensor([[60_000.0, -60_000.0] * 4]).half()
    y = norm(x)
    assert y.dtype == torch.float16
    torch.testing.assert_close(y.float().abs(), torch.ones(1, 8))


@torch.inference_mode()
def test_a_block_is_causal_only_when_it_is_told_to() -> None:
    torch.manual_seed(0)
    block = Block(128, heads=2, hidden=512, activation="quickgelu")
    x = torch.randn(2, 9, 128)
    later = x.clone()
    later[:, 5:] = torch.randn(2, 4, 128)
    for causal in (True, False):
        change = (block(x, causal=causal) - block(later, causal=causal)).abs()[:, :5].max()
        assert (float(change) < TOLERANCE) is causal
    # each head mixes with weights of its own
    halves = block.attn(x, causal=False), block.attn(x.roll(64, dims=-1), causal=False)
    assert (halves[0] - halves[1]).abs().max() > 1e-3
