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

from zsclip.clip.model import VisionTransformer, unfilled
from zsclip.clip.tokenizer import END, START, Tokenizer, pad
from zsclip.encoders.native import NativeEncoder
from zsclip.weights.checkpoints import Checkpoint
from zsclip.weights.shapes import read_config

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
    tower, side = checkpoint.load_image_tower(), checkpoint.config.resolution
    plain = torch.zeros(1, 3, side, side)
    expected = tower(plain)
    for row in (0, side - 4):
        for column in (0, side - 4):
            changed = plain.clone()
            changed[:, :, row : row + 4, column : column + 4] = 3
            assert (tower(changed) - expected).abs().max() > 1e-3, kind


def test_modules_keep_their_shapes_and_take_no_memory(vit_state: dict[str, torch.Tensor]) -> None:
    config = read_config({key: tuple(t.shape) for key, t in vit_state.items()})
    with unfilled():
        tower, layers = config.image_tower(), [nn.Linear(3, 4), nn.BatchNorm2d(3)]
    assert isinstance(tower, VisionTransformer)
    for module in (tower, *layers):
        assert {t.device.type for t in module.state_dict().values()} == {"meta"}
    for key, tensor in tower.state_dict().items():
        assert tensor.shape == vit_state[f"visual.{key}"].shape
    assert nn.Linear(3, 4).weight.abs().sum() > 0  # filled again outside
