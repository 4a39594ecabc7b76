"""Towers for CUDA: their channels lie last, which changes no embedding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from zsclip.clip.fused import lay_out
from zsclip.clip.model import CLIPConfig
from zsclip.weights.checkpoints import Checkpoint

State = dict[str, torch.Tensor]


@pytest.mark.parametrize(("device", "last"), [("cuda", True), ("mps", False), ("xpu", False)])
def test_channels_lie_last_on_cuda(device: str, last: bool) -> None:
    asked: list[Any] = []

    class Tower(nn.Conv2d):
        def to(self, *args: Any, **kwargs: Any) -> Tower:
            asked.append((args, kwargs))
            return self

    lay_out(Tower(3, 4, 2), torch.device(device), torch.float32)
    assert asked[0] == ((torch.device(device), torch.float32), {})
    assert asked[1:] == [((), {"memory_format": torch.channels_last})] * last


@pytest.mark.parametrize(
    "config",
    [
        CLIPConfig(32, 64, (1, 2, 1, 1), 16, None, 77, 49_408, 64, 2),
        CLIPConfig(32, 64, 2, 128, 16, 77, 49_408, 64, 2),
    ],
    ids=["ResNet", "ViT"],
)
def test_where_channels_lie_changes_no_embedding(
    config: CLIPConfig,
    make_state: Callable[[CLIPConfig], State],
    checkpoint_of: Callable[[State], Checkpoint],
) -> None:
    tower: Any = checkpoint_of(make_state(config)).load_image_tower().float()
    images = torch.randn(3, 3, 64, 64)
    with torch.inference_mode():
        expected = tower(images)
        found = tower.to(memory_format=torch.channels_last)(images)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
