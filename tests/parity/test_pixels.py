"""Pixels against the official transform, bit for bit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zsclip.clip.preprocess import normalize, to_pixels
from zsclip.weights.models import MODELS

RESOLUTIONS = sorted({spec.resolution for spec in MODELS})

SIDES = (1, 2, 3, 7, 63, 64, 65, 100, 223, 224, 225, 449)
SIZES = [
    *itertools.product(SIDES, SIDES),
    *[(288, 336), (335, 384), (448, 448), (336, 289), (383, 1), (1, 447)],
    *[(640, 480), (481, 640), (1023, 768), (1000, 667), (1080, 1920), (1917, 1079)],
    *[(4000, 3000), (3000, 4000), (3999, 2999), (2048, 31), (31, 2048)],
    *[(1, 500), (500, 1), (3000, 2), (2, 3000), (999, 3), (3, 1001)],
]
MOST = 60_000_000  # pixels of a resized picture; 3000x2 becomes 336000x224


def _resized(size: tuple[int, int], resolution: int) -> int:
    return resolution * resolution * max(size) // min(size)


def test_there_are_enough_sizes() -> None:
    assert len(set(SIZES)) > 100
    assert RESOLUTIONS[0] == 64
    assert RESOLUTIONS[-1] == 448


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_pixels_are_equal(resolution: int, preprocess: Callable[[int], Any]) -> None:
    transform = preprocess(resolution)
    random = np.random.default_rng(resolution)
    seen = 0
    for size in SIZES:
        # The largest once only, at the resolution of most models.
        if _resized(size, resolution) > MOST or (max(size) > 3000 and resolution != 224):
            continue
        image = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), np.uint8))
        ours = normalize(torch.from_numpy(to_pixels([image], resolution)))[0].numpy()
        theirs = transform(image).numpy()
        assert ours.dtype == theirs.dtype == np.float32
        assert np.array_equal(ours, theirs), f"{size} at {resolution}"
        seen += 1
    assert seen > 100


def test_the_longest_strip(preprocess: Callable[[int], Any]) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (2, 3000, 3), np.uint8))
    ours = normalize(torch.from_numpy(to_pixels([image], 224)))[0].numpy()
    assert np.array_equal(ours, preprocess(224)(image).numpy())


def test_a_batch_is_its_pictures(
    preprocess: Callable[[int], Any], pictures: list[Image.Image]
) -> None:
    ours = normalize(torch.from_numpy(to_pixels(pictures, 336))).numpy()
    theirs = torch.stack([preprocess(336)(picture) for picture in pictures]).numpy()
    assert np.array_equal(ours, theirs)
