"""Towers that PyTorch traces: those of engines that have others than CLIP's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from zsclip import ZeroShotClassifier
from zsclip.encoders.towers import PlainTower
from zsclip.errors import ExportError
from zsclip.testing import FakeEncoder

SIDE, WIDTH = 16, 8


class Tower(nn.Module):
    """A tower with a batch norm, and with a step that asks how many pictures there are."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 4, stride=4)
        self.norm = nn.BatchNorm2d(12)
        self.proj = nn.Linear(12, WIDTH)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.conv(images)))
        x = x.reshape(x.shape[0], 12, -1).mean(-1)
        return self.proj(x)  # type: ignore[no-any-return]


class Engine(FakeEncoder):
    """An engine from outside that gives its tower."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__(embedding_dim=WIDTH, input_resolution=SIDE)
        self.tower = tower

    def plain_tower(self) -> PlainTower:
        return PlainTower(self.tower, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4), None)


@pytest.fixture
def pixels() -> Iterator[Any]:
    numbers = np.random.default_rng(0)
    return iter([numbers.integers(0, 256, (n, SIDE, SIDE, 3), dtype=np.uint8) for n in (3, 1)])


def test_what_is_traced_gives_what_the_tower_gives(tmp_path: Path, pixels: Iterator[Any]) -> None:
    torch.manual_seed(0)
    tower = Tower().eval().requires_grad_(False)
    tower.norm.running_mean = torch.randn(12) * 0.2
    clf = ZeroShotClassifier(["cat", "dog"], encoder=Engine(tower), cache=False)
    file = tmp_path / "a.onnx"
    clf.export(file)
    onnx.checker.check_model(str(file), full_check=True)
    for place in (Path.home(), Path(__file__).parents[2]):
        assert str(place).encode() not in file.read_bytes()
    session = onnxruntime.InferenceSession(str(file))
    mean, std = (np.reshape(x, (3, 1, 1)) for x in ((0.5, 0.4, 0.3), (0.2, 0.3, 0.4)))
    for batch in pixels:
        images = (batch.transpose(0, 3, 1, 2).astype(np.float32) / 255 - mean) / std
        due = nn.functional.normalize(tower(torch.from_numpy(images.astype(np.float32)))).numpy()
        scores, embeddings = session.run(["scores", "embeddings"], {"pixels": batch})
        assert np.abs(embeddings - due).max() < 1e-5
        assert np.abs(scores - clf.score_embeddings(due)).max() < 1e-4
    with pytest.raises(ExportError, match="for CLIP's two ways to make pictures square"):
        clf.export(tmp_path / "b.onnx", with_resize=True)


def test_what_cannot_be_traced_is_told(tmp_path: Path) -> None:
    class Choosing(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images[:, 0, 0, :WIDTH] if float(images.sum()) > 0 else images[:, 1, 0, :WIDTH]

    clf = ZeroShotClassifier(["cat", "dog"], encoder=Engine(Choosing()), cache=False)
    with pytest.raises(ExportError, match="PyTorch cannot trace the image tower of 'fake'"):
        clf.export(tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())
