"""Pictures with a photograph's statistics, the same ones every time."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

CANVAS = (5200, 4000)
LARGE = (4000, 3000)
SMALL = (450, 350)
QUALITY = 90


def make_large(folder: Path, count: int) -> list[Path]:
    """JPEGs of 12 megapixels, about 4 MB each."""
    return [_make(folder / f"{i:04}.jpg", i, LARGE, LARGE) for i in range(count)]


def make_small(folder: Path, count: int) -> list[Path]:
    """Pictures of 450 x 350, JPEG and PNG in turn."""
    area = (3 * SMALL[0], 3 * SMALL[1])
    endings = ("jpg", "png")
    return [_make(folder / f"{i:04}.{endings[i % 2]}", 1000 + i, area, SMALL) for i in range(count)]


def _make(path: Path, seed: int, area: tuple[int, int], size: tuple[int, int]) -> Path:
    """A piece of the canvas, mirrored or not, lighter or darker, with a sensor's noise."""
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    left, top = (int(random.integers(0, c - a + 1)) for c, a in zip(CANVAS, area, strict=True))
    piece = canvas()[top : top + area[1], left : left + area[0]]
    piece = piece[:, :: -1 if seed % 2 else 1]
    picture = Image.fromarray(np.ascontiguousarray(piece)).resize(size, Image.Resampling.BICUBIC)
    values = np.asarray(picture, np.int16) + _noise(random, size)
    values += np.int16(random.integers(-30, 31))
    Image.fromarray(values.clip(0, 255).astype(np.uint8)).save(path, quality=QUALITY)
    return path


def _noise(random: np.random.Generator, size: tuple[int, int]) -> NDArray[np.int16]:
    return np.rint(random.standard_normal((size[1], size[0], 3), np.float32) * 7).astype(np.int16)


@functools.cache
def canvas() -> NDArray[np.uint8]:
    """Smooth noise on every scale, weaker the finer it is, under shapes with sharp edges.

    Returns:
        uint8 (height, width, 3).
    """
    random = np.random.default_rng(12)
    light = _smooth_noise(random, octaves=10)
    colours = [_smooth_noise(random, octaves=6) for _ in range(2)]  # smoother than light
    values = 120 + np.stack([light * 1.4, *(light * 1.4 + c * 0.5 for c in colours)], axis=-1)
    picture = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    shapes = picture.copy()
    draw = ImageDraw.Draw(shapes)
    for _ in range(160):
        x, y = (int(random.integers(0, side)) for side in CANVAS)
        radius = int(random.integers(30, 500))
        colour = tuple(int(value) for value in random.integers(20, 236, 3))
        corners = [
            (int(x + random.normal(0, radius)), int(y + random.normal(0, radius)))
            for _ in range(int(random.integers(3, 8)))
        ]
        draw.polygon(corners, fill=colour)
    shapes = shapes.filter(ImageFilter.GaussianBlur(1))  # a lens
    return np.asarray(Image.blend(picture, shapes, 0.5))


def _smooth_noise(random: np.random.Generator, octaves: int) -> NDArray[np.float32]:
    """Noise on grids of 4, 8, 16, ... cells across, the finer the weaker; in the canvas's size."""
    total = Image.fromarray(np.zeros((3, 4), np.float32))
    for octave in range(2, octaves + 2):
        size = (2**octave, 2**octave * 3 // 4)
        grid = random.standard_normal((size[1], size[0]), np.float32) * (80 / 1.55**octave)
        total = total.resize(size, Image.Resampling.BICUBIC)
        total = Image.fromarray(np.asarray(total) + grid.astype(np.float32))
    return np.asarray(total.resize(CANVAS, Image.Resampling.BICUBIC))
