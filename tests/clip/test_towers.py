"""What the towers compute, as far as it can be said without the official code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip.tokenizer import END, START, Tokenizer, pad
from zsclip.clip.transformer import Block, LayerNorm, QuickGELU
from zsclip.encoders.native import NativeEncoder
from zsclip.weights.checkpoints import Checkpoint

State = dict[str, Tensor]

TOLERANCE = 1e-5
TEXTS = ["a", "a red fox", "a painting of twelve house sparrows, in the snow", "🦊 " * 20]


@pytest.fixture
def encoder(state: State, checkpoint_of: Callable[[State], Checkpoint]) -> NativeEncoder:
    return NativeEncoder(checkpoint_of(state), device="cpu", precision="fp32")


@pytest.fixture
def text_tower(vit_state: State, checkpoint_of: Callable[[State], Checkpoint]) -> nn.Module:
    return checkpoint_of(vit_state).load_text_tower()


def _pictures() -> list[Image.Image]:
    random = np.random.default_rng(0)
    sizes = [(40, 90), (64, 64), (333, 17), (5, 5), (120, 100)]
    return [Image.fromarray(random.integers(0, 256, (h, w, 3), np.uint8)) for w, h in sizes]


def _assert_apart(rows: NDArray[np.float32]) -> None:
    """That embeddings differ by far more than what the comparisons allow."""
    apart = np.abs(rows[:, None] - rows[None]).max(axis=-1)
    assert apart[~np.eye(len(rows), dtype=bool)].min() > 100 * TOLERANCE


def test_pictures_do_not_depend_on_their_batch(encoder: NativeEncoder) -> None:
    pictures = _pictures()
    together = encoder.encode_images(pictures)
    _assert_apart(together)
    apart = np.concatenate([encoder.encode_images([picture]) for picture in pictures])
    assert np.abs(together - apart).max() < TOLERANCE
    turned = encoder.encode_images(pictures[::-1])[::-1]
    assert np.abs(together - turned).max() < TOLERANCE
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)


def test_texts_do_not_depend_on_their_batch(encoder: NativeEncoder) -> None:
    together = encoder.encode_texts(TEXTS)
    _assert_apart(together)
    apart = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    assert np.abs(together - apart).max() < TOLERANCE
    turned = encoder.encode_texts(TEXTS[::-1])[::-1]
    assert np.abs(together - turned).max() < TOLERANCE
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)


@torch.inference_mode()
def test_what_stands_behind_the_end_token_does_not_count(text_tower: nn.Module) -> None:
    ids = Tokenizer(context_length=77).encode(TEXTS)
    tokens = torch.from_numpy(pad(ids, 77))
    expected = F.normalize(text_tower(tokens), dim=-1)
    random = torch.Generator().manual_seed(0)
    noise = torch.randint(1, START, tokens.shape, generator=random)
    behind = torch.arange(77) > tokens.argmax(dim=-1, keepdim=True)
    for changed in (torch.where(behind, noise, tokens), tokens[:, : max(map(len, ids))]):
        found = F.normalize(text_tower(changed), dim=-1)
        assert (found - expected).abs().max() < TOLERANCE
    # ... and what stands before it does
    before = tokens.clone()
    before[:, 1] = 5000
    found = F.normalize(text_tower(before), dim=-1)
    assert (found - expected).abs().amax(dim=-1).min() > 100 * TOLERANCE


@torch.inference_mode()
def test_the_order_of_words_counts(text_tower: nn.Module) -> None:
    tokens = torch.tensor([[START, 320, 736, 3240, END], [START, 3240, 736, 320, END]])
    one, other = F.normalize(text_tower(tokens), dim=-1)
    assert (one - other).abs().max() > 0.01


@torch.inference_mode()
def test_an_image_tower_sees_every_corner(
    kind: str, state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    checkpoint = checkpoint_of(state)
    tower, side = checkpoint.load_image_tower(), checkpoint.architecture.resolution
    plain = torch.zeros(1, 3, side, side)
    expected = tower(plain)
    for row in (0, side - 4):
        for column in (0, side - 4):
            changed = plain.clone()
            changed[:, :, row : row + 4, column : column + 4] = 3
            assert (tower(changed) - expected).abs().max() > 1e-3, kind


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
    block = Block(128)
    x = torch.randn(2, 9, 128)
    later = x.clone()
    later[:, 5:] = torch.randn(2, 4, 128)
    for causal in (True, False):
        change = (block(x, causal=causal) - block(later, causal=causal)).abs()[:, :5].max()
        assert (float(change) < TOLERANCE) is causal
    # each head mixes with weights of its own
    halves = block.attn(x, causal=False), block.attn(x.roll(64, dims=-1), causal=False)
    assert (halves[0] - halves[1]).abs().max() > 1e-3
