"""The rows of docs/pictures.md about JPEGs that are decoded at a reduced size."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from zsclip.errors import ImageError, ParameterError
from zsclip.images import load_image

Encode = Callable[..., bytes]

KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "RGB": ("RGB", "JPEG", {}),
    "gray": ("L", "JPEG", {}),
    "CMYK": ("CMYK", "JPEG", {}),
    "progressive": ("RGB", "JPEG", {"progressive": True}),
    "without subsampling": ("RGB", "JPEG", {"subsampling": 0}),
    "MPO": ("RGB", "MPO", {"save_all": True}),
}


def smooth(width: int, height: int) -> Image.Image:
    """A picture without fine detail, of which a reduced one is an even copy."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    channels = [x, y, 0.5 + 0.4 * np.sin(5 * x + 3 * y)]
    return Image.fromarray((np.stack(channels, axis=2) * 255).astype(np.uint8))


@pytest.mark.parametrize("kind", KINDS)
def test_row_reduced(kind: str, encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    mode, format_, options = KINDS[kind]
    picture = smooth(800, 480)
    if format_ == "MPO":
        options = {**options, "append_images": [Image.new("RGB", (800, 480))]}
    data = encode(picture.convert(mode), format_, quality=95, **options)
    full = load_image(data)
    decoded = _sizes_decoded(monkeypatch)
    for min_side, scale in ((1, 8), (60, 8), (61, 4), (120, 4), (121, 2), (240, 2), (241, 1)):
        decoded.clear()
        reduced = load_image(data, min_side=min_side)
        assert reduced.mode == "RGB"
        assert reduced.size == (800 // scale, 480 // scale)
        assert decoded == [reduced.size]
        expected = np.asarray(full.resize(reduced.size, Image.Resampling.BOX), int)
        assert np.abs(np.asarray(reduced, int) - expected).mean() < 1


def _sizes_decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The sizes that Pillow decodes pictures to from here on."""
    sizes: list[tuple[int, int]] = []
    load = ImageFile.ImageFile.load

    def watched(self: ImageFile.ImageFile) -> Any:
        if self.tile:
            sizes.append(self.size)
        return load(self)

    monkeypatch.setattr(ImageFile.ImageFile, "load", watched)
    return sizes


@pytest.mark.parametrize("orientation", range(1, 9))
def test_row_reduced_upright(encode: Encode, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(smooth(403, 266), "JPEG", exif=exif, quality=95)
    full, reduced = load_image(data), load_image(data, min_side=100)
    size = (202, 133) if orientation < 5 else (133, 202)  # half, and what is left over as a pixel
    assert reduced.size == size
    assert "exif" not in reduced.info or reduced.getexif().get(0x0112, 1) == 1
    expected = np.asarray(full.resize(size, Image.Resampling.BOX), int)
    assert np.abs(np.asarray(reduced, int) - expected).mean() < 2


def test_row_reduced_others(encode: Encode) -> None:
    picture = smooth(320, 200)
    jpeg = encode(picture, "JPEG")
    with Image.open(io.BytesIO(jpeg)) as opened:
        assert load_image(opened, min_side=10).size == (320, 200)
        assert load_image(opened).tobytes() == load_image(jpeg).tobytes()
    for format_ in ("PNG", "WEBP", "TIFF", "JPEG2000", "GIF"):
        data = encode(picture, format_)
        assert load_image(data, min_side=10).tobytes() == load_image(data).tobytes()
    array = np.asarray(picture)
    assert load_image(array, min_side=10).tobytes() == picture.tobytes()
    assert load_image(jpeg, min_side=101).tobytes() == load_image(jpeg).tobytes()


def test_row_reduced_limits(encode: Encode) -> None:
    data = encode(smooth(800, 480), "JPEG")
    with pytest.raises(ImageError, match=r"800 x 480 pixels are more than `max_pixels`"):
        load_image(data, min_side=10, max_pixels=800 * 480 - 1)
    for kept in (len(data) // 2, len(data) - 200):
        with pytest.raises(ImageError, match="cut off"):
            load_image(data[:kept], min_side=10)
    for wrong in (0, -1, 2.5, True, "224"):
        with pytest.raises(ParameterError, match="`min_side` must be a positive integer, got"):
            load_image(data, min_side=wrong)  # type: ignore[arg-type]


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 60))
def test_no_more_is_taken_away_than_may_be(width: int, height: int, min_side: int) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (width, height)).save(stream, "JPEG")
    reduced = load_image(stream.getvalue(), min_side=min_side)
    enough = [scale for scale in (2, 4, 8) if min(width, height) // scale >= min_side]
    scale = max(enough, default=1)
    assert reduced.size == (-(-width // scale), -(-height // scale))
