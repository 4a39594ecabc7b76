"""Pixels: recorded sums of the official transform, and what holds for any size."""

from __future__ import annotations

import hashlib
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zsclip.clip import preprocess
from zsclip.clip.preprocess import normalize, resize_and_crop, to_pixels, words_of
from zsclip.clip.recipe import OPENAI_MEAN, OPENAI_STD, Preprocessing

TESTS = Path(__file__).parents[1]
REFERENCE = json.loads((TESTS / "data" / "reference-pixels.json").read_text("utf-8"))["pixels"]


# The formula of the pictures whose sums were recorded.
_picture: Callable[[int, int], Image.Image] = runpy.run_path(str(TESTS / "parity" / "record.py"))[
    "picture"
]


def test_pixels_are_those_recorded_of_the_official_code() -> None:
    assert len(REFERENCE) >= 48
    for row in REFERENCE:
        image = _picture(row["width"], row["height"])
        pixels = normalize(torch.from_numpy(to_pixels([image], row["resolution"])))
        assert pixels.dtype == torch.float32
        digest = hashlib.sha256(pixels[0].contiguous().numpy().tobytes()).hexdigest()
        assert digest == row["sha256"], row


@settings(max_examples=60)
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([7, 32, 64, 65]))
def test_any_size_becomes_a_square_without_a_border(
    width: int, height: int, resolution: int
) -> None:
    color = (width % 256, height % 256, 77)
    image = resize_and_crop(Image.new("RGB", (width, height), color), resolution)
    assert image.size == (resolution, resolution)
    assert image.getcolors() == [(resolution**2, color)]


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    image = _picture(64, 64)
    assert np.array_equal(to_pixels([image], 64)[0], np.asarray(image))


def test_the_middle_is_cropped() -> None:
    """Three squares beside each other, and three on top of each other: the second one is left."""
    for direction in ("beside", "on top"):
        image = Image.new("RGB", (96, 32) if direction == "beside" else (32, 96), "red")
        image.paste("blue", (32, 0, 64, 32) if direction == "beside" else (0, 32, 32, 64))
        assert resize_and_crop(image, 32).getcolors() == [(1024, (0, 0, 255))]


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("excess", [1, 2, 3, 4, 5, 6, 7])
def test_an_odd_rest_is_split_as_the_reference_does(excess: int, tall: bool) -> None:
    """Its rounding is Python's: halves go to the even number."""
    along = np.arange(32 + excess, dtype=np.uint8)
    pixels = np.broadcast_to(along[None, :, None], (32, 32 + excess, 3))
    image = Image.fromarray(np.ascontiguousarray(pixels.swapaxes(0, 1) if tall else pixels))
    first = np.asarray(resize_and_crop(image, 32))[0, 0, 0]
    assert first == {1: 0, 2: 1, 3: 2, 4: 2, 5: 2, 6: 3, 7: 4}[excess]


def test_scale_and_order_of_channels() -> None:
    pixels = np.array([[[[0, 128, 255]]]], np.uint8)
    values = normalize(torch.from_numpy(pixels))
    assert values.shape == (1, 3, 1, 1)
    assert values.is_contiguous()
    expected = (np.array([0, 128, 255]) / 255 - OPENAI_MEAN) / OPENAI_STD
    np.testing.assert_allclose(values.flatten().numpy(), expected, rtol=1e-6)
    assert pixels.tolist() == [[[[0, 128, 255]]]]  # what came in is not written to


def test_no_pictures_have_no_pixels() -> None:
    assert to_pixels([], 32).shape == (0, 32, 32, 3)


