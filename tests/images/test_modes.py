"""The rows of docs/pictures.md about pixels: what every mode becomes."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zsclip.errors import ImageError
from zsclip.images import Reading, load_image

Encode = Callable[..., bytes]


RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def row(source: Any, **options: Any) -> list[tuple[int, ...]]:
    """The pixels of the picture's first row; that it is RGB is checked by the way."""
    image = load_image(source, reading=Reading(**options))
    assert image.mode == "RGB"
    return [tuple(pixel) for pixel in np.asarray(image)[0].tolist()]


def grays(source: Any) -> list[int]:
    pixels = row(source)
    assert all(red == green == blue for red, green, blue in pixels)
    return [red for red, _, _ in pixels]


def test_row_gray_8bit(encode: Encode) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    assert grays(encode(Image.fromarray(ramp))) == list(range(256))


def test_row_gray_1bit(encode: Encode, write_png: Encode) -> None:
    assert grays(Image.fromarray(np.array([[True, False]]))) == [255, 0]
    assert grays(write_png(8, 1, 0, [b"\xb0"])) == [255, 0, 255, 255, 0, 0, 0, 0]


def test_row_gray_2_4bit(write_png: Encode) -> None:
    assert grays(write_png(4, 2, 0, [b"\x1b"])) == [0, 85, 170, 255]
    assert grays(write_png(4, 4, 0, [b"\x01\xef"])) == [0, 17, 238, 255]


def test_row_gray_16bit(write_png: Encode, write_tiff: Encode) -> None:
    ramp = np.arange(0, 65536, 97)
    exact = ramp / 257
    files = [
        write_png(len(ramp), 16, 0, [ramp.astype(">u2").tobytes()]),
        write_tiff(len(ramp), 1, 16, ramp.astype("<u2").tobytes()),
        write_tiff(len(ramp), 1, 16, ramp.astype(">u2").tobytes(), order=">"),
        b"P5 %d 1 65535\n" % len(ramp) + ramp.astype(">u2").tobytes(),
    ]
    for file in files:
        assert np.abs(grays(file) - exact).max() <= 0.5


def test_a_picture_that_uses_a_sliver_of_its_range_is_not_read_as_black_in_silence(
    write_png: Encode,
) -> None:
    dark = np.arange(291, 695)
    for channels in (1, 3):
        rows = [dark.repeat(channels).astype(">u2").tobytes()]
        with pytest.raises(ImageError, match="291 to 694"):  # warnings are errors in these tests
            load_image(write_png(len(dark), 16, channels - 1, rows))
    with pytest.raises(ImageError, match="291 to 694"):
        load_image(dark[None].astype(np.uint16))


def test_the_depth_that_a_file_declares_is_its_range(write_png: Encode, write_tiff: Encode) -> None:
    ramp = np.arange(0, 4096, 7)
    files = [
        write_png(len(ramp), 16, 0, [ramp.astype(">u2").tobytes()], sBIT=b"\x0c"),
        write_tiff(len(ramp), 1, 16, ramp.astype("<u2").tobytes(), more={281: 4095}),
    ]
    for file in files:
        assert np.abs(np.array(grays(file)) - ramp / 4095 * 255).max() <= 0.5


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N"])
def test_row_gray_16bit_modes(mode: str) -> None:
    image = Image.new(mode, (3, 1))
    for x, value in enumerate((0, 32896, 65535)):
        image.putpixel((x, 0), value)
    assert grays(image) == [0, 128, 255]


def test_row_gray_12bit(write_tiff: Encode) -> None:
    # Two values of 12 bits in each three bytes: 0, 4095, 2048, 1024.
    file = write_tiff(4, 1, 12, bytes.fromhex("000fff800400"))
    assert grays(file) == [0, 255, 128, 64]  # 2048 / 4095 * 255 = 127.53, 1024: 63.77


def test_row_gray_32bit(write_tiff: Encode) -> None:
    unsigned = struct.pack("<4I", 0, 2**31, 2**32 - 1, 2**24)
    assert grays(write_tiff(4, 1, 32, unsigned)) == [0, 128, 255, 1]
    signed = struct.pack("<3i", 0, 2**30, 2**31 - 1)
    assert grays(write_tiff(3, 1, 32, signed, sample_format=2)) == [0, 128, 255]
    signed = struct.pack("<3h", 0, 2**14, 2**15 - 1)
    assert grays(write_tiff(3, 1, 16, signed, sample_format=2)) == [0, 128, 255]


