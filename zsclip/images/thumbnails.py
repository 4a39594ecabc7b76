"""A picture made small, as the bytes of a JPEG, for pages and notebooks."""

from __future__ import annotations

import io

from PIL import Image

from zsclip.files import whole_number
from zsclip.images.kinds import ImageSource
from zsclip.images.load import load_image
from zsclip.images.reading import Reading

__all__ = ["thumbnail"]

QUALITY = 75


def thumbnail(source: ImageSource, *, side: int = 160, reading: Reading = Reading()) -> bytes:
    """A picture made so small that its longer side has `side` pixels, as a JPEG; never larger.

    Args:
        source: As for `load_image`.
        side: Pixels of the longer side, at most.
        reading: How it is read.

    Raises:
        ImageError: The picture cannot be read.
        ParameterTypeError: `source` is nothing that could be a picture, or `side` no whole number.
        ParameterError: `side` is less than 1.
    """
    side = whole_number("side", side)
    # The short side of a large JPEG decodes to at least this; a longer one only does more work.
    image = load_image(source, reading=reading, min_side=side)
    small = image.copy() if max(image.size) > side else image
    small.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    out = io.BytesIO()
    # made anew from its pixels: no profile, comment or place comes along
    Image.frombytes("RGB", small.size, small.tobytes()).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
