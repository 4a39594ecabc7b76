"""The rows of docs/pictures.md about arrays and tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pixels import PIXELS, same

from zsclip.errors import ImageError
from zsclip.images import Reading, load_image


def test_row_array_uint8() -> None:
    assert same(PIXELS)
    assert same(PIXELS[:, ::-1][:, ::-1])
    assert same(np.asfortranarray(PIXELS))
    own = PIXELS.copy()
    image = load_image(own)
    own[:] = 0
    assert np.array_equal(np.asarray(image), PIXELS)


def test_row_array_uint16() -> None:
    values = PIXELS.astype(np.uint16) * 257
    assert same(values)
    assert same(values.astype(">u2"))
    edges = np.array([[0, 128, 129, 65406, 65407, 65535]], np.uint16)  # 0.498, 0.502, ...
    assert np.asarray(load_image(edges))[0, :, 0].tolist() == [0, 0, 1, 254, 255, 255]


def test_row_array_bool() -> None:
    mask = np.array([[True, False, True]])
    assert np.asarray(load_image(mask))[0].tolist() == [[255] * 3, [0] * 3, [255] * 3]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", ">f4"])
def test_row_array_float(dtype: str) -> None:
    assert same((PIXELS / 255).astype(dtype))
    edges = np.array([[-0.0019, 1.0019]])  # within half a step of 8 bits
    assert np.asarray(load_image(edges))[0, :, 0].tolist() == [0, 255]


def test_row_array_channels() -> None:
    gray, alpha = PIXELS[:, :, 0], np.full((5, 7, 1), 51, np.uint8)
    for array in (gray, gray[:, :, None]):
        assert np.array_equal(np.asarray(load_image(array)), np.stack([gray] * 3, axis=-1))
    blend = np.rint(PIXELS * 0.2 + 255 * 0.8)
    rgba = np.asarray(load_image(np.concatenate([PIXELS, alpha], axis=2)), int)
    assert np.abs(rgba - blend).max() <= 1
    gray_alpha = np.asarray(load_image(np.concatenate([gray[:, :, None], alpha], axis=2)), int)
    assert np.abs(gray_alpha - blend[:, :, :1]).max() <= 1


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((3, 8, 9), r"got \(3, 8, 9\)\. If its channels come first, pass numpy\.moveaxis"),
        ((8, 9, 5), r"with 1, 2, 3 or 4 channels, got \(8, 9, 5\)\.$"),
        ((2, 8, 9, 3), "looks like a batch: pass its pictures one by one"),
        ((9,), r"the shape must be \(height, width\)"),
        ((), "the shape must be"),
        ((0, 4), "it has no pixels"),
        ((4, 0, 3), "it has no pixels"),
    ],
)
def test_row_array_shape(shape: tuple[int, ...], advice: str) -> None:
    with pytest.raises(ImageError, match=advice):
        load_image(np.zeros(shape, np.uint8))


def test_row_array_masked() -> None:
    masked = np.ma.masked_array(PIXELS, mask=PIXELS > 250)
    with pytest.raises(ImageError, match=r"some of its values are masked.*array\.filled\(\.\.\.\)"):
        load_image(masked)
    gray = np.ma.masked_array(np.full((2, 2), 0.5), mask=[[True, False], [False, False]])
    with pytest.raises(ImageError, match="masked"):
        load_image(gray)
    assert same(np.ma.masked_array(PIXELS))
    assert same(np.ma.masked_array(PIXELS, mask=np.zeros_like(PIXELS)))
    assert same(masked.data)
    assert np.asarray(load_image(masked.filled(0))).max() <= 250


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint32", "uint64"])
def test_row_array_other_dtype(dtype: str) -> None:
    with pytest.raises(ImageError, match=rf"got {dtype}\. If .* pass array\.astype\('uint8'\)"):
        load_image(np.zeros((4, 4), dtype))
    for other in (np.zeros((4, 4), complex), np.full((4, 4), "x"), np.full((4, 4), None)):
        with pytest.raises(ImageError, match="the dtype must be uint8, uint16, bool, or float"):
            load_image(other)


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ([0.0, 255.0], "they go from 0 to 255. Divide them by the largest"),
        ([-2.1, 2.6], "they go from -2.1 to 2.6. Pass the picture as it was before it was norm"),
        ([0.0, 1.003], "must lie in"),
        ([0.0, np.nan], "NaN or infinite"),
        ([0.0, np.inf], "NaN or infinite"),
        ([0.0, 3e38], "must lie in"),
    ],
)
def test_row_array_range(values: list[float], advice: str) -> None:
    with pytest.raises(ImageError, match=advice):
        load_image(np.array([values], np.float32))


def test_row_tensor() -> None:
    chw = torch.from_numpy(PIXELS).permute(2, 0, 1)
    assert same(chw)
    assert same(chw.contiguous())
    assert same((chw / 255).requires_grad_())
    assert same(torch.nn.Parameter(chw.double() / 255))
    assert same(chw.to(torch.uint16) * 257)
    gray = torch.tensor([[0.0, 0.5, 1.0]])
    for tensor in (gray, gray[None], gray.half(), gray.bfloat16()):
        assert np.asarray(load_image(tensor))[0, :, 0].tolist() == [0, 128, 255]
    clear = torch.zeros(4, 2, 3)
    assert load_image(clear, reading=Reading(background="red")).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("tensor", "advice"),
    [
        (torch.zeros(8, 9, 3), r"If its channels come last, pass tensor\.permute\(2, 0, 1\)"),
        (torch.zeros(1, 3, 8, 9), "looks like a batch"),
        (torch.zeros(5, 8, 9), r"\(channels, height, width\).*got \(5, 8, 9\)"),
        (torch.zeros(3, 0, 9), "no pixels"),
        (torch.zeros(8, 9, dtype=torch.int64), "got int64"),
        (torch.full((8, 9), 2.0), "must lie in"),
        (torch.zeros(8, 9, device="meta"), "cannot become an array"),
        (torch.eye(8).to_sparse(), "cannot become an array"),
    ],
)
def test_row_tensor_refused(tensor: torch.Tensor, advice: str) -> None:
    with pytest.raises(ImageError, match=advice):
        load_image(tensor)
