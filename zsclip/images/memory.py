"""How much memory it takes to decode a picture, counted from its header.

A table that was measured: `tests/support/peaks.py` decodes a picture of each row in a process of
its own, and ``tests/images/test_memory.py`` holds that no row takes more than is counted here. All
numbers are bytes for each pixel.
"""

from __future__ import annotations

from typing import Any

from PIL import Image

from zsclip.images.deep import deep_layout
from zsclip.images.reading import Reading

__all__ = ["memory_of", "memory_of_jpeg"]

# What Pillow keeps a picture in, by its mode; all others take 4.
_KEPT = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}

# What making it RGB takes beside that: the result, what is made on the way, and turning it upright.
_CONVERTED = {"RGB": 4, "I;16": 8, "I;16L": 8, "I;16B": 8, "I;16N": 8, "I": 12, "F": 12}
_CONVERTED_WITH_ALPHA = {"RGBA": 8}
_CONVERTED_OTHERS = 8
_TRANSPARENT = 12  # beside it, with an alpha that has to be made first
_ALPHA = {"LA", "PA", "La", "RGBa", "RGBA"}
_DEEP = 22  # 16 bits of each color, of which the low ones are decoded apart

# What decoders take beside the picture itself, by format. Those that are written in Python, and
# those of plugins, are among the others.
_DECODER = {
    "AVIF": 8,
    "BMP": 8,
    "DIB": 8,
    "FITS": 64,
    "GIF": 0,
    "PNG": 0,
    "PPM": 28,
    "TGA": 0,
    "TIFF": 6,
    "WEBP": 12,
}
_DECODER_OTHERS = 12
_JPEG2000 = 6  # for each channel

# Those that read all of a file before they decode any of it, or have the system do so.
_WHOLE = {"AVIF", "HEIF", "JPEG2000", "TIFF", "WEBP"}

_COEFFICIENT = 2  # bytes, of which a JPEG in several scans keeps one for each sample

# TIFF 6.0, for the size of what is decoded at once.
_BITS, _SAMPLES, _ROWS, _TILE_WIDTH, _TILE_HEIGHT = 258, 277, 278, 322, 323


def memory_of(image: Image.Image, encoded: int, reading: Reading) -> int:
    """Bytes that it takes to decode a picture and make it RGB, at their peak.

    Args:
        image: It, opened and not loaded.
        encoded: How many bytes its file has.
        reading: How it is read.
    """
    pixels = image.width * image.height
    decoder = _DECODER.get(image.format or "", _DECODER_OTHERS)
    if image.format == "JPEG2000":
        decoder = _JPEG2000 * len(image.getbands())
    each = _KEPT.get(image.mode, 4) + decoder + _converted(image, reading)
    file = encoded if image.format in _WHOLE else 0
    return pixels * each + file + _strip(image)


def memory_of_jpeg(image: Image.Image, encoded: int, *, scale: int, in_scans: bool) -> int:
    """The same of a JPEG.

    Args:
        image: It, opened and not loaded.
        encoded: How many bytes its file has.
        scale: By how much it is made smaller as it is decoded.
        in_scans: Whether it comes in several scans; all coefficients are kept then.
    """
    pixels = image.width * image.height
    each = _KEPT.get(image.mode, 4) + _CONVERTED.get(image.mode, _CONVERTED_OTHERS)
    coefficients = _COEFFICIENT * len(image.getbands()) if in_scans else 0
    return encoded + pixels * coefficients + -(-pixels // scale**2) * each


def _converted(image: Image.Image, reading: Reading) -> int:
    if reading.scale != "full" and deep_layout(image):
        return _DEEP
    if image.mode in _ALPHA:
        return _CONVERTED_WITH_ALPHA.get(image.mode, _TRANSPARENT)
    if "transparency" in image.info:
        return _TRANSPARENT
    return _CONVERTED.get(image.mode, _CONVERTED_OTHERS)


def _strip(image: Image.Image) -> int:
    """Bytes of the strip or the tile of a TIFF file, which may be larger than the picture is."""
    tags: Any = getattr(image, "tag_v2", None)
    if not tags:
        return 0
    samples = _number(tags, _SAMPLES, 1)
    bits = samples * max(8, _number(tags, _BITS, 8))
    if _TILE_WIDTH in tags:
        pixels = _number(tags, _TILE_WIDTH, 1) * _number(tags, _TILE_HEIGHT, 1)
    else:
        pixels = image.width * min(_number(tags, _ROWS, image.height), image.height)
    return pixels * bits // 8


def _number(tags: Any, tag: int, default: int) -> int:
    value = tags.get(tag, default)
    value = value[0] if isinstance(value, tuple) and value else value
    return int(value) if isinstance(value, int) and value > 0 else default
