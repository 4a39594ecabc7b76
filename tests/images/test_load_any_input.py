"""Whatever comes in: a right picture or an `ImageError`, and nothing else."""

from __future__ import annotations

import base64
import functools
import io
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from zsclip.errors import ImageError
from zsclip.images import Reading, load_image

FORMATS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PNG", "RGB", {}),
    ("PNG", "P", {}),
    ("PNG", "RGBA", {}),
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {"progressive": True}),
    ("JPEG", "CMYK", {}),
    ("GIF", "P", {}),
    ("BMP", "RGB", {}),
    ("TIFF", "RGB", {}),
    ("TIFF", "L", {"compression": "tiff_lzw"}),
    ("TIFF", "F", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("JPEG2000", "RGB", {}),
    ("PPM", "RGB", {}),
    ("TGA", "RGB", {}),
    ("ICO", "RGBA", {"sizes": [(16, 16)]}),
    ("PCX", "RGB", {}),
    ("SGI", "RGB", {}),
    ("MSP", "1", {}),
    ("XBM", "1", {}),
)


@functools.cache
def sample(number: int) -> bytes:
    """A file in one of the formats."""
    format_, mode, options = FORMATS[number]
    pixels = np.random.default_rng(4).integers(0, 256, (24, 24, 3), np.uint8)
    if mode == "F":
        image = Image.fromarray(pixels[:, :, 0].astype(np.float32) / 255)
    else:
        image = Image.fromarray(pixels).convert(mode)
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def read(data: bytes, min_side: int | None = None) -> Image.Image | None:
    try:
        image = load_image(data, reading=Reading(max_pixels=1_000_000), min_side=min_side)
    except ImageError as error:
        reason = error.reason
    else:
        assert image.mode == "RGB"
        assert image.width * image.height > 0
        return image
    assert reason.endswith(".")
    return None


files = st.integers(0, len(FORMATS) - 1).map(sample)


@given(files, st.floats(0, 1))
@settings(deadline=None, max_examples=150, derandomize=True)
def test_a_file_cut_off_is_an_error_or_whole(file: bytes, share: float) -> None:
    part = file[: int(len(file) * share)]
    image = read(part)
    if image is not None:  # nothing but the trailer was missing
        assert image.tobytes() == load_image(file).tobytes()


@given(files, st.data())
@settings(deadline=None, max_examples=150, derandomize=True)
def test_a_file_with_wrong_bytes(file: bytes, data: st.DataObject) -> None:
    damaged = bytearray(file)
    for _ in range(data.draw(st.integers(1, 8))):
        # More often in the first bytes, where sizes, modes and offsets stand.
        top = data.draw(st.sampled_from([40, 400, len(file)]))
        place = data.draw(st.integers(0, min(top, len(file)) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    read(bytes(damaged))
    read(bytes(damaged), min_side=3)


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_random_bytes(data: bytes) -> None:
    read(data)
    read(b"\x89PNG\r\n\x1a\n" + data)


@given(st.text(max_size=100))
@example("data:")
@example("data:;base64,")
@example("http://[")
def test_random_text(text: str) -> None:
    for source in (text, f"data:{text}", f"data:;base64,{text}"):
        if not source.lower().startswith("http"):
            with pytest.raises(ImageError):
                load_image(source + "\0")


@given(st.binary(max_size=300))
def test_data_uri_is_the_same_as_its_bytes(data: bytes) -> None:
    with pytest.raises(ImageError) as plain:
        load_image(data + b"\0")
    with pytest.raises(ImageError) as encoded:
        load_image("data:;base64," + base64.b64encode(data + b"\0").decode())
    assert encoded.value.reason == plain.value.reason


dtypes = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.byte_string_dtypes(max_len=3),
    hnp.datetime64_dtypes(),
)


@given(hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)))
@settings(deadline=None)
def test_any_array(array: Any) -> None:
    try:
        image = load_image(array)
    except ImageError:
        return
    assert image.mode == "RGB"
    assert image.size == (array.shape[1], array.shape[0])


shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6).flatmap(
    lambda size: st.sampled_from([size, (*size, 1), (*size, 3)])
)


@given(hnp.arrays(np.uint8, shapes))
@settings(deadline=None)
def test_bytes_come_through_every_type(pixels: Any) -> None:
    plain = np.asarray(load_image(pixels))
    expected = pixels if pixels.ndim == 3 else pixels[:, :, None]
    assert np.array_equal(plain, np.broadcast_to(expected, plain.shape))
    for other in (
        pixels.astype(np.uint16) * 257,
        (pixels / 255).astype(np.float16),
        (pixels / 255).astype(np.float32),
        pixels / 255,
    ):
        assert np.array_equal(np.asarray(load_image(other)), plain)
        tensor = torch.from_numpy(other)
        if tensor.ndim == 3:
            tensor = tensor.permute(2, 0, 1)
        assert np.array_equal(np.asarray(load_image(tensor)), plain)


@given(hnp.arrays(np.uint16, shapes))
@settings(deadline=None)
def test_16_bits_are_rounded(values: Any) -> None:
    got = np.asarray(load_image(values, reading=Reading(levels="full")), float)
    expected = values if values.ndim == 3 else values[:, :, None]
    assert np.abs(got - expected / 257).max() <= 0.5


@given(st.integers(1, 2**32 - 1), st.data())
@settings(deadline=None)
def test_whole_numbers_are_scaled_by_their_range(top: int, data: st.DataObject) -> None:
    from zsclip.images.levels import integers_to_bytes

    value = data.draw(st.integers(0, top))
    [got] = integers_to_bytes(np.array([value]), top).tolist()
    assert abs(2 * (got * top - value * 255)) <= top
