"""`load_image`: from any source to one upright RGB picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

from zsclip.images.decode import decode_picture, finish_given
from zsclip.images.kinds import ImageSource, describe_source, is_tensor
from zsclip.images.modes import from_array, from_tensor, to_rgb
from zsclip.images.reading import Reading, as_reading
from zsclip.images.remarks import mark, telling
from zsclip.images.sources import open_source
from zsclip.values import whole_number

__all__ = ["load_image", "load_named"]


def load_image(
    source: ImageSource, *, reading: Reading = Reading(), min_side: int | None = None
) -> Image.Image:
    """Reads a picture from anywhere, upright and as 8-bit RGB.

    The EXIF orientation is applied, transparency is laid over a background, and deeper than
    8-bit values are scaled by the range of their type, or as `reading.levels` says; the table in
    ``docs/pictures.md`` tells every case. An 8-bit RGB picture comes through bit for bit: an
    embedded color profile changes nothing, because CLIP was trained on pixels as they are stored.
    May be called from several threads at once.

    What is read all the same, though something is wrong with it, is warned of by its name: an
    `ImageWarning`. Where it is about the pixels, a `DamagedImageWarning` or a `LevelsWarning`, and
    the program turns it into an error, it is an `ImageError` like any other.

    Args:
        source: A path, an ``http(s)`` URL, a ``data:`` URI, encoded bytes, a binary file object
            (read from its start if it can seek), a PIL image (its current frame), a NumPy array
            (HW or HWC with 1, 2, 3 or 4 channels; uint8, uint16, bool or floats in [0, 1]), or a
            torch tensor (the same, but CHW, on any device).
        reading: How: the background, and the limits on pixels, bytes and time.
        min_side: The least that the short side has to keep, in pixels, where the picture is a
            large JPEG, which is then decoded at 1/2, 1/4 or 1/8 of its size if `reading.reduced`
            allows it. None keeps every picture as large as it is.

    Returns:
        A picture of mode "RGB", in memory whole and independent of its file. It is ``source``
        itself where that is a PIL image with nothing to change: copy before drawing on it.

    Raises:
        ImageError: The picture cannot be read; ``source`` and ``reason`` say which and why.
        ParameterTypeError: ``source`` is nothing that could be a picture, or another parameter
            has a type that it cannot have.
        ParameterError: `min_side` is less than 1.

    Examples:
        >>> import numpy as np
        >>> picture = load_image(np.full((2, 3), 65535, np.uint16))
        >>> picture.mode, picture.size, picture.getpixel((0, 0))
        ('RGB', (3, 2), (255, 255, 255))
        >>> clear = Image.new("RGBA", (1, 1), (0, 0, 0, 0))
        >>> load_image(clear, reading=Reading(background="#80ff00")).getpixel((0, 0))
        (128, 255, 0)
    """
    reading = as_reading(reading)
    if min_side is not None:
        min_side = whole_number("min_side", min_side)
    return load_named(source, describe_source(source), reading=reading, min_side=min_side)


def load_named(
    source: ImageSource, name: str, *, reading: Reading, min_side: int | None = None
) -> Image.Image:
    """`load_image` of a picture that errors and warnings call by a name."""
    if isinstance(source, Image.Image):
        return finish_given(source, name=name, reading=reading)
    if isinstance(source, np.ndarray) or is_tensor(source):
        with telling(name) as remarks:
            if isinstance(source, np.ndarray):
                given = from_array(source, reading.scale)
            else:
                given = from_tensor(source, reading.scale)
            image = to_rgb(given, reading)
        mark(image, remarks)
        return image
    with open_source(source, name=name, reading=reading) as stream:
        return decode_picture(stream, name=name, reading=reading, min_side=min_side)