def test_row_gray_negative(write_tiff: Encode) -> None:
    with pytest.raises(ImageError, match=r"values go from -5 to 7, and 0 to 32767 is the range"):
        load_image(write_tiff(2, 1, 16, struct.pack("<2h", -5, 7), sample_format=2))


def test_row_mode_i() -> None:
    image = Image.fromarray(np.array([[0, 257, 65535]], np.int32))
    assert image.mode == "I"
    assert grays(image) == [0, 1, 255]
    with pytest.raises(ImageError, match=r"values go from 0 to 65536, and 0 to 65535 is"):
        load_image(Image.fromarray(np.array([[0, 65536]], np.int32)))


def test_row_white_is_zero(encode: Encode, write_tiff: Encode) -> None:
    wide = write_tiff(2, 1, 16, struct.pack("<2H", 0, 257 * 100), photometric=0)
    assert grays(wide) == [255, 155]
    narrow = write_tiff(2, 1, 8, bytes([0, 100]), photometric=0)
    assert grays(narrow) == [255, 155]


def test_row_float(encode: Encode, write_tiff: Encode) -> None:
    values = np.array([[0, 0.25, 0.5, 1]], np.float32)
    expected = [0, 64, 128, 255]  # 63.75 and 127.5, half to even
    assert grays(Image.fromarray(values)) == expected
    assert grays(encode(Image.fromarray(values), "TIFF")) == expected
    white_is_zero = write_tiff(
        4, 1, 32, values.astype("<f4").tobytes(), sample_format=3, photometric=0
    )
    assert grays(white_is_zero) == [255, 191, 127, 0]


def test_row_float_outside() -> None:
    with pytest.raises(ImageError, match=r"floats must lie in \[0, 1\], and they go from 0 to 255"):
        load_image(Image.fromarray(np.array([[0, 255]], np.float32)))
    with pytest.raises(ImageError, match="NaN or infinite"):
        load_image(Image.fromarray(np.array([[0, np.nan]], np.float32)))


def test_row_rgb_16bit(write_png: Encode) -> None:
    ramp = np.arange(0, 65536, 97)
    channels = np.stack([ramp, ramp[::-1], np.full_like(ramp, 1000)], axis=-1)
    got = row(write_png(len(ramp), 16, 2, [channels.astype(">u2").tobytes()]))
    assert np.abs(np.array(got) - channels / 257).max() < 1


def test_row_palette(encode: Encode) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    assert row(encode(image)) == [(10, 20, 30), (200, 100, 50)]


def test_row_palette_transparency(encode: Encode, write_png: Encode) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    for format_ in ("PNG", "GIF"):
        assert row(encode(image, format_, transparency=1)) == [(10, 20, 30), WHITE]
    partly = write_png(2, 8, 3, [b"\0\1"], PLTE=bytes([0, 0, 0, 200, 100, 50]), tRNS=b"\0\x80")
    # 0x80 of 255 is 0.502: 200 x 0.502 + 255 x 0.498 = 227.4, and so on.
    assert row(partly) == [WHITE, (227, 177, 152)]


def test_row_alpha(encode: Encode) -> None:
    image = Image.new("RGBA", (3, 1), (200, 100, 50, 255))
    image.putpixel((1, 0), (200, 100, 50, 51))  # a fifth
    image.putpixel((2, 0), (0, 0, 0, 0))
    expected = [(200, 100, 50), (244, 224, 214), WHITE]
    assert row(image) == expected
    assert row(encode(image)) == expected
    assert row(encode(image, "WEBP", lossless=True, exact=True)) == expected


def test_row_gray_alpha(encode: Encode, write_png: Encode) -> None:
    image = Image.new("LA", (2, 1), (100, 255))
    image.putpixel((1, 0), (100, 51))
    assert grays(encode(image)) == [100, 224]
    assert grays(write_png(2, 16, 4, [struct.pack(">4H", 25700, 65535, 0, 0)])) == [100, 255]


