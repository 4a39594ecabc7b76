"""The ResNet for CPUs gives what the plain one gives, whatever this build of PyTorch has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip.architecture import Architecture
from zsclip.clip.fused_resnet import FusedResNet
from zsclip.clip.resnet import ModifiedResNet
from zsclip.encoders.native import NativeEncoder
from zsclip.weights.checkpoints import Checkpoint

State = dict[str, Tensor]
SIZES = Architecture(32, 64, (1, 2, 1, 1), 16, None, 77, 49_408, 64, 2)


@pytest.fixture
def checkpoint(
    make_state: Callable[[Architecture], State], checkpoint_of: Callable[[State], Checkpoint]
) -> Checkpoint:
    return checkpoint_of(make_state(SIZES))


@pytest.mark.parametrize("count", [1, 5])
def test_it_gives_what_the_plain_one_gives(
    either_way: None, checkpoint: Checkpoint, count: int
) -> None:
    plain, again = (checkpoint.load_image_tower().float() for _ in range(2))
    assert isinstance(again, ModifiedResNet)
    images = torch.randn(count, 3, SIZES.resolution, SIZES.resolution)
    expected = F.normalize(plain(images), dim=-1)
    quick = FusedResNet(again, torch.float32)
    left = {t.device.type for t in again.state_dict().values() if t.ndim == 4}
    assert left == {"meta"}  # no weights lie in memory twice
    torch.testing.assert_close(F.normalize(quick(images), dim=-1), expected, atol=1e-6, rtol=0)
    found = F.normalize(quick(images), dim=-1)  # no weights were overwritten
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_lower_precision_is_near(either_way: None, checkpoint: Checkpoint) -> None:
    pixels = torch.randint(0, 256, (4, SIZES.resolution, SIZES.resolution, 3), dtype=torch.uint8)
    rows = [
        NativeEncoder(checkpoint, device="cpu", precision=precision).encode_pixels(pixels.numpy())
        for precision in ("fp32", "bf16")
    ]
    assert (rows[0] * rows[1]).sum(axis=1).min() > 0.999
