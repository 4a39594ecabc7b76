"""`load_image`: from any source to one upright RGB picture."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageColor

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.images.arrays import from_array, from_tensor
from zsclip.images.decode import decode, finish_given
from zsclip.images.describe import describe_source
from zsclip.images.kinds import ImageSource, is_tensor
from zsclip.images.modes import to_rgb
from zsclip.images.sources import open_source

__all__ = ["MAX_BYTES", "MAX_PIXELS", "TIMEOUT", "load_image", "to_color"]

MAX_BYTES = 64 * 1024 * 1024
"""The most bytes read from a URL, a file object or a pipe: 64 MiB."""

MAX_PIXELS = 89_478_485
"""The most pixels of a picture that is decoded; Pillow warns from the same number on."""


TIMEOUT = 10.0
"""Seconds that a URL has to give its picture."""


def load_image(
    source: ImageSource,
    *,
    background: str | Sequence[int] = "white",
    timeout: float = TIMEOUT,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    min_side: int | None = None,
) -> Image.Image:
    """Reads a picture from anywhere, upright and as 8-bit RGB.

    The EXIF orientation is applied, transparency is laid over ``background``, and deeper than
    8-bit values are scaled by the range of their type; the table in ``docs/pictures.md`` tells
    every case. An 8-bit RGB picture comes through bit for bit: an embedded color profile changes
    nothing, because CLIP was trained on pixels as they are stored. May be called from several
    threads at once.

    Args:
        source: A path, an ``http(s)`` URL, a ``data:`` URI, encoded bytes, a binary file object
            (read from its start if it can seek), a PIL image (its current frame), a NumPy array
            (HW or HWC with 1, 2, 3 or 4 channels; uint8, uint16, bool or floats in [0, 1]), or a
            torch tensor (the same, but CHW, on any device).
        background: What shows through where the picture is transparent: a color name or code that
            Pillow knows, or three integers from 0 to 255.
        timeout: Seconds, for a URL: the most for connecting, for each wait, and in all.
        max_bytes: The most bytes taken from a URL, a file object or a pipe.
        max_pixels: The most pixels, width times height, that a file may have.
        min_side: The least that the short side has to keep, in pixels, where the picture is a
            large JPEG. It is then decoded at 1/2, 1/4 or 1/8 of its size, which takes a fraction
            of the time and the memory. None keeps every picture as large as it is.

    Returns:
        A picture of mode "RGB", in memory whole and independent of its file. It is ``source``
        itself where that is a PIL image with nothing to change: copy before drawing on it.

    Raises:
        ImageError: The picture cannot be read; ``source`` and ``reason`` say which and why.
        ParameterTypeError: ``source`` is nothing that could be a picture.
        ParameterError: Another parameter has a value that it cannot have.

    Examples:
        >>> import numpy as np
        >>> picture = load_image(np.full((2, 3), 65535, np.uint16))
        >>> picture.mode, picture.size, picture.getpixel((0, 0))
        ('RGB', (3, 2), (255, 255, 255))
        >>> clear = Image.new("RGBA", (1, 1), (0, 0, 0, 0))
        >>> load_image(clear, background="#80ff00").getpixel((0, 0))
        (128, 255, 0)
    """
    color = to_color(background)
    if not (isinstance(timeout, int | float) and 0 < timeout < math.inf):
        raise ParameterError(f"`timeout` must be a positive number of seconds, got {timeout!r}.")
    _check_positive("max_bytes", max_bytes)
    _check_positive("max_pixels", max_pixels)
    if min_side is not None:
        _check_positive("min_side", min_side)

    name = describe_source(source)
    if isinstance(source, Image.Image):
        return finish_given(source, source=name, background=color)
    if isinstance(source, np.ndarray):
        return to_rgb(from_array(source, name), color, source=name)
    if is_tensor(source):
        return to_rgb(from_tensor(source, name), color, source=name)
    with open_source(source, name=name, timeout=timeout, max_bytes=max_bytes) as stream:
        return decode(
            stream, source=name, background=color, max_pixels=max_pixels, min_side=min_side
        )


def _check_positive(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ParameterError(f"`{name}` must be a positive integer, got {value!r}.")


def to_color(background: str | Sequence[int]) -> tuple[int, int, int]:
    """A color as three integers.

    Raises:
        ParameterError: Pillow knows no such color, or there are not three integers in range.
        ParameterTypeError: It is no text and no sequence.
    """
    expected = (
        "`background` must be a color name or code that Pillow knows, such as 'white' or "
        "'#ff8000', or three integers from 0 to 255"
    )
    if not isinstance(background, str | Sequence):
        raise ParameterTypeError(f"{expected}, got {background!r}.")
    try:
        if isinstance(background, str):
            values: Sequence[int] = ImageColor.getrgb(background)
            if len(values) == 4 and values[3] == 255:
                values = values[:3]
        else:
            values = [operator.index(value) for value in background]
        red, green, blue = values
    except (TypeError, ValueError):
        raise ParameterError(f"{expected}, got {background!r}.") from None
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ParameterError(f"{expected}, got {background!r}.")
    return red, green, blue
