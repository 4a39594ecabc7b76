"""Pixels: recorded sums of the official transform, and what holds for any size."""

from __future__ import annotations

import hashlib
import json
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zsclip.clip import preprocess
from zsclip.clip.preprocess import normalize, resize_and_crop, to_pixels
from zsclip.clip.recipe import OPENAI_MEAN, OPENAI_STD

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