@pytest.mark.parametrize(
    "size", [(1, 60), (60, 1), (3, 200), (200, 3), (5, 31), (16, 500), (500, 16)]
)
def test_strips_that_are_cropped_first(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = to_pixels([_picture(*size)], 32).astype(int)
    monkeypatch.setattr(preprocess, "MOST_PIXELS", 0)
    near = to_pixels([_picture(*size)], 32).astype(int)
    assert np.abs(exact - near).max() <= 2


@pytest.mark.parametrize("size", [(1, 2_000_000), (2_000_000, 1)])
def test_a_strip_that_would_not_fit_in_memory(size: tuple[int, int]) -> None:
    """Resized whole it would have 400,000 million pixels."""
    image = Image.new("RGB", size, "red")
    image.putpixel((size[0] // 2, size[1] // 2), (0, 0, 255))
    pixels = to_pixels([image], 448)
    assert (pixels[0, 223:225, 223:225] == (0, 0, 255)).any()


SQUASH = Preprocessing(resize="squash")


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("size", [(64, 64), (90, 41), (41, 90), (3, 500), (64, 10)])
def test_squashing_resizes_both_sides_and_cuts_nothing(
    size: tuple[int, int], interpolation: Any
) -> None:
    how = Preprocessing(resize="squash", interpolation=interpolation)
    image, filter_ = _picture(*size), Image.Resampling[interpolation.upper()]
    found = resize_and_crop(image, 64, how)
    assert found.tobytes() == image.resize((64, 64), filter_).tobytes()
    assert to_pixels([image], 64, how)[0].tobytes() == found.tobytes()


def test_the_filter_is_the_models() -> None:
    image = _picture(200, 150)
    soft = resize_and_crop(image, 32, Preprocessing(interpolation="bilinear"))
    expected = image.resize((42, 32), Image.Resampling.BILINEAR).crop((5, 0, 37, 32))
    assert soft.tobytes() == expected.tobytes()
    assert soft.tobytes() != resize_and_crop(image, 32).tobytes()


@pytest.mark.parametrize("size", [(3, 5000), (5000, 3)])
def test_a_strip_is_squashed_in_little_memory(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = to_pixels([_picture(*size)], 32, SQUASH).astype(int)
    monkeypatch.setattr(preprocess, "MOST_PIXELS", 32 * 1000)
    made: list[int] = []
    resize = Image.Image.resize

    def counted(self: Image.Image, size: Any, *args: Any, **options: Any) -> Image.Image:
        made.append(size[0] * self.height)  # what Pillow holds between its two passes
        return resize(self, size, *args, **options)

    monkeypatch.setattr(Image.Image, "resize", counted)
    near = to_pixels([_picture(*size)], 32, SQUASH).astype(int)
    assert max(made) <= 32 * 1000
    assert np.abs(exact - near).max() <= 2


def test_a_models_own_mean_and_std() -> None:
    pixels = torch.from_numpy(_rows())
    how = Preprocessing((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
    found = normalize(pixels, how)[0, :, 0, 0]
    expected = (pixels[0, 0, 0].float() / 255 - torch.tensor(how.mean)) / torch.tensor(how.std)
    torch.testing.assert_close(found, expected)


def test_whatever_gives_other_numbers_has_other_words() -> None:
    ways = [
        Preprocessing(),
        SQUASH,
        Preprocessing(interpolation="bilinear"),
        Preprocessing((0.5, 0.5, 0.5)),
        Preprocessing(OPENAI_MEAN, (0.5, 0.5, 0.5)),
        Preprocessing((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bilinear", "squash"),
    ]
    assert words_of(ways[0]) == ""
    assert len({words_of(how) for how in ways}) == len(ways)


def _rows() -> Any:
    return np.random.default_rng(0).integers(0, 256, (1, 2, 2, 3)).astype(np.uint8)


def test_pictures_are_made_square_where_torch_is_not() -> None:
    lines = [
        "import sys",
        "sys.modules['torch'] = None",
        "from PIL import Image",
        "from zsclip.clip import resize_and_crop, to_pixels, words_of",
        "assert resize_and_crop(Image.new('RGB', (90, 70)), 32).size == (32, 32)",
        "assert to_pixels([Image.new('RGB', (90, 70))], 32).shape == (1, 32, 32, 3)",
    ]
    run = subprocess.run([sys.executable, "-c", "\n".join(lines)], check=False)
    assert run.returncode == 0