def test_row_premultiplied() -> None:
    image = Image.new("RGBA", (1, 1), (200, 100, 50, 51))
    got = row(image.convert("RGBa"))[0]  # stores 40, 20, 10: 200, 100, 50 again
    assert got == (244, 224, 214)
    assert row(Image.new("LA", (1, 1), (100, 51)).convert("La")) == [(224, 224, 224)]


def test_row_color_key(write_png: Encode) -> None:
    def over_red(*args: Any, key: tuple[int, ...]) -> list[tuple[int, ...]]:
        chunk = struct.pack(f">{len(key)}H", *key)
        return row(write_png(*args, tRNS=chunk), background="red")

    black, dark, light = (0, 0, 0), (85, 85, 85), (170, 170, 170)
    assert over_red(2, 1, 0, [b"\x40"], key=(1,)) == [black, RED]
    assert over_red(2, 1, 0, [b"\x40"], key=(0,)) == [RED, WHITE]
    assert over_red(4, 2, 0, [b"\x1b"], key=(3,)) == [black, dark, light, RED]
    assert over_red(2, 4, 0, [b"\x1f"], key=(1,)) == [RED, WHITE]
    assert over_red(2, 8, 0, [b"\x07\x08"], key=(7,)) == [RED, (8, 8, 8)]
    assert over_red(2, 16, 0, [struct.pack(">2H", 1000, 65535)], key=(1000,)) == [RED, WHITE]
    assert over_red(2, 8, 2, [bytes([1, 2, 3, 4, 5, 6])], key=(1, 2, 3)) == [RED, (4, 5, 6)]
    wide = [struct.pack(">6H", 1000, 2000, 3000, 65535, 0, 0)]
    assert over_red(2, 16, 2, wide, key=(1000, 2000, 3000)) == [RED, RED]
    assert over_red(2, 16, 2, wide, key=(65535, 0, 0)) == [(3, 7, 11), RED]
    # Opened by the caller, who may not have loaded it yet.
    with Image.open(io.BytesIO(write_png(4, 2, 0, [b"\x1b"], tRNS=b"\0\3"))) as image:
        assert row(image, background="red") == [black, dark, light, RED]


def test_row_background() -> None:
    clear = Image.new("RGBA", (1, 1), (0, 0, 0, 0))
    assert row(clear, background="lime") == [GREEN]
    assert row(clear, background="#0f0") == [GREEN]
    assert row(clear, background="#00ff00ff") == [GREEN]
    assert row(clear, background=(0, 255, 0)) == [GREEN]
    half = Image.new("RGBA", (1, 1), (255, 255, 255, 51))
    assert row(half, background="black") == [(51, 51, 51)]


def test_row_cmyk(encode: Encode) -> None:
    image = Image.new("CMYK", (3, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 55))
    image.putpixel((2, 0), (0, 0, 0, 255))
    expected = [(0, 255, 255), (200, 200, 200), (0, 0, 0)]
    assert row(image) == expected
    assert row(encode(image, "TIFF")) == expected


def test_row_cmyk_adobe(encode: Encode) -> None:
    file = encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100)
    assert b"Adobe" in file[:200]  # the marker by which the stored numbers are inverted
    assert np.abs(np.array(row(file)) - RED).max() <= 2


def test_row_other_modes() -> None:
    assert row(Image.new("RGBX", (1, 1), (1, 2, 3, 4))) == [(1, 2, 3)]
    assert row(Image.new("HSV", (1, 1), (85, 255, 255))) == [GREEN]
    # BT.601, full range: red is Y 76, Cb 85, Cr 255.
    assert np.abs(np.array(row(Image.new("YCbCr", (1, 1), (76, 85, 255)))) - RED).max() <= 1
    # L* = 50.2 without color is 119 in sRGB.
    assert np.abs(np.array(row(Image.new("LAB", (1, 1), (128, 128, 128)))) - 119).max() <= 1
    palette_alpha = Image.new("P", (1, 1))
    palette_alpha.putpalette([200, 100, 50])
    palette_alpha.info["transparency"] = b"\x33"
    assert row(palette_alpha.convert("PA")) == [(244, 224, 214)]
